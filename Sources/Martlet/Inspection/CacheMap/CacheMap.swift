/// A page that shows which positions each head holds over time, policy beside policy.

import MartletFormats

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

    /// Computes a prompt and what follows under a policy and others beside it. Takes as long as each of
    /// these runs. Throws as ``CacheInspection`` does.
    package init(
        _ loaded: LoadedModel, beside others: [String], prompt: [Int32], following: [Int32],
        budgetBytes: Int?, command: String
    ) throws(MartletError) {
        model = loaded.name
        self.command = command
        layerCount = loaded.model.shape.layerCount
        keyValueHeadCount = loaded.model.shape.keyValueHeadCount
        promptTokens = prompt.count
        tokens = loaded.text.pieces(prompt + following)
        var traces: [CacheTrace] = []
        for policy in [loaded.policyText] + others {
            let run = try loaded.under(policy)
            let wanted = CacheBudget(
                promptTokens: prompt.count * 2, completionTokens: following.count,
                chunk: loaded.options.maximumBatchTokens)
            var bytes = budgetBytes ?? 0
            if budgetBytes == nil { bytes = try run.cacheBytes(wanted) }
            let inspection = try CacheInspection(
                run, prompt: prompt, following: following, budgetBytes: bytes, isTraced: true)
            if let trace = inspection.trace { traces.append(trace) }
        }
        self.traces = traces
    }

    /// The page, in UTF-8: it needs nothing else.
    package var html: [UInt8] {
        let data = json.serialized()
        var escaped: [UInt8] = []
        escaped.reserveCapacity(data.count)
        for byte in data {
            // Nothing in the data can end the element that holds it.
            if byte == UInt8(ascii: "<") {
                escaped += Array("\\u003c".utf8)
            } else {
                escaped.append(byte)
            }
        }
        let parts = CacheMapTemplate.page.split(
            separator: CacheMapTemplate.placeholder, maxSplits: 1, omittingEmptySubsequences: false)
        return Array(parts[0].utf8) + escaped + Array((parts.last ?? "").utf8)
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
