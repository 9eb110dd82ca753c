/// What `martlet_adapter.json` says of an adapter that a retrofit made: for which weights, by which method, how it was
/// trained and what came of it. It knows no tensors.

package import MartletJSON

/// The card of a retrofit's adapter. Its low-rank parts, where it has any, are described as PEFT describes them.
package struct AdapterCard: Sendable {
    package static let name = "martlet_adapter.json"
    private static let format = "martlet-adapter"
    /// Version 1 said the method a second time, and knew the base by the digest of its files.
    private static let version = 2

    /// All of it.
    package let file: ConfigurationFile
    /// The digest of the weights that it was trained for: ``TensorSource/weightsDigest()``, or that of files.
    package let baseDigest: String
    /// The name of that model.
    package let baseName: String
    /// The heads that mark tokens, as a model's `martlet_eviction` describes them.
    package let eviction: ConfigurationFile
    /// Tokens for each slot of the cache that were asked for, and that were measured on held-out data.
    package let ratio: (asked: Double, measured: Double)
    let lowRank: AdapterConfiguration?

    /// Whether channels of queries and keys mark tokens, so that it has no tensors of heads.
    var borrowsChannels: Bool { eviction.value("source")?.stringValue == "channel" }
    /// The rank of its low-rank parts; nil where it has none.
    package var rank: Int? { lowRank?.usualRank }
    /// What a mark means, as the heads' description says.
    package var method: String { eviction.value("method")?.stringValue ?? "" }

    /// Whether a directory holds one.
    package static func isIn(_ directory: String) -> Bool {
        FileSystem.kind(of: FileSystem.join(directory, name)) == .file
    }

    /// Reads the card in a directory.
    ///
    /// - Throws: ``FormatError`` naming the key, what it is and what was expected.
    package init(directory: String) throws(FormatError) {
        file = try ConfigurationFile(path: FileSystem.join(directory, Self.name))
        let (format, version) = (try file.string("format"), try file.int("version"))
        guard format == Self.format, (1...Self.version).contains(version) else {
            throw .unsupportedFormat(
                path: file.path, got: "format \(quoted(format)), version \(version)",
                advice: "use a version of Martlet that knows it, or make the adapter again")
        }
        let keys = ["format", "version", "base", "eviction", "compression", "lowRank", "training"]
        try Self.check(file, keys + (version == 1 ? ["method"] : []))
        let base = try file.object("base")
        try Self.check(base, ["name", "digest"])
        baseDigest = try base.string("digest")
        baseName = try base.string("name", default: "")
        eviction = try file.object("eviction")
        let method = try eviction.string("method")
        guard try file.string("method", default: method) == method else {
            throw file.wrongValue("method", expected: "\(quoted(method)), as eviction.method says")
        }
        let range = 1.0...1e9
        let compression = try file.object("compression")
        try Self.check(compression, ["asked", "measured"])
        ratio = (
            try compression.double("asked", in: range),
            try compression.double("measured", in: range)
        )
        lowRank = try file.optionalObject("lowRank").map(AdapterConfiguration.init)
    }

    /// Refuses a key that says something which nothing here would heed.
    private static func check(_ file: ConfigurationFile, _ keys: [String]) throws(FormatError) {
        for member in file.root.members where !keys.contains(member.key) {
            throw .wrongValue(
                file: file.path, key: file.name(of: member.key), got: member.value.summary,
                expected: "no such key; use a version of Martlet that knows it, or remove it")
        }
    }

    /// The content of a card.
    ///
    /// - Parameters:
    ///   - base: the name and ``TensorSource/weightsDigest()`` of the model.
    ///   - eviction: the heads, as a model's `martlet_eviction` describes them.
    ///   - ratio: tokens for each slot of the cache, asked for and measured.
    ///   - rank: of the low-rank parts, whose products are added as they are; 0 without.
    ///   - modules: the names of the modules that have such parts.
    ///   - training: facts for whoever reads it.
    package static func json(
        base: (name: String, digest: String), eviction: JSONObject,
        ratio: (asked: Double, measured: Double), rank: Int, modules: [String],
        training: JSONObject
    ) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("format", .string(format)), ("version", .integer(version)),
            ("base", ["name": .string(base.name), "digest": .string(base.digest)]),
            ("eviction", .object(eviction)),
            (
                "compression",
                ["asked": .number(ratio.asked), "measured": .number(max(1, ratio.measured))]
            ),
        ]
        if rank > 0 {
            members.append(
                (
                    "lowRank",
                    [
                        "peft_type": "LORA", "r": .integer(rank), "lora_alpha": .integer(rank),
                        "target_modules": .array(modules.map { .string($0) }),
                    ]
                ))
        }
        members.append(("training", .object(training)))
        return .object(JSONObject(members.map { .init(key: $0.0, value: $0.1) }))
    }

    /// Refuses a model that the adapter was not trained for: its heads would mark other tokens than they learned to.
    func check(_ base: any TensorSource, _ known: WeightsDigest) throws(FormatError) {
        let digest = try known.value(comparableTo: baseDigest)
        guard digest == baseDigest else {
            throw .wrongValue(
                file: file.path, key: "base.digest", got: baseDigest,
                expected:
                    "\(digest), that of the weights in \(base.path): the adapter was trained for "
                    + (baseName.isEmpty ? "another model" : "other weights (\(baseName))")
                    + (file.value("version")?.intValue == 1
                        ? ", which its card knows by their files; divided into other files they are others to it"
                        : "")
                    + (base.path.hasSuffix(".gguf") && !baseName.hasSuffix(".gguf")
                        ? ", which a GGUF file stores as other numbers; give the directory in the Hugging Face layout"
                        : ""))
        }
    }
}
