/// A parameter of a policy: its name, what it accepts, its default.

/// A parameter of a policy.
package struct CachePolicyParameter: Sendable {
    /// What a parameter accepts.
    package enum Domain: Sendable, Hashable, CustomStringConvertible {
        /// An integer in a range.
        case integer(ClosedRange<Int>)
        /// A number in a range.
        case decimal(ClosedRange<Double>)
        /// `true` or `false`.
        case boolean
        /// A number of bytes.
        case bytes
        /// One of some words.
        case choice([String])
        /// A file's path, in quotation marks.
        case path

        /// What to tell a user who gave something else.
        package var description: String {
            switch self {
            case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
            case .decimal(let range):
                "a number from \(range.lowerBound) to \(range.upperBound)"
            case .boolean: "true or false"
            case .bytes: "bytes with a unit, as in 64MB"
            case .path: "a file's path in quotation marks"
            case .choice(let words): "one of \(words.joined(separator: ", "))"
            }
        }

        /// The value as this domain keeps it; nil when it does not belong here.
        func accept(_ value: PolicyValue) -> PolicyValue? {
            switch (self, value) {
            case (.integer(let range), .integer(let integer)):
                range.contains(integer) ? value : nil
            case (.decimal(let range), .integer(let integer)):
                range.contains(Double(integer)) ? .decimal(Double(integer)) : nil
            case (.decimal(let range), .decimal(let number)): range.contains(number) ? value : nil
            case (.boolean, .boolean): value
            case (.bytes, .bytes(let count)): count > 0 ? value : nil
            case (.path, .text): value
            case (.choice(let words), .name(let word)): words.contains(word) ? value : nil
            default: nil
            }
        }
    }

    /// The name in a policy's text.
    package let name: String
    /// What it accepts.
    package let domain: Domain
    /// The value when it is not given; nil when there is none.
    package let defaultValue: PolicyValue?
    /// What it means, in a clause.
    package let summary: String
    /// Whether it must be given, having no default.
    package let isRequired: Bool
    /// How the default gives way where little stays; nil where it does not.
    package let share: BudgetShare?

    init(
        name: String, domain: Domain, defaultValue: PolicyValue?, summary: String,
        isRequired: Bool = true, share: BudgetShare? = nil
    ) {
        self.name = name
        self.domain = domain
        self.defaultValue = defaultValue
        self.summary = summary
        self.isRequired = isRequired
        self.share = share
    }
}
