/// A server that speaks OpenAI's completions, asked over HTTP.

import MartletFormats
package import MartletHub
import Synchronization

/// Sends requests as `POST …/completions` that stream. Prompts are words; what a server counts as tokens it says itself.
package struct CompletionTarget: ServingTarget {
    private let client: any HTTPClient
    private let url: String
    private let model: String
    private let key: String?
    private let patience: Double

    /// - Parameters:
    ///   - client: sends requests; it must allow as many at once as the workload has under way.
    ///   - url: the address of the API: `http://127.0.0.1:8080/v1`.
    ///   - model: the name that requests carry.
    ///   - key: the key that requests carry; nil for none.
    ///   - patience: seconds without a byte after which a request has failed.
    package init(
        _ client: any HTTPClient, url: String, model: String = "default", key: String? = nil,
        patience: Double = 600
    ) {
        self.client = client
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.model = model
        self.key = key
        self.patience = patience
    }

    /// Writes the body.
    package func prepare(
        _ index: Int, of workload: Workload, seed: UInt64
    ) throws -> any PreparedRequest {
        let wanted = workload.requests[index]
        let body: JSONValue = [
            "model": .string(model), "prompt": .string(workload.text(of: index, seed: seed)),
            "max_tokens": .integer(wanted.completionTokens), "temperature": .number(0),
            "ignore_eos": .bool(true), "stream": .bool(true),
            "stream_options": ["include_usage": .bool(true)],
        ]
        var headers = [(name: "Content-Type", value: "application/json")]
        if let key { headers.append((name: "Authorization", value: "Bearer \(key)")) }
        return Prepared(
            client: client,
            request: HTTPRequest(
                method: "POST", url: url + "/completions", headers: headers,
                body: body.serialized(), timeout: patience),
            promptTokens: wanted.promptTokens, completionTokens: wanted.completionTokens)
    }

    private struct Prepared: PreparedRequest {
        let client: any HTTPClient
        let request: HTTPRequest
        let promptTokens: Int
        let completionTokens: Int

        func send(arrival: Double, now: @escaping @Sendable () -> Double) async -> RequestTimeline {
            var timeline = RequestTimeline(
                arrival: arrival, tokens: [], promptTokens: promptTokens, ending: .failed,
                ended: now())
            let stream = CompletionStream(now)
            var isWhole = false
            do {
                let head = try await client.send(request, to: stream)
                isWhole = head.status == 200
                if !isWhole {
                    timeline.ending = .refused
                    timeline.reason = "status \(head.status)"
                }
            } catch { timeline.reason = error.reason }
            timeline.ended = now()
            stream.write(to: &timeline, isWhole: isWhole)
            // A server that ends early has less to do than the others.
            if timeline.ending == .answered, timeline.tokens.count < completionTokens {
                timeline.ending = .failed
            }
            return timeline
        }
    }
}

/// Reads the events of a streamed completion.
final class CompletionStream: HTTPReceiver {
    private struct State {
        /// What came first: all of a refusal.
        var opening: [UInt8] = []
        var line: [UInt8] = []
        var tokens: [Double] = []
        var usage: JSONObject?
        var isDone = false
        /// What an event with an error said.
        var failure: String?
    }

    private static let mostLine = 1 << 24
    private static let mostOpening = 8 << 10
    private let state = Mutex(State())
    private let now: @Sendable () -> Double

    init(_ now: @escaping @Sendable () -> Double) { self.now = now }

    func begin(_ head: HTTPHead) {}

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        let time = now()
        state.withLock { state in
            state.opening += bytes.prefix(max(0, Self.mostOpening - state.opening.count))
            for byte in bytes {
                if byte != UInt8(ascii: "\n") {
                    // No server sends such a line; what comes of it is not kept.
                    if state.line.count < Self.mostLine { state.line.append(byte) }
                    continue
                }
                Self.read(state.line, at: time, &state)
                state.line.removeAll(keepingCapacity: true)
            }
        }
    }

    private static let prefix = Array("data:".utf8)

    private static func read(_ line: [UInt8], at time: Double, _ state: inout State) {
        guard line.starts(with: prefix) else { return }
        let data = line[prefix.count...].drop { $0 == 0x20 }
        if data.starts(with: Array("[DONE]".utf8)) {
            state.isDone = true
            return
        }
        guard let event = (try? JSONValue.parse(Array(data)))?.objectValue else { return }
        if event["error"]?.objectValue != nil { state.failure = message(of: event) ?? "an error" }
        if let usage = event["usage"]?.objectValue { state.usage = usage }
        guard let choice = event["choices"]?.arrayValue?.first?.objectValue else { return }
        let isEmpty = choice["text"]?.stringValue?.isEmpty ?? true
        // The last event of some servers only says why it ended.
        if isEmpty, choice["finish_reason"]?.stringValue != nil { return }
        state.tokens.append(time)
    }

    /// The words of an error, as the APIs write it, on one line.
    private static func message(of object: JSONObject) -> String? {
        let error = object["error"]
        let text = error?.objectValue?["message"]?.stringValue ?? error?.stringValue
        return text.map { text in
            String(text.prefix(300).map { $0.isNewline || $0.asciiValue ?? 32 < 32 ? " " : $0 })
        }
    }

    /// Writes what was read.
    ///
    /// - Parameter isWhole: whether the answer came to its end.
    func write(to timeline: inout RequestTimeline, isWhole: Bool) {
        state.withLock { state in
            timeline.tokens = state.tokens
            if isWhole, state.isDone, state.failure == nil { timeline.ending = .answered }
            if timeline.ending != .answered {
                // A refusal is an object, and no event.
                let refusal = (try? JSONValue.parse(state.opening))?.objectValue
                let said = state.failure ?? refusal.flatMap { Self.message(of: $0) }
                let parts = [timeline.reason, said].compactMap(\.self)
                if !parts.isEmpty { timeline.reason = parts.joined(separator: ": ") }
            }
            guard let usage = state.usage else { return }
            func count(_ name: String, _ object: JSONObject?) -> Int? {
                object?[name]?.intValue.flatMap { Workload.mostTokens.contains($0) ? $0 : nil }
            }
            if let prompt = count("prompt_tokens", usage) { timeline.promptTokens = prompt }
            let cached = count(
                "cached_tokens", usage["prompt_tokens_details"]?.objectValue)
            timeline.cachedTokens = min(cached ?? 0, timeline.promptTokens)
            // Tokens whose text came with a later one's.
            let missing = (count("completion_tokens", usage) ?? 0) - timeline.tokens.count
            if missing > 0, let last = timeline.tokens.last {
                timeline.tokens += Array(repeating: last, count: missing)
            }
        }
    }
}
