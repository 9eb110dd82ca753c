// Taking generated tokens back: exact where it is allowed, refused where it is not, and as the policy says.

import MartletCache
import MartletKernels
import Testing

@testable import MartletModels
@testable import MartletPolicies

@Suite struct UndoTests {
    private static let prompt = randomTokens(90, seed: 41)
    private static let first = randomTokens(24, seed: 42)
    private static let second = randomTokens(6, seed: 43)

    /// Rows of logits of a sequence that goes on with these tokens, one by one.
    private func decode(
        _ run: PolicyRun, _ id: SequenceID, _ tokens: ArraySlice<Int32>
    ) throws -> [[UInt32]] {
        try tokens.map {
            try run.step([
                SequenceSlice(sequence: id, tokens: [$0], logits: .last, isDecode: true)
            ])
        }
    }

    private func start(_ run: PolicyRun) throws -> SequenceID {
        let id = run.cache.makeSequence()
        var done = 0
        while done < Self.prompt.count {
            var end = Self.prompt.count
            if let piece = run.cache.promptPiece { end = min(end, done + piece - done % piece) }
            _ = try run.step([
                SequenceSlice(
                    sequence: id, tokens: Array(Self.prompt[done..<end]), logits: .last,
                    completesPrompt: end == Self.prompt.count)
            ])
            done = end
        }
        return id
    }

    /// A sequence that was cut goes on bit for bit as one that never had the tokens. Where the cache says that it
    /// cannot be cut, cutting is refused and changes nothing. What the policy's traits promise holds.
    @Test(arguments: PolicyExample.all)
    func whatIsTakenBackLeavesNoTrace(_ example: PolicyExample) throws {
        let arguments = ["budget=40, recent=4", "budget=48", ""].first(where: example.accepts)
        let text = example.text(try #require(arguments))
        let rule = try CachePolicy(text).traits.undo
        for back in [1, 3, 9, 24] {
            let run = try PolicyRun(text)
            run.cache.sentenceTokens = Set(0..<20)
            let id = try start(run)
            _ = try decode(run, id, Self.first[...])
            let kept = Self.first.count - back
            let count = Self.prompt.count + kept
            let isAllowed = run.cache.canCut(id, to: count)
            #expect(rule != .always || isAllowed, "\(text), \(back) back")
            // All together may be taken back where single ones may not.
            #expect(rule != .never || !isAllowed || back == 24, "\(text), \(back) back")
            let held = run.cache.liveTokens(of: id)
            do {
                try run.cache.truncate(id, to: count)
                #expect(isAllowed)
            } catch {
                #expect(!isAllowed || rule == .sometimes, "\(text), \(back) back: \(error)")
                #expect(run.cache.liveTokens(of: id) == held)
                continue
            }
            try run.cache.checkIntegrity()
            let after = try decode(run, id, Self.second[...])
            try run.cache.checkIntegrity()
            let other = try start(run)
            _ = try decode(run, other, Self.first[..<kept])
            let expected = try decode(run, other, Self.second[...])
            #expect(after == expected, "\(text), \(back) back")
            #expect(run.cache.liveTokens(of: id) == run.cache.liveTokens(of: other))
            #expect(run.cache.memoryBytes(of: id) == run.cache.memoryBytes(of: other))
        }
    }

    /// What the registry says of a policy is what its examples do.
    @Test func entriesSayWhatHolds() {
        for entry in CachePolicyRegistry.entries where entry.examples.isEmpty {
            #expect(entry.undo == .never, "\(entry.name) has no example to derive it from")
        }
        let rules = Dictionary(
            uniqueKeysWithValues: CachePolicyRegistry.entries.map { ($0.name, $0.undo) })
        #expect(rules.values.contains(.always) && rules.values.contains(.sometimes))
    }
}
