/// What a stage remembers of one sequence.

/// Which pages of a table a stage may write to again after a step, beside those that the step's tokens
/// are written to. The cache keeps as many pages free as copying the shared ones among them takes.
package enum PageRewrites: Sendable, Hashable {
    /// No page.
    case none
    /// Any one page of the table.
    case one
    /// All pages from this entry on.
    case all(from: Int)
    /// As many pages of the table as are given, from this entry on.
    case some(from: Int, count: Int)
}

/// The memory of one stage, of one sequence. The cache owns it: a fork copies it, a cut takes back what it
/// holds of tokens that are forgotten.
package protocol StageMemory: AnyObject {
    /// The same for a fork.
    func copy() -> any StageMemory
    /// Bytes that it takes beside the pages.
    var byteCount: Int { get }
    /// Whether a sequence of `current` tokens, of which `promptCount` are a complete prompt (nil: it is not
    /// complete), can be cut to `count` so that all that follows has the bits that it would have if the
    /// sequence had never been longer. Speculation needs this of generated tokens.
    func canCut(to count: Int, from current: Int, promptCount: Int?) -> Bool
    /// Forgets the tokens from `count` on, where ``canCut(to:from:promptCount:)`` says yes.
    func cut(to count: Int, from current: Int)
    /// What the stage may write to again after a step on a complete prompt.
    func rewrites(table: Int) -> PageRewrites
}

extension StageMemory {
    package func cut(to count: Int, from current: Int) {}
    package func rewrites(table: Int) -> PageRewrites { .none }
}

/// The memory of a stage that has none.
package final class NoMemory: StageMemory {
    /// Remembers nothing.
    package init() {}
    package func copy() -> any StageMemory { self }
    package var byteCount: Int { 0 }
    package func canCut(to count: Int, from current: Int, promptCount: Int?) -> Bool { true }
}
