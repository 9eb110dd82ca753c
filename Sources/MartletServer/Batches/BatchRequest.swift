/// One request of a batch, and what came of it.

package import MartletJSON

/// A line of a batch's file.
package struct BatchRequest: Sendable, Hashable {
    /// What its sender tells it by; no two of a batch have the same.
    package let customID: String
    /// The path of the endpoint.
    package let url: String
    /// The body, as JSON text.
    package let body: [UInt8]
}

extension AnswerUsage {
    /// What counts and times may be that were stored, so that sums of them are numbers whatever they are.
    static let bounds = 0...(1 << 40)

    /// The usage of a batch, as OpenAI has it.
    var json: JSONValue {
        [
            "input_tokens": .integer(promptTokens),
            "input_tokens_details": ["cached_tokens": .integer(cachedTokens)],
            "output_tokens": .integer(completionTokens),
            "output_tokens_details": ["reasoning_tokens": .integer(reasoningTokens)],
            "total_tokens": .integer(promptTokens + completionTokens),
        ]
    }
}

/// What came of a request.
package struct BatchResult: Sendable {
    /// The line of the output, or of the file of errors, without its line break.
    package let line: [UInt8]
    /// Whether the request failed.
    package let isError: Bool
    /// What it took.
    package let usage: AnswerUsage

    /// A request that was answered, be that with an error.
    package init(
        _ request: BatchRequest, status: Int, requestID: String, body: JSONValue,
        usage: AnswerUsage
    ) {
        self.init(
            request,
            response: [
                "status_code": .integer(status), "request_id": .string(requestID), "body": body,
            ], error: .null, isError: status != 200, usage: usage)
    }

    /// A request that was not run.
    package init(_ request: BatchRequest, code: String, message: String) {
        self.init(
            request, response: .null, error: ["code": .string(code), "message": .string(message)],
            isError: true, usage: AnswerUsage())
    }

    private init(
        _ request: BatchRequest, response: JSONValue, error: JSONValue, isError: Bool,
        usage: AnswerUsage
    ) {
        line =
            JSONValue.object(
                JSONObject([
                    .init(key: "id", value: .string("batch_req_" + Identifier.random())),
                    .init(key: "custom_id", value: .string(request.customID)),
                    .init(key: "response", value: response), .init(key: "error", value: error),
                ])
            ).serialized()
        self.isError = isError
        self.usage = usage
    }

    init(line: [UInt8], isError: Bool, usage: AnswerUsage) {
        self.line = line
        self.isError = isError
        self.usage = usage
    }
}
