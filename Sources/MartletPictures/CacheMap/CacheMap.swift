/// A page that shows which positions each head holds over time, policy beside policy.

import MartletJSON

/// What the page shows.
package struct CacheMap: Sendable {
    /// The model's name.
    package let model: String
    /// The command that made it.
    package let command: String
    /// Layers, and KV heads of each.
    package let layerCount: Int
    package let keyValueHeadCount: Int
    /// Tokens of the prompt.
    package let promptTokens: Int
    /// The text of every token.
    package let tokens: [String]
    /// Runs over these tokens.
    package let traces: [CacheTrace]

    /// Describes a page.
    package init(
        model: String, command: String, layerCount: Int, keyValueHeadCount: Int, promptTokens: Int,
        tokens: [String], traces: [CacheTrace]
    ) {
        self.model = model
        self.command = command
        self.layerCount = layerCount
        self.keyValueHeadCount = keyValueHeadCount
        self.promptTokens = promptTokens
        self.tokens = tokens
        self.traces = traces
    }

    /// The page: it needs nothing else.
    package var html: String {
        HTML.page(
            title: "KV cache over time", style: CacheMapTemplate.style,
            body: CacheMapTemplate.body
                + "<script id=\"data\" type=\"application/json\">"
                + HTML.scriptData(json.serialized()) + "</script>\n",
            script: CacheMapTemplate.script)
    }

    private var json: JSONValue {
        object([
            ("version", .integer(1)), ("model", .string(model)), ("command", .string(command)),
            ("layers", .integer(layerCount)), ("heads", .integer(keyValueHeadCount)),
            ("promptTokens", .integer(promptTokens)),
            ("tokens", .array(tokens.map { .string($0) })),
            ("policies", .array(traces.map(json))),
        ])
    }

    private func json(_ trace: CacheTrace) -> JSONValue {
        object([
            ("policy", .string(trace.policy)), ("lossy", .bool(trace.isLossy)),
            (
                "steps",
                .array(
                    trace.steps.map { step in
                        object([
                            ("count", .integer(step.count)), ("bytes", .integer(step.bytes)),
                            ("bytesRead", .integer(step.bytesRead)),
                            ("bytesMoved", .integer(step.bytesMoved)),
                            ("kvReads", .number(step.kvReads)),
                        ])
                    })
            ),
            ("gone", .array(trace.gone.map { .array($0.map { .integer(Int($0)) }) })),
        ])
    }

    private func object(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(JSONObject(members.map { JSONObject.Member(key: $0.0, value: $0.1) }))
    }
}
