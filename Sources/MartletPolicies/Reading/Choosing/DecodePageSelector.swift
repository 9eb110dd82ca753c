/// The extension point of policies that keep every token and read some.

import MartletCache

/// Chooses, for a generated token and one (layer, KV head), what its attention reads.
///
/// A published method is one file in `Reading` that conforms to this and ends with its entry for
/// ``CachePolicyRegistry``. It runs on several threads at once, a head on each, and must depend on
/// nothing but the view and its own memory.
protocol DecodePageSelector: Sendable {
    /// Whether every page carries the bounds of its keys, from which pages are scored.
    var readsBounds: Bool { get }
    /// First layers that read everything.
    var denseLayers: Int { get }
    /// Whether it wants to know where sentences end.
    var readsSentences: Bool { get }
    /// Whether a choice names slots or pages that a later token uses again: then nothing may move
    /// between.
    var reusesChoices: Bool { get }
    /// Whether a choice depends on tokens generated before, as far as they are not in the cache: then
    /// generated tokens cannot be taken back one by one.
    var remembers: Bool { get }
    /// Throws `badPolicyParameter` where its parameters do not fit a model's shape.
    func fit(_ shape: KVShape, policy: PolicyNames) throws(CacheError)
    /// What the head reads now.
    func choose(_ view: SelectionView, _ memory: inout ReadingMemory.Head) -> PageChoice
    /// Runs when all heads of a layer have chosen; returns a number for the next step, ``ReadingMemory/layers``.
    func finishLayer(_ layer: Int, heads: ArraySlice<ReadingMemory.Head>) -> Double?
}

extension DecodePageSelector {
    var readsBounds: Bool { true }
    var denseLayers: Int { 0 }
    var reusesChoices: Bool { false }
    var readsSentences: Bool { false }
    var remembers: Bool { true }
    func fit(_ shape: KVShape, policy: PolicyNames) throws(CacheError) {}
    func finishLayer(_ layer: Int, heads: ArraySlice<ReadingMemory.Head>) -> Double? { nil }
}

/// What one head reads.
enum PageChoice {
    /// Everything.
    case all
    /// Logical pages, ascending; the newest is added.
    case pages([Int32])
    /// Slots, ascending; the newest is added. Their pages are read whole.
    case slots([Int32])
}
