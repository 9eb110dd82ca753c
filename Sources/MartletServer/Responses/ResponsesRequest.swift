/// A request of the Responses API.

import Martlet
import MartletJSON
import MartletTemplates

/// What `/v1/responses` was asked.
struct ResponsesRequest: Sendable {
    var answer: AnswerRequest
    /// What was said, without the instructions.
    var messages: [Message]
    /// The items of the request as they are listed.
    var items: [JSONValue]
    var streams = false
    var stores = true
    /// What the answer repeats of the request.
    var repeated: JSONObject
    var telling = StreamTelling()
    var includesTimings = false
    var includesLogprobs = false

    init(
        _ fields: Fields, _ exchange: Exchange, _ service: Service, _ model: ServedModel
    ) throws(WireError) {
        let configuration = service.configuration
        var conversation = try Self.conversation(fields, exchange, service)
        let isCut = try fields.string("truncation") == "auto"
        messages = conversation.said
        answer = try model.request(for: conversation.prompt)
        // Only where it is asked for: the oldest messages go until the rest fits.
        if isCut, answer.prompt.tokens.count >= model.contextLength {
            answer = try Self.cut(&conversation.prompt, toFit: model, answer)
        }
        items = ListedItems.items(of: fields.object["input"])
        answer.own = try MartletFields(fields, model)
        answer.options = model.usualOptions(configuration)
        answer.options.constraint = try model.constraint(
            of: conversation.prompt, beside: conversation.prompt.formOfText)
        try model.read(sampling: fields, into: &answer.options)
        let wanted = try fields.integer(["max_output_tokens", "max_tokens"], in: -1...1 << 30)
        answer.options.maximumTokens = try model.completionLimit(
            answer.prompt, at: "input", wanted: wanted.flatMap { $0 < 0 ? nil : $0 }, configuration)
        answer.callsInParallel = try fields.flag("parallel_tool_calls") ?? true
        if try fields.flag("background") == true {
            throw .unsupported(
                "background", "answering in the background", instead: "use stream")
        }
        let included = try fields.strings("include") ?? []
        let top = try fields.integer("top_logprobs", in: 0...20)
        includesLogprobs = included.contains("message.output_text.logprobs") || top ?? 0 > 0
        if includesLogprobs { answer.options.logprobs = top ?? 0 }
        streams = try fields.flag("stream") ?? false
        // The answers of a batch are in its file: by themselves they would drive out what others go on with.
        stores = try fields.flag("store") ?? (exchange.background == nil)
        includesTimings =
            try fields.flag("timings_per_token") ?? false || configuration.isLlamaCompatible
        telling = try StreamTelling(fields, streams: streams, &answer.own)
        repeated = Self.repeated(fields, answer, wanted)
        fields.accept("model", "metadata", "stream_options")
    }

    /// What an answer repeats of its request.
    private static func repeated(
        _ fields: Fields, _ answer: AnswerRequest, _ wanted: Int?
    ) -> JSONObject {
        let object = fields.object
        return JSONObject(present: [
            "instructions": object["instructions"] ?? .null,
            "max_output_tokens": wanted.map { .integer($0) } ?? .null,
            "parallel_tool_calls": .bool(answer.callsInParallel),
            "previous_response_id": object["previous_response_id"] ?? .null,
            "reasoning": object["reasoning"] ?? ["effort": .null, "summary": .null],
            "store": .bool(object["store"]?.boolValue ?? true),
            "temperature": .number(Double(answer.options.temperature)),
            "text": object["text"] ?? ["format": ["type": "text"]],
            "tool_choice": object["tool_choice"] ?? "auto", "tools": object["tools"] ?? [],
            "top_p": .number(Double(answer.options.topP)),
            "truncation": object["truncation"] ?? "disabled",
            "metadata": object["metadata"] ?? [:],
        ])
    }

    // MARK: What was said

    /// A conversation with what was said in it, apart from the instructions.
    struct Asked {
        var prompt: ChatPrompt
        var said: [Message]
    }

    /// Drops as few of the oldest messages as let the rest fit, but no instructions, and never the last message. How many is
    /// found by halving: each try renders and tokenizes the whole prompt.
    private static func cut(
        _ prompt: inout ChatPrompt, toFit model: ServedModel, _ whole: AnswerRequest
    ) throws(WireError) -> AnswerRequest {
        let all = prompt.messages
        let ends = ends(ofDropping: all)
        var (low, high) = (0, ends.count)
        var found = whole
        // Before `low` nothing fits; at `high` it does, or there is no more to drop.
        while low < high {
            let middle = low + (high - low) / 2
            var tried = prompt
            tried.messages = all.enumerated().filter {
                $0.offset >= ends[middle] || isKept($0.element)
            }
            .map(\.element)
            let request = try model.request(for: tried)
            let fits = request.prompt.tokens.count < model.contextLength
            if fits { high = middle } else { low = middle + 1 }
            if fits || middle == ends.count - 1 {
                found = request
                prompt = tried
            }
        }
        return found
    }

    /// Where what may be dropped ends, for one message of it, two and so on: what tools gave goes with its call.
    private static func ends(ofDropping messages: [Message]) -> [Int] {
        var ends: [Int] = []
        var next = 0
        while true {
            while next < messages.count, isKept(messages[next]) { next += 1 }
            guard next < messages.count - 1 else { return ends }
            next += 1
            while next < messages.count - 1, messages[next].role == .tool { next += 1 }
            ends.append(next)
        }
    }

    /// Whether a message is never dropped: those that instruct are not.
    private static func isKept(_ message: Message) -> Bool {
        [.system, .developer].contains(message.role)
    }

    static func conversation(
        _ fields: Fields, _ exchange: Exchange, _ service: Service
    ) throws(WireError) -> Asked {
        var earlier: [Message] = []
        if let id = try fields.string("previous_response_id") {
            guard let entry = service.responses.entry(id, of: exchange.tenant) else {
                throw WireError(
                    .notFound,
                    "previous_response_id: there is no response '\(id.prefix(80))' (any more); send the whole input.",
                    param: "previous_response_id", code: "previous_response_not_found")
            }
            earlier = entry.messages
        }
        var items = ResponseItems(after: earlier)
        try items.add(fields, "input", exchange)
        var prompt = ChatPrompt()
        prompt.messages = items.messages
        if let text = try fields.string("instructions"), !text.isEmpty {
            prompt.messages.insert(Message(.system, text), at: 0)
        }
        prompt.promptOptions.thinks = service.configuration.thinks
        if let reasoning = try fields.fields("reasoning") {
            try readEffort(reasoning, into: &prompt.promptOptions)
        }
        if let text = try fields.fields("text") {
            if let format = try text.fields("format") {
                prompt.constraint = try AnswerConstraint(responseFormat: format).constraint
            }
        }
        try ChatTools.choose(from: try ChatTools.read(fields, exchange), fields, into: &prompt)
        return Asked(prompt: prompt, said: items.messages)
    }

    private static func readEffort(
        _ fields: Fields, into options: inout PromptOptions
    ) throws(WireError) {
        fields.accept("summary", "generate_summary", "encrypted_content")
        switch try fields.string("effort") {
        case "none": options.thinks = false
        case "minimal": options.reasoningEffort = "low"
        case "xhigh": options.reasoningEffort = "high"
        case .some(let effort): options.reasoningEffort = effort
        case nil: break
        }
    }
}
