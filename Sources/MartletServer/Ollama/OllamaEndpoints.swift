/// The endpoints of Ollama's API.

import Foundation
import Martlet
import MartletJSON

/// What clients of Ollama ask.
enum OllamaEndpoints {
    static let endpoints: [Endpoint] =
        [
            Endpoint(
                "POST", "/api/chat", shape: .ollama,
                summary: "Answers a conversation, in lines of JSON unless stream is false.",
                fields: [
                    "messages": "What was said.", "tools": "Functions that the model may call.",
                    "think": "Whether the model thinks first.",
                    "options": "temperature, num_predict, stop, seed and the like.",
                ]
            ) { (exchange, service) async throws(WireError) in
                let (model, fields) = try await service.open(exchange)
                let request = try OllamaRequest(chat: fields, exchange, service, model)
                try await answer(request, fields, exchange, service, model)
            },
            Endpoint(
                "POST", "/api/generate", shape: .ollama,
                summary: "Answers a prompt, in lines of JSON unless stream is false.",
                fields: [
                    "prompt": "What is asked.", "system": "What the model is told before.",
                    "raw": "Whether the prompt is continued as it is.",
                ]
            ) { (exchange, service) async throws(WireError) in
                let (model, fields) = try await service.open(exchange)
                let request = try OllamaRequest(generate: fields, exchange, service, model)
                try await answer(request, fields, exchange, service, model)
            },
            Endpoint(
                "GET", "/api/version", shape: .ollama, isPublic: true,
                summary: "The version of Ollama whose API is spoken."
            ) { (exchange, _) async throws(WireError) in
                try await exchange.reply(["version": .string(spokenVersion)])
            },
            Endpoint("GET", "/api/tags", shape: .ollama, summary: "Lists the models.") {
                (exchange, service) async throws(WireError) in
                let all = try await service.fleet().listing
                try await exchange.reply([
                    "models": .array(all.map { .object(entry($0, service)) })
                ])
            },
            Endpoint("GET", "/api/ps", shape: .ollama, summary: "Lists what is loaded.") {
                (exchange, service) async throws(WireError) in
                let all = try await service.fleet().listing
                try await exchange.reply([
                    "models": .array(
                        all.compactMap { listed in
                            listed.model.map { running(listed, $0, service) }
                        })
                ])
            },
            Endpoint("POST", "/api/show", shape: .ollama, summary: "Describes a model.") {
                (exchange, service) async throws(WireError) in
                let fields =
                    exchange.request.body.isEmpty ? nil : try Fields(body: exchange.request.body)
                let name = (fields?.object["model"] ?? fields?.object["name"])?.stringValue
                // What its files say is enough; only what has none is loaded.
                let listed = try await service.fleet().listed(name)
                if listed.model == nil, let stored = listed.entry.stored() {
                    return try await exchange.reply(
                        description(Described(stored, service.configuration)))
                }
                try await exchange.reply(
                    description(Described(try await service.model(named: name, for: exchange))))
            },
        ] + ["pull", "push", "create", "copy"].map { refused("POST", $0) } + [
            refused("DELETE", "delete")
        ]

    /// Clients ask it what the server can do: tools came with 0.3, thinking with 0.9.
    private static let spokenVersion = "0.12.0"

    private static func refused(_ method: String, _ verb: String) -> Endpoint {
        Endpoint(
            method, "/api/\(verb)", shape: .ollama,
            summary: "Refused: the model of a server does not change."
        ) { (_, _) async throws(WireError) in
            throw WireError(
                .notSupported,
                "\(verb): the model of this server does not change; use martlet pull and martlet remove."
            )
        }
    }

    private static func answer(
        _ request: OllamaRequest, _ fields: Fields, _ exchange: Exchange, _ service: Service,
        _ model: ServedModel
    ) async throws(WireError) {
        exchange.note(ignored: fields.unread)
        let writer = OllamaAnswer(request, model)
        var unloads = request.unloads
        if let time = request.keepAlive {
            let counts = try await service.fleet().keepAlive(model.id, for: time.duration)
            if !counts {
                unloads = false
                exchange.note(ignored: ["keep_alive"])
            }
        }
        guard let answer = request.answer else {
            return try await exchange.reply(writer.loaded(unloads: unloads))
        }
        try await service.admitted(exchange) { () async throws(WireError) in
            var lines: EventStream?
            let chains = try await service.run(
                answer, for: exchange, on: model,
                begin: { () async throws(WireError) in
                    guard request.streams else { return }
                    lines = try await EventStream(
                        exchange, .lines, pingEvery: service.configuration.pingInterval)
                },
                each: { (piece) async throws(WireError) in
                    if let line = writer.line(piece.part) { try await lines?.send(line) }
                })
            let last = writer.last(
                chains[0], answer, isWhole: !request.streams, loadTime: exchange.loadTime)
            if let lines { return try await lines.send(last) }
            try await exchange.reply(last)
        }
    }

