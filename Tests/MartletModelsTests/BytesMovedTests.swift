// Bytes moved beside what kernels are really given, and beside counts by hand.

import CMartletKernels
import MartletCache
import MartletKernels
import Testing

@testable import MartletModels
@testable import MartletPolicies

/// The last stage of a plan, which sees every table that attention reads: one thread runs it.
private final class Witness: CacheStage, @unchecked Sendable {
    /// Bytes of the pages that attention was given in the step at hand.
    var given = 0
    /// What the stages before said of it.
    var counted = StepReads()

    /// Makes it a part of a plan.
    var maker: StageMaker {
        StageMaker(
            memory: { NoMemory() }, stage: { _, _ throws(KernelError) in self })
    }

    var changesReads: Bool { true }

    func begin(_ slices: [AttentionSlice], tokens: UnsafePointer<Int32>?, cache: KVCache) {
        given = 0
    }

    func withReads(
        of unit: StageUnit, _ reads: UnitReads, cache: KVCache, _ body: (UnitReads) -> Void
    ) {
        let (newest, visibility) = (unit.slot, cache.visibility(layer: unit.layer))
        for entry in 0...newest / 16 {
            let isSeen = (entry * 16...min(newest, entry * 16 + 15)).contains { slot in
                guard let window = visibility.window else { return true }
                return slot < visibility.sinks || slot > newest - window
            }
            if isSeen { given += cache.sealedBytes(of: reads.table[entry]) }
        }
        body(reads)
    }

    func count(_ reads: inout StepReads, slice: Int, cache: KVCache) { counted = reads }
}

/// A sequence under a policy whose decode steps are watched.
private struct Watched {
    let run: PolicyRun
    let witness = Witness()
    let id: SequenceID

    /// Computes a prompt of 150 tokens, in pieces where the policy wants that.
    init(_ policy: String, threads: Int = 1, chunk: Int = 150) throws {
        let codec = try CachePolicy(policy).methods.lazy.compactMap(\.codec).first ?? .f16
        run = try PolicyRun(policy, codec: codec, threads: threads, last: witness.maker)
        id = run.cache.makeSequence()
        let prompt = randomTokens(150, seed: 31)
        var start = 0
        while start < prompt.count {
            var end = min(prompt.count, start + chunk)
            if let piece = run.cache.promptPiece { end = min(end, start + piece - start % piece) }
            _ = try run.step([
                SequenceSlice(
                    sequence: id, tokens: Array(prompt[start..<end]), logits: .last,
                    completesPrompt: end == prompt.count)
            ])
            start = end
        }
    }

    /// What one more token reads and moves.
    func step() throws -> (tokens: Double, moved: Int) {
        let before = run.cache.reads(of: id)
        _ = try run.step([SequenceSlice(sequence: id, tokens: [7], logits: .last, isDecode: true)])
        let after = run.cache.reads(of: id)
        return (after.kvReads - before.kvReads, after.bytesMoved - before.bytesMoved)
    }

    /// Tokens that each head holds, in the order of their slots.
    var held: [[Int]] {
        (0..<6).map { run.cache.heldPositions(id, layer: $0 / 2, head: $0 % 2) }
    }
}

@Suite struct BytesMovedTests {
    private static let examples = PolicyExample.all.map { $0.text("budget=70") }

