/// Eviction that the model decides itself, as a policy's text names it.

import MartletCache
import MartletKernels

/// Tokens that the model marks are taken out: DMS some time later, DMC by merging them into the next.
struct LearnedEviction: CacheMethod {
    /// How a mark is carried out.
    enum Rule: Sendable, Hashable {
        /// A marked token is seen `window` tokens longer, then freed; nil for what the model was trained with.
        case evicting(window: Int?)
        /// A token joins the running mean of those before it, of at most `members` tokens; nil as trained.
        case merging(members: Int?)
    }

    /// Where marks come from.
    enum Decisions: Sendable, Hashable {
        /// The model's own heads.
        case model
        /// Chance: this fraction of all tokens is marked. For measuring what a ratio costs and saves.
        case chance(rate: Double, seed: UInt64)
        /// Nowhere: the dense model.
        case never
    }

    /// How a mark is carried out.
    let rule: Rule
    /// Where marks come from.
    let decisions: Decisions

    /// Prompt tokens between two evictions. Inside a piece marked tokens are masked and still held, so that
    /// the chunks in which a prompt is computed change nothing.
    static let promptPiece = 256

    var decision: PolicyDecision { .keeping }

    func describe(_ traits: inout CacheTraits) {
        traits.tracksSlots = true
        traits.stepsSingly = true
        traits.promptPiece = Self.promptPiece
        traits.prefixSharing = .never
        traits.freesPromptPieces = decisions != .never
        if decisions != .never { traits.undo = .never }
        switch decisions {
        case .never: traits.compression = 1
        case .chance(let rate, _): traits.compression = 1 / max(1e-3, 1 - rate)
        case .model:
            traits.compression = nil
            switch rule {
            case .evicting: traits.marks = .evicting
            case .merging: traits.marks = .merging
            }
        }
    }

    func conflict(with demands: MethodDemands, named other: String, own: String) -> String? {
        if demands.sealsPages {
            return
                "single tokens are replaced while they are generated, in pages that would be sealed"
        }
        switch rule {
        case .merging:
            return demands.choosesReads
                ? "\(own) replaces the newest token while \(other) chooses" : nil
        case .evicting:
            return demands.reusesChoices
                ? "\(own) moves tokens at every step and \(other) names them again later" : nil
        }
    }

    var maker: StageMaker? {
        let isNever = decisions == .never
        return StageMaker(
            memory: { LearnedMemory(isNever: isNever) },
            stage: { context, index throws(KernelError) in
                LearnedStage(self, context, index: index)
            })
    }
}

extension [CachePolicyParameter] {
    /// What a policy that a model was trained for takes.
    static func learned(_ window: ClosedRange<Int>, _ summary: String) -> Self {
        [
            CachePolicyParameter(
                name: "window", domain: .integer(window), defaultValue: nil, summary: summary,
                isRequired: false),
            CachePolicyParameter(
                name: "cr", domain: .decimal(1...1000), defaultValue: nil,
                summary:
                    "let chance decide, so that one token in this many stays: to measure speed",
                isRequired: false),
            CachePolicyParameter(
                name: "seed", domain: .integer(0...Int(Int32.max)), defaultValue: .integer(0),
                summary: "of that chance"),
            CachePolicyParameter(
                name: "evict", domain: .boolean, defaultValue: .boolean(true),
                summary: "carry decisions out; without it the result is the dense model's"),
        ]
    }
}

extension CachePolicyValues {
    /// Where marks come from, as the parameters say.
    var decisions: LearnedEviction.Decisions {
        guard boolean("evict") else { return .never }
        guard case .decimal(let ratio)? = values["cr"] else { return .model }
        return .chance(rate: 1 - 1 / ratio, seed: UInt64(integer("seed")))
    }

    /// The window, if it is given.
    var learnedWindow: Int? {
        guard case .integer(let tokens)? = values["window"] else { return nil }
        return tokens
    }
}
