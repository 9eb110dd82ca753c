// What chains say when their text must match something.

import MartletKernels
import MartletModels
import Testing

@testable import MartletEngine

/// Twenty tokens. The token at place p is equal to p modulo 5; at some places one token alone is allowed.
private struct LadderMask: TokenMask {
    var length: Int32 = 20
    /// Whether tokens that must come are appended without choosing.
    var forces = true
    var isBroken = false

    var start: TokenMaskState { TokenMaskState() }

    private func tokens(_ place: Int32) -> [Int32] {
        guard place < length else { return [60] }
        return place % 5 >= 2 ? [place] : (0..<60).filter { $0 % 5 == place % 5 }
    }

    func allowed(after state: TokenMaskState) throws -> AllowedTokens {
        struct Broken: Error {}
        if isBroken, state.rawValue == 3 { throw Broken() }
        let bits = tokens(state.rawValue).reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
        return AllowedTokens(words: [bits], count: bits.nonzeroBitCount)
    }

    func state(_ state: TokenMaskState, after token: Int32) -> TokenMaskState? {
        guard state.rawValue < length, tokens(state.rawValue).contains(token) else { return nil }
        return TokenMaskState(rawValue: state.rawValue + 1)
    }

    func isFinished(_ state: TokenMaskState) -> Bool { state.rawValue == length }

    func forcedTokens(after token: Int32, in state: TokenMaskState) -> [Int32] {
        guard forces else { return [] }
        return Array((state.rawValue..<length).prefix { tokens($0).count == 1 })
    }

    func completionBound(_ state: TokenMaskState) -> Int { Int(length - state.rawValue) * 2 }
    func completion(of state: TokenMaskState) -> [Int32] {
        (state.rawValue..<length).map { tokens($0)[0] }
    }

    /// Whether these are all the tokens of a text.
    func accepts(_ given: [Int32]) -> Bool {
        given.count == Int(length)
            && given.enumerated().allSatisfy { tokens(Int32($0.offset)).contains($0.element) }
    }
}

/// A text of any length that may end after any token but must be closed by token 7 and then 9.
private struct OpenMask: TokenMask {
    var start: TokenMaskState { TokenMaskState() }
    func allowed(after state: TokenMaskState) -> AllowedTokens {
        switch state.rawValue {
        case 0: AllowedTokens(words: [0b1_1111_1111], count: 9)
        case 1: AllowedTokens(words: [1 << 9], count: 1)
        default: AllowedTokens(words: [], count: 0)
        }
    }
    func state(_ state: TokenMaskState, after token: Int32) -> TokenMaskState? {
        if state.rawValue == 0, token < 9 { return TokenMaskState(rawValue: token == 7 ? 1 : 0) }
        return state.rawValue == 1 && token == 9 ? TokenMaskState(rawValue: 2) : nil
    }
    func isFinished(_ state: TokenMaskState) -> Bool { state.rawValue == 2 }
    func forcedTokens(after token: Int32, in state: TokenMaskState) -> [Int32] { [] }
    func completionBound(_ state: TokenMaskState) -> Int { Int(2 - state.rawValue) }
    func completion(of state: TokenMaskState) -> [Int32] { Array([7, 9][Int(state.rawValue)...]) }
}

@Suite struct TokenMaskTests {
    private func request(
        _ prompt: [Int32], _ mask: (any TokenMask)?, seed: UInt64 = 5, temperature: Float = 1.5,
        limit: Int = 64, chains: Int = 1, _ change: (inout SamplingParameters) -> Void = { _ in }
    ) -> GenerationRequest {
        var sampling = SamplingParameters()
        sampling.temperature = temperature
        sampling.seed = seed
        sampling.maximumTokens = limit
        change(&sampling)
        return GenerationRequest(
            promptTokens: prompt, sampling: sampling, chainCount: chains, mask: mask)
    }

