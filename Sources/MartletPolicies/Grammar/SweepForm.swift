/// How a sweep over compressions sets a policy up.

/// One way in which a frontier sets a policy up where the user names no policies.
package struct SweepForm: Sendable, Hashable {
    /// What a compression is a share of.
    package enum Share: Sendable, Hashable {
        /// Nothing is compressed.
        case none
        /// Prompt and completion together, held while generating.
        case all
        /// The prompt alone, chosen when it is complete.
        case prompt
        /// A model of its own for each compression.
        case model
    }

    /// Its place in the list.
    package let place: Int
    /// What a compression is a share of.
    package let share: Share
    /// The policy, with a placeholder where a number goes: `{budget}`, `{half}` of it, `{rest}` (the budget less four),
    /// `{cut}` (the part that goes, 1 − 1/compression).
    package let template: String
    /// What tells it from the policy's other forms, `quest-32`; nil for the name of the policy.
    package let name: String?

    init(_ place: Int, _ share: Share, _ template: String, name: String? = nil) {
        self.place = place
        self.share = share
        self.template = template
        self.name = name
    }
}
