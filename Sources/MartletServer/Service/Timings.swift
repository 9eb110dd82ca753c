/// How long an answer took, as clients of llama.cpp's server read it.

import Martlet
import MartletJSON

/// The numbers of `timings`.
struct Timings: Sendable {
    private let prompt: Int
    private let cached: Int
    private let predicted: Int
    private let promptTime: Duration
    private let predictedTime: Duration

    init(
        prompt: Int, cached: Int, predicted: Int, promptTime: Duration, predictedTime: Duration
    ) {
        self.prompt = prompt
        self.cached = cached
        self.predicted = predicted
        self.promptTime = promptTime
        self.predictedTime = predictedTime
    }

    init(_ chains: [FinishedChain]) {
        let usages = chains.map(\.response.usage)
        cached = usages.map(\.cachedPromptTokens).max() ?? 0
        prompt = (usages.map(\.promptTokens).max() ?? 0) - cached
        predicted = usages.reduce(0) { $0 + $1.completionTokens }
        let end = usages.map(\.duration).max() ?? .zero
        let first = usages.compactMap(\.timeToFirstToken).min() ?? end
        // What it waited for is no work on its prompt.
        promptTime = first - min(first, usages.compactMap(\.queueTime).min() ?? .zero)
        predictedTime = end - first
    }

    var value: JSONValue {
        func rate(_ count: Int, _ time: Duration) -> JSONValue {
            let seconds = time / .seconds(1)
            return .number(seconds > 0 ? Double(count) / seconds : 0)
        }
        func each(_ count: Int, _ time: Duration) -> JSONValue {
            .number(count > 0 ? time / .milliseconds(1) / Double(count) : 0)
        }
        return [
            "cache_n": .integer(cached), "prompt_n": .integer(prompt),
            "prompt_ms": .milliseconds(promptTime),
            "prompt_per_token_ms": each(prompt, promptTime),
            "prompt_per_second": rate(prompt, promptTime),
            "predicted_n": .integer(predicted), "predicted_ms": .milliseconds(predictedTime),
            "predicted_per_token_ms": each(predicted, predictedTime),
            "predicted_per_second": rate(predicted, predictedTime),
        ]
    }
}
