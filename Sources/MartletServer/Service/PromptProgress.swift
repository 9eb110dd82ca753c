/// How far a prompt is computed, told while nothing else is.

import Martlet
import MartletEngine
import MartletJSON

/// A prompt at one moment.
struct PromptProgress: Sendable, Equatable {
    /// Its tokens.
    let total: Int
    /// Of them, tokens that were there before.
    let cached: Int
    /// Tokens that are there now, the cached ones included.
    let processed: Int
    /// Since its computation began.
    let time: Duration

    init(_ step: PromptStep, of total: Int) {
        self.total = total
        (cached, processed, time) = (step.cached, step.computed, step.time)
    }

    /// What it has taken, and so many tokens of its answer.
    func timings(predicted: Int, in predictedTime: Duration) -> Timings {
        Timings(
            prompt: processed - cached, cached: cached, predicted: predicted, promptTime: time,
            predictedTime: predictedTime)
    }

    /// As llama.cpp's server tells it: `prompt_progress`, and `timings` where each event has them.
    func llamaCpp(isTimed: Bool) -> JSONObject {
        JSONObject(present: [
            "prompt_progress": [
                "total": .integer(total), "cache": .integer(cached),
                "processed": .integer(processed), "time_ms": .milliseconds(time),
            ],
            "timings": isTimed ? timings(predicted: 0, in: .zero).value : nil,
        ])
    }

    /// As a report tells it.
    var report: JSONValue {
        [
            "report": [
                "prompt": [
                    "total": .integer(total), "cached": .integer(cached),
                    "computed": .integer(processed), "seconds": .number(time / .seconds(1)),
                ]
            ]
        ]
    }
}
