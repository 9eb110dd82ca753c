/// Reading less: a page selector as a policy's text names it.

import MartletCache
import MartletKernels

/// Every token stays, and a selector chooses what a generated token reads.
struct PageReading: CacheMethod {
    let selector: any DecodePageSelector

    var decision: PolicyDecision { .reading }

    var demands: MethodDemands {
        var demands = MethodDemands()
        demands.choosesReads = true
        demands.reusesChoices = selector.reusesChoices
        return demands
    }

    func describe(_ traits: inout CacheTraits) {
        traits.tracksSlots = true
        traits.actsAfterPrompt = true
        traits.stepsSingly = true
        traits.prefixSharing = min(traits.prefixSharing, .prompts)
        if selector.remembers { traits.undo = .never }
        traits.describesPages = selector.readsBounds
        traits.readsSentences = selector.readsSentences
    }

    func fit(
        _ traits: inout CacheTraits, to shape: KVShape, policy: PolicyNames
    ) throws(CacheError) { try selector.fit(shape, policy: policy) }

    func conflict(
        with demands: MethodDemands, named other: String, own: String
    ) -> String? {
        demands.sealsPages
            ? "a choice of pages reads bounds of keys that sealing would change" : nil
    }

    var maker: StageMaker? {
        StageMaker(
            memory: { ReadingMemory(remembers: selector.remembers) },
            stage: { context, index throws(KernelError) in
                try ReadingStage(selector, context, index: index)
            })
    }
}
