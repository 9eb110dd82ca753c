/// What a term of a policy's text stands for: one method, which makes one decision about the cache.

import MartletCache
import MartletKernels

/// What a method decides. A policy has at most one method for each.
enum PolicyDecision: Int, Sendable, CaseIterable, Comparable, CustomStringConvertible {
    /// Which tokens stay.
    case keeping
    /// Which channels of their keys stay.
    case pruning
    /// Which tokens a generated one reads.
    case reading
    /// How keys and values are stored.
    case storing

    /// The decision in words.
    var description: String {
        switch self {
        case .keeping: "which tokens stay"
        case .pruning: "which channels of keys stay"
        case .reading: "what a generated token reads"
        case .storing: "how keys and values are stored"
        }
    }

    /// In the order in which stages run.
    static func < (a: PolicyDecision, b: PolicyDecision) -> Bool { a.rawValue < b.rawValue }
}

/// What a method needs of those beside it.
struct MethodDemands: Sendable, Hashable {
    /// A choice of slots or pages is used again by later tokens, so that nothing may move between.
    var reusesChoices = false
    /// It chooses among what stays at every generated token.
    var choosesReads = false
    /// Full pages are written anew in fewer bits, so that nothing may be written to them afterwards.
    var sealsPages = false

    /// Needs nothing.
    init() {}
}

/// What messages call a policy.
struct PolicyNames: Sendable, Hashable {
    /// The name of the term that decides what stays.
    var name: String
    /// The whole text.
    var text: String
}

/// One method with its parameters.
protocol CacheMethod: Sendable {
    /// What it decides.
    var decision: PolicyDecision { get }
    /// Whether it does nothing: a plain cache is what others see beside them.
    var isPlain: Bool { get }
    /// How keys and values are stored; nil where it does not say.
    var codec: CacheCodec? { get }
    /// What it needs of methods beside it.
    var demands: MethodDemands { get }
    /// Adds what a cache must do for it.
    func describe(_ traits: inout CacheTraits)
    /// Adds what depends on a model's shape. Throws `badPolicyParameter` for what does not fit it.
    func fit(_ traits: inout CacheTraits, to shape: KVShape, policy: PolicyNames) throws(CacheError)
    /// Why it cannot stand beside a method with these demands, whose name is `other`; nil where it can.
    func conflict(with demands: MethodDemands, named other: String, own: String) -> String?
    /// The method as it is beside these others, and what its term then says beyond what was given: where a
    /// default depends on them.
    func beside(_ others: [any CacheMethod]) -> (method: any CacheMethod, says: [PolicyArgument])
    /// Makes its stage; nil where the cache's traits are all it needs.
    var maker: StageMaker? { get }
}

extension CacheMethod {
    var isPlain: Bool { false }
    var codec: CacheCodec? { nil }
    var demands: MethodDemands { MethodDemands() }
    func fit(
        _ traits: inout CacheTraits, to shape: KVShape, policy: PolicyNames
    ) throws(CacheError) {}
    func conflict(
        with demands: MethodDemands, named other: String, own: String
    ) -> String? { nil }
    func beside(
        _ others: [any CacheMethod]
    ) -> (method: any CacheMethod, says: [PolicyArgument]) { (self, []) }
}
