// Thousands of random operations over every policy, the cache's integrity proved after each.

import Foundation
import MartletCache
import MartletPolicies
import MartletKernels
import Testing

@testable import MartletModels

@Suite struct PolicyRandomTests {
    /// Every example, in turn with budgets in tokens, as a ratio and in bytes, and some policies together.
    static let policies =
        PolicyExample.all.enumerated().map { index, example in
            let budgets = ["budget=48, recent=4", "ratio=0.6, recent=4", "bytes=60KB, recent=4"]
            let turned = budgets[(index % 3)...] + budgets[..<(index % 3)]
            let plain = ["budget=48", "ratio=0.6"]
            return example.text((turned + plain).first(where: example.accepts) ?? "")
        } + [
            "snapkv(budget=60, window=8) + quest(budget=32, dense=0) + kv(q4)",
            "dms(cr=8, window=4) + quest(budget=32) + kv(q8)",
            "chelsea(ratio=0.5) + stride(budget=32)", "chelsea(ratio=0.5) + kv(zipcache, every=16)",
            "snapkv(ratio=0.4, window=4) + kv(q4, by=channel, residual=0)",
            "h2o(bytes=50KB, recent=4)", "adakv(snapkv(ratio=0.6, window=8), alpha=0.1)",
        ]

    /// A sequence and what it still has to do.
    private struct Live {
        var id: SequenceID
        var prompt: [Int32]
        var done = 0
    }

    /// Prompts in random chunks, generated tokens, forks, cancels and refusals; in the end every page is
    /// free again.
    @Test(arguments: policies) func integrityHolds(policy: String) throws {
        let run = try PolicyRun(policy, budgetBytes: 700_000)
        run.cache.sentenceTokens = Set(0..<16)
        var random = CounterRandom(seed: 97, stream: UInt64(policy.count))
        var live: [Live] = []
        var forks = 0
        func below(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
        for operation in 0..<150 {
            switch below(10) {
            case 0...1 where live.count < 4:
                live.append(
                    Live(
                        id: run.cache.makeSequence(),
                        prompt: randomTokens(1 + below(140), seed: UInt64(operation))))
            case 2 where !live.isEmpty:
                run.cache.release(live.remove(at: below(live.count)).id)
            case 3 where !live.isEmpty && live.count < 5:
                let source = live[below(live.count)]
                // Prompts fork when they are complete, as the engine does it.
                guard source.done >= source.prompt.count else { continue }
                var copy = source
                copy.id = run.cache.fork(source.id)
                live.append(copy)
                forks += 1
            default:
                guard !live.isEmpty else { continue }
                var slices: [SequenceSlice] = []
                for index in live.indices where below(3) > 0 {
                    let sequence = live[index]
                    let isPrompt = sequence.done < sequence.prompt.count
                    var end = sequence.done + 1
                    if isPrompt {
                        end = min(sequence.prompt.count, sequence.done + 1 + below(60))
                        if let piece = run.cache.promptPiece {
                            end = min(end, sequence.done + piece - sequence.done % piece)
                        }
                    }
                    slices.append(
                        SequenceSlice(
                            sequence: sequence.id,
                            tokens: isPrompt
                                ? Array(sequence.prompt[sequence.done..<end])
                                : [Int32(below(131))], logits: .last, isDecode: !isPrompt,
                            completesPrompt: isPrompt && end == sequence.prompt.count))
                }
                guard !slices.isEmpty else { continue }
                do {
                    let rows = try run.step(slices)
                    #expect(rows.allSatisfy { Float(bitPattern: $0).isFinite })
                } catch is CacheError {
                    // Out of pages: some sequences must go, and nothing may be broken.
                    try run.cache.checkIntegrity()
                    for sequence in live { run.cache.release(sequence.id) }
                    live.removeAll()
                    continue
                }
                for slice in slices {
                    let index = live.firstIndex { $0.id == slice.sequence } ?? 0
                    live[index].done += slice.tokens.count
                }
            }
            try run.cache.checkIntegrity()
        }
        for sequence in live { run.cache.release(sequence.id) }
        try run.cache.checkIntegrity()
        #expect(run.cache.freePages == run.cache.pageCapacity)
        #expect(forks > 0)
    }
}