    // MARK: What is served

    private static func entry(_ listed: ModelFleet.Listing, _ service: Service) -> JSONObject {
        let name = listed.id.contains(":") ? listed.id : listed.id + ":latest"
        let model = listed.model
        // What is not in memory is described by its files.
        let stored = model == nil ? listed.entry.stored() : nil
        let described =
            model.map { Described($0) } ?? stored.map { Described($0, service.configuration) }
        return JSONObject(present: [
            "name": .string(name), "model": .string(name),
            "modified_at": .string(
                OllamaTime.text(
                    Date(timeIntervalSince1970: Double(model?.created ?? service.created)))),
            "size": .integer(
                model.map { $0.model?.weightBytes ?? 0 } ?? stored?.weightBytes
                    ?? listed.entry.estimatedBytes() ?? 0),
            "digest": .string(digest(of: name)),
            "details": described.map { details($0) } ?? [
                "parent_model": "", "format": "", "family": "", "families": [],
                "parameter_size": "", "quantization_level": "",
            ],
        ])
    }

    private static func running(
        _ listed: ModelFleet.Listing, _ model: ServedModel, _ service: Service
    ) -> JSONValue {
        let end = listed.timeLeft.map { OllamaTime.text(Date.now + max(0, $0 / .seconds(1))) }
        return .object(
            entry(listed, service).adding(
                JSONObject(present: [
                    "expires_at": .string(end ?? "2318-01-01T00:00:00Z"), "size_vram": 0,
                    "context_length": .integer(model.contextLength),
                ])))
    }

    /// 64 digits that are the same for the same name: clients compare them and ask no more of them.
    private static func digest(of name: String) -> String {
        var text = ""
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for round in 0..<4 {
            for byte in Array(name.utf8) + [UInt8(round)] {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            }
            let digits = String(hash, radix: 16)
            text += String(repeating: "0", count: 16 - digits.count) + digits
        }
        return text
    }

    /// What is told of a model, be it in memory or not.
    private struct Described {
        let family: String
        let shape: DecoderShape?
        let parameterCount: Int
        let weightName: String
        let template: String
        let isGGUF: Bool
        let makesVectors: Bool

        init(_ model: ServedModel) {
            shape = model.model?.shape
            family = shape?.family ?? model.embedding?.family ?? ""
            parameterCount = model.model?.parameterCount ?? 0
            weightName = model.model?.weightName ?? ""
            template = model.template
            isGGUF = model.model?.path.hasSuffix(".gguf") == true
            makesVectors = model.embedding != nil
        }

        init(_ stored: StoredModel, _ configuration: ServerConfiguration) {
            shape = stored.shape
            family = stored.family
            parameterCount = stored.parameterCount
            weightName = stored.weightName
            template = configuration.chatTemplate ?? stored.chatTemplate ?? ""
            isGGUF = stored.isGGUF
            makesVectors = stored.makesVectors
        }
    }

    private static func details(_ model: Described) -> JSONValue {
        let count = model.parameterCount
        let size =
            count >= 1_000_000_000
            ? "\(Double(count / 100_000_000) / 10)B" : "\(Double(count / 10_000) / 100)M"
        return [
            "parent_model": "", "format": .string(model.isGGUF ? "gguf" : "safetensors"),
            "family": .string(model.family), "families": [.string(model.family)],
            "parameter_size": .string(size),
            "quantization_level": .string(model.weightName.uppercased()),
        ]
    }

    private static func description(_ model: Described) -> JSONValue {
        var capabilities: [JSONValue] = []
        var info = JSONObject()
        if let shape = model.shape {
            capabilities = ["completion"]
            if model.template.contains("tools") { capabilities.append("tools") }
            if model.template.contains("think") { capabilities.append("thinking") }
            info = JSONObject(present: [
                "general.architecture": .string(shape.family),
                "general.parameter_count": .integer(model.parameterCount),
                "\(shape.family).context_length": .integer(shape.contextLength),
                "\(shape.family).embedding_length": .integer(shape.hiddenSize),
                "\(shape.family).block_count": .integer(shape.layerCount),
                "\(shape.family).attention.head_count": .integer(shape.headCount),
                "\(shape.family).attention.head_count_kv": .integer(shape.keyValueHeadCount),
            ])
        }
        if model.makesVectors { capabilities.append("embedding") }
        return [
            "modelfile": "", "parameters": "", "template": .string(model.template),
            "details": details(model), "model_info": .object(info),
            "capabilities": .array(capabilities),
        ]
    }
}
