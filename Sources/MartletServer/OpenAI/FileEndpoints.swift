/// `/v1/files`: files that clients send for batches, and those that batches write.

import Martlet
import MartletJSON

/// The endpoints of files.
enum FileEndpoints {
    static let endpoints: [Endpoint] = [
        Endpoint(
            "POST", "/v1/files", aliases: ["/files"], shape: .openAI,
            summary: "Keeps a file.", bodyType: "multipart/form-data",
            fields: [
                "file": "The file.", "purpose": "batch, or another word; only batches read files.",
                "expires_after[seconds]":
                    "When it goes by itself; after 30 days where it is for a batch.",
            ], handle: upload),
        Endpoint(
            "GET", "/v1/files", aliases: ["/files"], shape: .openAI,
            summary: "Lists the files of the key's tenant, the newest first."
        ) { (exchange, service) async throws(WireError) in
            let page = try ListPage(exchange.request.query, most: 10_000, usual: 10_000)
            let purpose = exchange.request.query["purpose"]
            let files = service.files.files(of: exchange.tenant).filter {
                purpose == nil || $0.purpose == purpose
            }
            try await exchange.reply(
                try page.list(files.map { (id: $0.id, value: .object($0.json)) }))
        },
        Endpoint(
            "GET", "/v1/files/{id}/content", aliases: ["/files/{id}/content"], shape: .openAI,
            summary: "The content of a file."
        ) { (exchange, service) async throws(WireError) in
            let file = try file(exchange, service)
            guard let content = service.files.content(of: file) else { throw missing(file.id) }
            try await exchange.reply(content, contentType: "application/octet-stream")
        },
        Endpoint(
            "GET", "/v1/files/{id}", aliases: ["/files/{id}"], shape: .openAI,
            summary: "Describes a file."
        ) { (exchange, service) async throws(WireError) in
            try await exchange.reply(.object(try file(exchange, service).json))
        },
        Endpoint(
            "DELETE", "/v1/files/{id}", aliases: ["/files/{id}"], shape: .openAI,
            summary: "Removes a file."
        ) { (exchange, service) async throws(WireError) in
            let file = try file(exchange, service)
            service.files.remove(file)
            try await exchange.reply(["id": .string(file.id), "object": "file", "deleted": true])
        },
    ]

    /// Seconds after which a batch's file goes where nothing else is said.
    private static let batchLifetime = 30 * 86_400

    private static func missing(_ id: String) -> WireError {
        WireError(
            .notFound, "There is no file '\(id.prefix(80))' (any more).", param: "id",
            code: "not_found")
    }

    private static func file(
        _ exchange: Exchange, _ service: Service
    ) throws(WireError) -> StoredFile {
        let id = exchange.parameters["id"] ?? ""
        guard let file = service.files.file(id, of: exchange.tenant) else { throw missing(id) }
        return file
    }

    @Sendable private static func upload(
        _ exchange: Exchange, _ service: Service
    ) async throws(WireError) {
        let form = try Multipart(exchange.request)
        let known = ["file", "purpose", "expires_after[anchor]", "expires_after[seconds]"]
        exchange.note(ignored: form.parts.map(\.name).filter { !known.contains($0) })
        guard let part = form.parts.first(where: { $0.name == "file" }) else {
            throw .missing("file", expected: "a file")
        }
        guard let purpose = try form.text("purpose"), !purpose.isEmpty else {
            throw .missing("purpose", expected: "batch")
        }
        let purposes = ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
        guard purposes.contains(purpose) else {
            throw .field(
                "purpose", got: "'\(purpose.prefix(40))'",
                expected: "batch, or another of \(purposes.joined(separator: ", "))")
        }
        let name = part.fileName ?? "file"
        guard name.utf8.count <= 512 else {
            throw .field(
                "file", got: "a name of \(name.utf8.count) bytes", expected: "at most 512")
        }
        var lifetime = purpose == "batch" ? batchLifetime : nil
        let anchor = try form.text("expires_after[anchor]")
        if let text = try form.text("expires_after[seconds]") {
            guard let seconds = Int(text), Lifetime.seconds.contains(seconds) else {
                throw .field(
                    "expires_after.seconds", got: "'\(text.prefix(40))'",
                    expected: Lifetime.expected)
            }
            lifetime = seconds
        }
        try Lifetime.check(anchor: anchor, hasSeconds: lifetime != nil, at: "expires_after")
        let file = try service.files.add(
            form.bytes(part), name: name, purpose: purpose, tenant: exchange.tenant,
            lifetime: lifetime)
        try await exchange.reply(.object(file.json))
    }
}

/// When files go by themselves, as OpenAI's API says it.
enum Lifetime {
    /// An hour to thirty days.
    static let seconds = 3600...2_592_000
    static let expected = "seconds, 3600 to 2592000"

    /// Reads `{"anchor": "created_at", "seconds": 3600}`; nil where it is not there.
    static func read(_ fields: Fields?) throws(WireError) -> Int? {
        guard let fields else { return nil }
        let seconds = try fields.integer("seconds", in: seconds)
        try check(
            anchor: try fields.string("anchor"), hasSeconds: seconds != nil, at: fields.path)
        return seconds
    }

    static func check(anchor: String?, hasSeconds: Bool, at path: String) throws(WireError) {
        guard let anchor else { return }
        guard anchor == "created_at" else {
            throw .field(
                path + ".anchor", got: "'\(anchor.prefix(40))'", expected: "created_at")
        }
        guard hasSeconds else { throw .missing(path + ".seconds", expected: expected) }
    }
}

/// A page of a list, by cursors.
struct ListPage: Sendable {
    private let limit: Int
    private let after: String?
    private let before: String?
    private let isAscending: Bool

    /// Reads what a list is asked for.
    ///
    /// - Parameters:
    ///   - most: the most elements of a page.
    ///   - usual: elements where nothing is said.
    init(_ query: [String: String], most: Int, usual: Int) throws(WireError) {
        limit =
            try query["limit"].map { (text) throws(WireError) in
                guard let limit = Int(text), (1...most).contains(limit) else {
                    throw .field(
                        "limit", got: "'\(text.prefix(40))'",
                        expected: "a whole number, 1 to \(most)")
                }
                return limit
            } ?? usual
        after = query["after"].flatMap { $0.isEmpty ? nil : $0 }
        before = query["before"].flatMap { $0.isEmpty ? nil : $0 }
        let order = query["order"] ?? "desc"
        guard order == "asc" || order == "desc" else {
            throw .field("order", got: "'\(order.prefix(40))'", expected: "asc or desc")
        }
        isAscending = order == "asc"
    }

    /// The page of a list whose newest element comes first.
    func list(_ all: [(id: String, value: JSONValue)]) throws(WireError) -> JSONValue {
        var rest = (isAscending ? all.reversed() : all)[...]
        func place(_ id: String, _ name: String) throws(WireError) -> Int {
            guard let place = rest.firstIndex(where: { $0.id == id }) else {
                throw .field(
                    name, got: "'\(id.prefix(80))'", expected: "the id of an element of the list")
            }
            return place
        }
        if let after { rest = rest[(try place(after, "after") + 1)...] }
        if let before { rest = rest[..<(try place(before, "before"))] }
        let page = rest.prefix(limit)
        return [
            "object": "list", "data": .array(page.map(\.value)),
            "first_id": page.first.map { .string($0.id) } ?? .null,
            "last_id": page.last.map { .string($0.id) } ?? .null,
            "has_more": .bool(page.count < rest.count),
        ]
    }
}