    @Test func greedyTakesTheLikeliestThatIsAllowed() throws {
        let harness = try LoopHarness()
        let mask = LadderMask(forces: false)
        let id = harness.submit(request([3, 1, 4], mask, temperature: 0))
        try harness.run()
        let said = try #require(harness.heard[id]?.first)
        var tokens: [Int32] = [3, 1, 4]
        var state = mask.start
        for token in said.tokens {
            let row = PrefixHashModel.logits(after: tokens)
            let best = (0..<Int32(61)).filter { mask.state(state, after: $0) != nil }
                .max { row[Int($0)] < row[Int($1)] }
            #expect(token == best)
            tokens.append(token)
            state = try #require(mask.state(state, after: token))
        }
        #expect(mask.accepts(said.tokens))
        #expect(said.end?.reason == .stop && said.end?.match == nil)
    }

    @Test(arguments: [0, 1, 2, 3, 4]) func everyRuleKeepsToTheMask(rule: Int) throws {
        let harness = try LoopHarness()
        let mask = LadderMask()
        let id = harness.submit(
            request([9, 9], mask, chains: 3) { sampling in
                switch rule {
                case 0: sampling.topK = 2
                case 1: sampling.topP = 0.3
                case 2: sampling.minP = 0.4
                case 3: sampling.logitBias = [60: 50, 1: 3]
                default: sampling.repetitionPenalty = 1.3
                }
                sampling.stop = ["a"]
                sampling.stopTokens = [2]
            })
        try harness.run()
        for said in harness.heard[id] ?? [] {
            #expect(mask.accepts(said.tokens), "\(said.tokens)")
        }
    }

