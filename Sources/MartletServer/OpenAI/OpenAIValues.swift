/// Values that OpenAI's endpoints share.

import Martlet
import MartletEngine
import MartletJSON

extension AnswerUsage {
    /// `usage`, as chat completions and completions have it.
    var openAI: JSONValue {
        [
            "prompt_tokens": .integer(promptTokens),
            "completion_tokens": .integer(completionTokens),
            "total_tokens": .integer(promptTokens + completionTokens),
            "prompt_tokens_details": [
                "cached_tokens": .integer(cachedTokens), "cache_write_tokens": 0,
            ],
            "completion_tokens_details": [
                "reasoning_tokens": .integer(reasoningTokens), "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            ],
        ]
    }
}

extension ToolCall {
    /// A call of `tool_calls`.
    var openAI: JSONValue {
        ["id": .string(id), "type": "function", "function": function]
    }

    /// Its name and arguments; these are a text of JSON.
    var function: JSONValue {
        ["name": .string(name), "arguments": .string(arguments)]
    }
}

extension FinishReason {
    /// `finish_reason`.
    var openAI: String {
        switch self {
        case .stop: "stop"
        case .toolCalls: "tool_calls"
        case .length, .cancelled, .outOfMemory: "length"
        }
    }
}