    /// What attention reads is counted as the pages that kernels are given, at their own size, and all that is
    /// moved is never less, nor less than the tokens attended to.
    @Test(arguments: examples) func attentionIsWhatKernelsAreGiven(policy: String) throws {
        let watched = try Watched(policy)
        let cache = watched.run.cache
        #expect(cache.reads(of: watched.id).bytesMoved == 0)
        let sealed = cache.traits.sealKinds.map {
            mk_sealed_bytes($0, 16) / Int(mk_sealed_pages($0))
        }
        let pageBytes = sealed.min() ?? cache.shape.pageBytes
        for step in 0..<40 {
            let (tokens, moved) = try watched.step()
            #expect(watched.witness.counted.attentionBytes == watched.witness.given, "step \(step)")
            #expect(moved >= watched.witness.counted.bytes)
            #expect(Double(moved) >= tokens * 6 * Double(pageBytes) / 16, "step \(step)")
        }
        #expect(
            cache.statistics.reads.bytesMoved == cache.reads(of: watched.id).bytesMoved)
    }

    /// Neither threads nor how the prompt was cut change a byte.
    @Test(arguments: examples) func nothingElseChangesTheCount(policy: String) throws {
        let (one, other) = (
            try Watched(policy), try Watched(policy, threads: 2, chunk: 37)
        )
        for _ in 0..<24 { #expect(try one.step().moved == other.step().moved) }
    }

    @Test func denseAndWindow() throws {
        let dense = try Watched("dense")
        for count in 151..<171 {
            #expect(try dense.step().moved == 6 * 1024 * ((count + 15) / 16))
        }
        let window = try Watched("window(sinks=4, recent=30)")
        for newest in 150..<170 {
            // Positions that are seen, and the page of sinks once more, whose keys are half of it.
            let pages = Set((0...newest).filter { $0 < 4 || $0 > newest - 30 }.map { $0 / 16 })
            #expect(try window.step().moved == 6 * (1024 * pages.count + 512))
        }
        // Up to its own length a window reads nothing twice.
        #expect(try Watched("window(sinks=4, recent=300)").step().moved == 6 * 1024 * 10)
    }

    @Test func questReadsPagesAndTheBoundsOfAll() throws {
        let quest = try Watched("quest(budget=48, dense=0)")
        for count in 151..<181 {
            let all = (count + 15) / 16
            // Three pages, what describes all, and the newest described anew.
            #expect(try quest.step().moved == 6 * (3 * 1024 + all * 64 + 512 + 64))
        }
        let dense = try Watched("quest(budget=48, dense=3)")
        #expect(try dense.step().moved == 6 * (10 * 1024 + 512 + 64))
    }

    /// Sixteen-bit pages behind the newest are sealed: read once as they are, and written small.
    @Test(arguments: ["kv(kivi, residual=32)", "kv(q8, by=channel, residual=16)"])
    func sealedPagesCountAtTheirSize(policy: String) throws {
        let watched = try Watched(policy)
        let cache = watched.run.cache
        let small = mk_sealed_bytes(cache.traits.sealKinds[0], 16)
        let residual = policy.contains("32") ? 32 : 16
        var sealed = (150 - residual) / 16
        for count in 151..<190 {
            var expected = sealed * small + ((count + 15) / 16 - sealed) * 1024
            let due = (count - residual) / 16
            expected += (due - sealed) * (1024 + small)
            sealed = due
            #expect(try watched.step().moved == 6 * expected, "\(count) tokens")
        }
    }

    /// A chooser of slots weighs every key now and then, and reads whole pages of the chosen in between.
    @Test func slotsCostTheirPages() throws {
        let watched = try Watched("recycled(budget=64, refresh=5, check=2, similarity=-1)")
        for step in 0..<20 {
            let moved = try watched.step().moved
            let pages = (151 + step + 15) / 16
            if step % 5 == 0 {
                #expect(moved == 6 * (pages * 1024 + pages * 512), "step \(step)")
            } else {
                // What was chosen with its weights, and the query of the last full pass where it is compared.
                let remembered = 64 * 8 + (step % 2 == 0 ? 16 * 4 : 0)
                #expect(moved == watched.witness.given + 6 * remembered, "step \(step)")
                #expect(watched.witness.given % 1024 == 0)
                #expect(watched.witness.given <= 6 * pages * 1024)
            }
        }
    }

    /// H2O weighs every token again, goes through what it remembers, and moves a token into each gap.
    @Test func evictionCostsASecondPassAndAMove() throws {
        let watched = try Watched("h2o(budget=70, recent=8)")
        for _ in 0..<12 {
            let before = watched.held
            let moved = try watched.step().moved
            let after = watched.held
            var expected = 0
            for (old, new) in zip(before, after) {
                // 71 tokens in five pages: attention, the weights' keys, and a number of each token, twice: to add to
                // it and to find the lowest, which looks at positions too.
                expected += 5 * 1024 + 5 * 512 + 71 * 4 + 71 * 4 + 5 * 64
                let gap = try #require(old.firstIndex { !new.contains($0) })
                // The newest goes into the gap: keys of its page and of the gap's, and its value, there and here.
                expected += (gap / 16 == 70 / 16 ? 512 : 1024) + 2 * 32
            }
            #expect(moved == expected)
        }
    }

    /// What chooses again among all that it holds reads it all once more, more than once where pairs are compared.
    @Test func choosingAgainIsCounted() throws {
        let watched = try Watched("rkv(budget=70, window=4, buffer=8)")
        for step in 1...16 {
            let (_, moved) = try watched.step()
            let own = watched.witness.counted.bytes
            if step % 8 == 0 {
                #expect(moved > 3 * own, "step \(step)")
            } else {
                #expect(moved == own, "step \(step)")
            }
        }
    }
}
