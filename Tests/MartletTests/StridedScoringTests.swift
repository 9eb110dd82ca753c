/// Scores of texts longer than a window, against one computation for each token.

import Foundation
import Martlet
import Testing

@Suite struct StridedScoringTests {
    private static let tokens: [Int32] = (0..<61).map { ($0 * 37 + $0 * $0 * 11) % 251 }

    private static func tiny() async throws -> LoadedModel {
        var options = ModelOptions()
        options.threads = 1
        return try await LoadedModel.load("random:tiny", options: options)
    }

    /// Each token has the context of the first window that reaches it, and the perplexity is over all tokens that have
    /// one before them.
    @Test(arguments: [(16, 5), (16, 1), (16, 15), (16, 16), (20, 7), (61, 3), (100, 50), (2, 1)])
    func isTheUsualSlidingWindow(window: Int, stride: Int) async throws {
        let tokens = Self.tokens
        let loaded = try await Self.tiny()
        let result = try await loaded.score(
            tokens, stride: stride, window: window, topCount: 1, budgetBytes: nil)
        let model = try await Model(loaded, budgetBytes: 1 << 24)
        var sum = 0.0
        var count = 0
        for place in tokens.indices {
            var begin = 0
            while begin + window <= place { begin += stride }
            let direct = try await model.score(Array(tokens[begin...place]), topCount: 1)
            #expect(result.logprobs[place] == direct.logprobs.last!, "\(place)")
            #expect(result.top[place] == direct.top.last)
            guard let logprob = direct.logprobs.last! else { continue }
            sum -= Double(logprob)
            count += 1
        }
        #expect(result.logprobs.count == tokens.count && result.usage.promptTokens == tokens.count)
        let perplexity = try #require(result.perplexity)
        #expect(abs(perplexity - exp(sum / Double(count))) < 1e-9 * perplexity)
        // A stride as long as the window leaves the first token of each without one.
        #expect(count == tokens.count - (stride == window ? (tokens.count + 15) / 16 : 1))
    }

    @Test func aTextThatFitsIsOneWindow() async throws {
        let loaded = try await Self.tiny()
        let model = try await Model(loaded, budgetBytes: 1 << 24)
        let whole = try await model.score(Self.tokens)
        #expect(try await model.score(Self.tokens, stride: 9).logprobs == whole.logprobs)
    }

    @Test(arguments: [0, -1, 17, Int.max]) func stridesLeaveNothingOut(stride: Int) async throws {
        let loaded = try await Self.tiny()
        await #expect {
            _ = try await loaded.score(
                Self.tokens, stride: stride, window: 16, topCount: 0, budgetBytes: nil)
        } throws: { error in
            guard let error = error as? MartletError else { return false }
            return error.code == .invalidParameter && error.message.contains("expected 1 to 16")
        }
    }
}
