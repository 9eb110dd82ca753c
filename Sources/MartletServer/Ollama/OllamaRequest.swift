/// Requests of Ollama's API.

import Martlet
import MartletJSON
import MartletTemplates

/// What `/api/chat` or `/api/generate` was asked.
struct OllamaRequest: Sendable {
    /// Nil asks only for the model to be loaded.
    var answer: AnswerRequest?
    var streams = true
    /// Whether answers are messages, rather than texts.
    var isChat: Bool
    /// How long the model stays after it was used; nil where the request does not say.
    var keepAlive: KeepAlive?

    /// How long a model stays; no duration is for ever.
    struct KeepAlive: Sendable { let duration: Duration? }

    /// Whether the request asks for the model to be put away.
    var unloads: Bool { answer == nil && keepAlive?.duration == .zero }

    /// A request of `/api/chat`.
    init(chat fields: Fields, _ exchange: Exchange, _ service: Service, _ model: ServedModel)
        throws(WireError)
    {
        isChat = true
        keepAlive = try Self.keepAlive(fields, service)
        streams = try fields.flag("stream") ?? true
        guard let list = fields["messages"]?.arrayValue, !list.isEmpty else { return }
        var conversation = ChatPrompt()
        conversation.messages = try ChatMessages.read(fields)
        conversation.tools = try ChatTools.read(fields, exchange)
        try Self.readThinking(fields, into: &conversation.promptOptions, service.configuration)
        answer = try Self.answer(try model.request(for: conversation), fields, service, model)
    }

    /// A request of `/api/generate`.
    init(
        generate fields: Fields, _ exchange: Exchange, _ service: Service, _ model: ServedModel
    ) throws(WireError) {
        isChat = false
        keepAlive = try Self.keepAlive(fields, service)
        streams = try fields.flag("stream") ?? true
        guard let text = try fields.string("prompt"), !text.isEmpty else { return }
        if let images = fields["images"]?.arrayValue, !images.isEmpty {
            throw ChatMessages.unsupportedPart("image", at: "images")
        }
        for key in ["suffix", "template"] {
            if let value = try fields.string(key), !value.isEmpty {
                throw .unsupported(key, "a \(key)", instead: "leave it out")
            }
        }
        if let earlier = fields["context"]?.arrayValue, !earlier.isEmpty {
            throw .unsupported(
                "context", "going on with tokens of an earlier answer", instead: "use /api/chat")
        }
        let asked: AnswerRequest
        if try fields.flag("raw") == true || model.format == nil {
            asked = AnswerRequest(
                prompt: PreparedPrompt(tokens: try model.tokens(text), text: text))
        } else {
            var conversation = ChatPrompt()
            if let system = try fields.string("system"), !system.isEmpty {
                conversation.messages.append(Message(.system, system))
            }
            conversation.messages.append(Message(.user, text))
            try Self.readThinking(fields, into: &conversation.promptOptions, service.configuration)
            asked = try model.request(for: conversation)
        }
        answer = try Self.answer(asked, fields, service, model)
    }

    private static func answer(
        _ asked: AnswerRequest, _ fields: Fields, _ service: Service, _ model: ServedModel
    ) throws(WireError) -> AnswerRequest {
        var form = AnswerConstraint.none
        if let format = fields["format"], format.stringValue != "" {
            switch format {
            case .object: form = .schema(fields.read(schema: format, "format"))
            case .string("json"): form = .object
            default: throw fields.wrong("format", format, "json or a JSON schema")
            }
        }
        var answer = asked
        answer.own = try MartletFields(fields, model)
        answer.options = model.usualOptions(service.configuration)
        answer.options.constraint = form.constraint
        var wanted: Int?
        if let options = try fields.fields("options") {
            try model.read(sampling: options, into: &answer.options)
            wanted = try options.integer("num_predict", in: -2...1 << 30)
        }
        answer.options.maximumTokens = try model.completionLimit(
            answer.prompt, at: fields.path(amongst: ["prompt", "messages"]),
            wanted: wanted.flatMap { $0 < 0 ? nil : $0 }, service.configuration)
        fields.accept("model")
        return answer
    }

    /// Seconds as a number, or a text such as `5m`; below zero for ever.
    private static func keepAlive(
        _ fields: Fields, _ service: Service
    ) throws(WireError) -> KeepAlive? {
        // A server of one model keeps it: the field changes nothing there, which is told.
        guard try service.fleet().only == nil else { return nil }
        guard let value = fields["keep_alive"], !value.isNull else { return nil }
        if let seconds = value.doubleValue ?? value.stringValue.flatMap(Double.init),
            abs(seconds) < 1e9
        {
            return KeepAlive(duration: seconds < 0 ? nil : .seconds(seconds))
        }
        let units = ["ms": 0.001, "s": 1, "m": 60, "h": 3600]
        if let text = value.stringValue,
            let match = text.wholeMatch(of: /(-?\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h)/),
            let count = Double(match.1), let unit = units[String(match.2)]
        {
            return KeepAlive(duration: count < 0 ? nil : .seconds(count * unit))
        }
        throw fields.wrong("keep_alive", value, "seconds, or a text like 5m")
    }

    private static func readThinking(
        _ fields: Fields, into options: inout PromptOptions, _ configuration: ServerConfiguration
    ) throws(WireError) {
        options.thinks = configuration.thinks
        switch fields["think"] {
        case .bool(let thinks): options.thinks = thinks
        case .string(let effort) where ["low", "medium", "high"].contains(effort):
            options.thinks = true
            options.reasoningEffort = effort
        case nil: break
        case .some(let other):
            throw fields.wrong("think", other, "true, false, low, medium or high")
        }
    }
}
