/// How a sweep over compressions sets a policy up.

/// One policy of a frontier for which the user names no policies.
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
    /// The policy, with `{budget}`, `{half}` of it and `{rest}` (the budget less four) where numbers go.
    package let template: String

    init(_ place: Int, _ share: Share, _ template: String) {
        self.place = place
        self.share = share
        self.template = template
    }
}
