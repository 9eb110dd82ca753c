/// `/v1/batches`: files of requests that are answered when nothing else is asked.

import Martlet
import MartletJSON

/// The endpoints of batches.
enum BatchEndpoints {
    /// The endpoints.
    ///
    /// - Parameter urls: the paths that requests of a batch may ask.
    static func endpoints(for urls: [String]) -> [Endpoint] {
        [
            Endpoint(
                "POST", "/v1/batches", aliases: ["/batches"], shape: .openAI,
                summary: "Begins a batch of a file that was sent before.",
                fields: [
                    "input_file_id": "The file: a request on each line.",
                    "endpoint": "The endpoint of all requests: \(urls.joined(separator: ", ")).",
                    "completion_window":
                        "24h, or another whole number of s, m, h or d: what is not answered by then expires.",
                    "metadata": "Up to 16 texts that are shown with it.",
                    "output_expires_after": "When its files go by themselves.",
                ]
            ) { (exchange, service) async throws(WireError) in
                let batch = try create(exchange, service, urls)
                try await exchange.reply(.object(batch.json))
            },
            Endpoint(
                "GET", "/v1/batches", aliases: ["/batches"], shape: .openAI,
                summary: "Lists the batches of the key's tenant, the newest first."
            ) { (exchange, service) async throws(WireError) in
                let page = try ListPage(exchange.request.query, most: 100, usual: 20)
                let batches = service.batches.batches(of: exchange.tenant)
                try await exchange.reply(
                    try page.list(batches.map { (id: $0.id, value: .object($0.json)) }))
            },
            Endpoint(
                "GET", "/v1/batches/{id}", aliases: ["/batches/{id}"], shape: .openAI,
                summary: "How far a batch is."
            ) { (exchange, service) async throws(WireError) in
                try await exchange.reply(.object(try batch(exchange, service).json))
            },
            Endpoint(
                "POST", "/v1/batches/{id}/cancel", aliases: ["/batches/{id}/cancel"],
                shape: .openAI, summary: "Ends a batch; what is answered by then stays."
            ) { (exchange, service) async throws(WireError) in
                let batch = try batch(exchange, service)
                guard let ended = service.batches.cancel(batch.id, of: exchange.tenant) else {
                    let status = try Self.batch(exchange, service).status
                    throw WireError(
                        .invalidRequest,
                        "\(batch.id): it is \(status.rawValue) already; only a batch that has not ended is cancelled.",
                        param: "id", code: "invalid_state")
                }
                try await exchange.reply(.object(ended.json))
            },
        ]
    }

    private static func batch(
        _ exchange: Exchange, _ service: Service
    ) throws(WireError) -> BatchRecord {
        let id = exchange.parameters["id"] ?? ""
        guard let batch = service.batches.batch(id, of: exchange.tenant) else {
            throw WireError(
                .notFound, "There is no batch '\(id.prefix(80))' (any more).", param: "id",
                code: "not_found")
        }
        return batch
    }

    private static func create(
        _ exchange: Exchange, _ service: Service, _ urls: [String]
    ) throws(WireError) -> BatchRecord {
        let models = try service.fleet().names
        let fields = try Fields(body: exchange.request.body)
        let file = try fields.required(
            "input_file_id", try fields.string("input_file_id"), "the id of a file")
        let endpoint = try fields.required(
            "endpoint", try fields.string("endpoint"), urls.joined(separator: ", "))
        guard urls.contains(endpoint) else {
            throw .field(
                "endpoint", got: "'\(endpoint.prefix(80))'",
                expected: "one of \(urls.joined(separator: ", "))")
        }
        let window = try fields.required(
            "completion_window", try fields.string("completion_window"), "24h")
        guard let seconds = seconds(window) else {
            throw .field(
                "completion_window", got: "'\(window.prefix(40))'",
                expected: "24h, or another whole number of s, m, h or d up to 30d")
        }
        guard let input = service.files.file(file, of: exchange.tenant) else {
            throw WireError(
                .invalidRequest,
                "input_file_id: there is no file '\(file.prefix(80))'; send it first.",
                param: "input_file_id", code: "not_found")
        }
        guard input.purpose == "batch" else {
            throw .field(
                "input_file_id", got: "a file for \(input.purpose)",
                expected: "one that was sent with the purpose batch")
        }
        let lifetime = try Lifetime.read(try fields.fields("output_expires_after"))
        var batch = BatchRecord(
            tenant: exchange.tenant, endpoint: endpoint, inputFile: file, window: window,
            seconds: seconds, metadata: try metadata(fields), outputLifetime: lifetime,
            at: service.files.now())
        batch.model = models.first?.first ?? ""
        exchange.note(ignored: fields.unread)
        try service.batches.add(batch)
        return batch
    }

    /// At most 16 texts, with names of at most 64 letters and values of at most 512.
    private static func metadata(_ fields: Fields) throws(WireError) -> JSONValue {
        guard let object = try fields.whole("metadata") else { return .null }
        guard object.count <= 16 else {
            throw .field("metadata", got: "\(object.count) members", expected: "at most 16")
        }
        for member in object.members {
            guard let text = member.value.stringValue, text.utf8.count <= 2048,
                member.key.utf8.count <= 256
            else {
                throw .field(
                    "metadata.\(member.key.prefix(80))", got: member.value.summary,
                    expected: "a text of at most 512 letters")
            }
        }
        return .object(object)
    }

    /// Seconds of a text like `24h`, up to thirty days; nil for another.
    private static func seconds(_ text: String) -> Int? {
        guard let unit = ["s": 1, "m": 60, "h": 3600, "d": 86_400][text.suffix(1)],
            let count = Int(text.dropLast()), count >= 1, count <= 30 * 86_400 / unit
        else { return nil }
        return count * unit
    }
}