    /// Neither company, chunks, threads nor giving way change a token.
    @Test func companyChangesNothing() throws {
        func run(_ pages: Int, _ budget: Int, threads: Int, alone: Bool) throws -> [[Int32]] {
            let harness = try LoopHarness(
                tokens: pages, budget: StepBudget(maximumTokens: budget, maximumSequences: 8),
                model: PrefixHashModel(threads: threads))
            let id = harness.submit(request([1, 2, 3], LadderMask(length: 40), chains: 3))
            if !alone {
                for other in 0..<4 {
                    harness.submit(
                        request(
                            Array(repeating: Int32(other), count: 20),
                            other.isMultiple(of: 2) ? LadderMask(length: 30) : nil,
                            seed: UInt64(other), limit: 30, chains: 2))
                }
            }
            try harness.run()
            if pages < 1000 { #expect(harness.loop.counters.preemptions > 0) }
            return harness.heard[id]?.map(\.tokens) ?? []
        }
        let first = try run(4096, 256, threads: 1, alone: true)
        #expect(first.allSatisfy { LadderMask(length: 40).accepts($0) })
        #expect(try run(4096, 256, threads: 2, alone: false) == first)
        #expect(try run(4096, 3, threads: 1, alone: false) == first)
        #expect(try run(144, 64, threads: 1, alone: false) == first)
    }

    @Test func forcedTokensNeedNoStepOfTheirOwn() throws {
        func run(_ mask: LadderMask, logprobs: Int? = nil) throws -> (Heard, steps: Int) {
            let harness = try LoopHarness()
            let id = harness.submit(request([5, 5, 5], mask) { $0.logprobs = logprobs })
            try harness.run()
            return (try #require(harness.heard[id]?.first), harness.loop.counters.steps)
        }
        let (forced, few) = try run(LadderMask())
        let (chosen, many) = try run(LadderMask(forces: false))
        #expect(forced.tokens == chosen.tokens && forced.text == chosen.text)
        #expect(forced.end?.usage.completionTokens == 20)
        #expect(many == 20 && few == 8, "\(many) and \(few) steps")
        // A token that nothing was computed for has no log-probability.
        let (described, all) = try run(LadderMask(), logprobs: 0)
        #expect(described.tokens == chosen.tokens && described.logprobs.count == 20 && all == 20)
    }

    @Test(arguments: [2, 3, 5, 9]) func whatIsOpenIsClosedInTime(limit: Int) throws {
        let harness = try LoopHarness()
        let ids = (0..<6).map { seed in
            harness.submit(
                request([8], OpenMask(), seed: UInt64(seed), limit: limit) {
                    // Closing is never likely by itself.
                    $0.logitBias = [7: -40]
                    $0.logprobs = 2
                })
        }
        try harness.run()
        for id in ids {
            let said = try #require(harness.heard[id]?.first)
            #expect(said.tokens.suffix(2) == [7, 9] && said.tokens.count == limit)
            #expect(said.end?.reason == .stop && said.logprobs.count == limit)
        }
    }

    /// Where there is no room for any completion the text is cut, as it is without a mask.
    @Test func tooFewTokensAreALength() throws {
        let harness = try LoopHarness()
        let id = harness.submit(request([8], LadderMask(), limit: 6))
        try harness.run()
        #expect(harness.heard[id]?.first?.end?.reason == .length)
        #expect(harness.heard[id]?.first?.tokens.count == 6)
    }

    @Test func aMaskThatFailsEndsTheRequest() throws {
        let harness = try LoopHarness()
        let id = harness.submit(request([8], LadderMask(forces: false, isBroken: true)))
        let other = harness.submit(request([8], LadderMask()))
        try harness.run()
        guard case .constraintFailed(_, index: 3)? = harness.errors[id] else {
            Issue.record("\(String(describing: harness.errors[id]))")
            return
        }
        #expect(harness.heard[other]?.first?.end?.reason == .stop)
    }

    /// A mask that has come to its bounds has no state after any token: that is no end of a text.
    @Test func aTokenWithoutAStateIsNoEnd() throws {
        struct Lost: TokenMask {
            var start: TokenMaskState { TokenMaskState() }
            func allowed(after state: TokenMaskState) -> AllowedTokens {
                AllowedTokens(words: [1 << 2], count: 1)
            }
            func state(_ state: TokenMaskState, after token: Int32) -> TokenMaskState? {
                state.rawValue < 4 ? TokenMaskState(rawValue: state.rawValue + 1) : nil
            }
            func isFinished(_ state: TokenMaskState) -> Bool { false }
            func forcedTokens(after token: Int32, in state: TokenMaskState) -> [Int32] { [] }
            func completionBound(_ state: TokenMaskState) -> Int { 0 }
            func completion(of state: TokenMaskState) -> [Int32] { [] }
        }
        let harness = try LoopHarness()
        let id = harness.submit(request([8], Lost(), chains: 2))
        try harness.run()
        guard case .constraintFailed(_, index: 4)? = harness.errors[id] else {
            Issue.record("\(String(describing: harness.errors[id]))")
            return
        }
    }

    @Test func logprobsAreTheModels() throws {
        func logprob(_ mask: (any TokenMask)?, _ bias: [Int32: Float]) throws -> Float? {
            let harness = try LoopHarness()
            let id = harness.submit(
                request([1, 2], mask, temperature: 0, limit: 1) {
                    $0.logprobs = 0
                    $0.logitBias = bias
                })
            try harness.run()
            #expect(harness.heard[id]?.first?.tokens == [2])
            return harness.heard[id]?.first?.logprobs.first
        }
        struct Two: TokenMask {
            var start: TokenMaskState { TokenMaskState() }
            func allowed(after state: TokenMaskState) -> AllowedTokens {
                AllowedTokens(words: [1 << 2], count: 1)
            }
            func state(_ state: TokenMaskState, after token: Int32) -> TokenMaskState? { state }
            func isFinished(_ state: TokenMaskState) -> Bool { false }
            func forcedTokens(after token: Int32, in state: TokenMaskState) -> [Int32] { [] }
            func completionBound(_ state: TokenMaskState) -> Int { 0 }
            func completion(of state: TokenMaskState) -> [Int32] { [] }
        }
        #expect(try logprob(Two(), [:]) == logprob(nil, [2: 100]))
    }
}
