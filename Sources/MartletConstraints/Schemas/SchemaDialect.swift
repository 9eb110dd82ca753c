/// Dialects of JSON Schema, and where they differ.

/// A dialect whose keywords, as far as they are supported, mean what those of 2020-12 mean, but for what is said here.
struct SchemaDialect: Sendable {
    /// The keyword that gives a schema a name, which references in it are relative to.
    let identifier: String
    /// Whether what stands beside a reference means nothing.
    let referencesStandAlone: Bool

    /// What is meant where nothing is said.
    static let latest = SchemaDialect(identifier: "$id", referencesStandAlone: false)

    private static let named: [(part: String, dialect: SchemaDialect)] = [
        ("2020-12", latest), ("2019-09", latest),
        ("draft-07", SchemaDialect(identifier: "$id", referencesStandAlone: true)),
        ("draft-06", SchemaDialect(identifier: "$id", referencesStandAlone: true)),
        ("draft-04", SchemaDialect(identifier: "id", referencesStandAlone: true)),
    ]

    private init(identifier: String, referencesStandAlone: Bool) {
        self.identifier = identifier
        self.referencesStandAlone = referencesStandAlone
    }

    /// The dialect that `$schema` names; nil for one that is not known.
    init?(named name: String) {
        guard name.contains("json-schema.org/"),
            let found = Self.named.first(where: { name.contains($0.part) })
        else { return nil }
        self = found.dialect
    }
}
