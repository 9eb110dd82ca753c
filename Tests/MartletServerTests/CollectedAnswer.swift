/// What a server sent, for tests without sockets.

import Martlet
import MartletJSON
import MartletServer
import Synchronization
import Testing

/// Collects an answer.
final class CollectedAnswer: ResponseSink {
    private struct State {
        var status: Int?
        var headers: [String: String] = [:]
        var writes: [[UInt8]] = []
    }

    private let state = Mutex(State())
    /// The number of writes after which the client is gone; nil for one that stays.
    private let patience: Int?

    init(patience: Int? = nil) { self.patience = patience }

    func begin(status: Int, headers: [(name: String, value: String)]) async throws(WireError) {
        state.withLock { state in
            state.status = status
            for header in headers { state.headers[header.name.lowercased()] = header.value }
        }
    }

    func write(_ bytes: [UInt8]) async throws(WireError) {
        let count = state.withLock { state in
            state.writes.append(bytes)
            return state.writes.count
        }
        if let patience, count >= patience { throw WireError(.clientGone, "gone") }
    }

    var status: Int? { state.withLock { $0.status } }
    var headers: [String: String] { state.withLock { $0.headers } }
    var bytes: [UInt8] { state.withLock { $0.writes.flatMap(\.self) } }
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The body as JSON.
    func json() throws -> JSONValue { try JSONValue.parse(bytes) }

    /// The data of the server-sent events, without the mark of the end.
    func events() throws -> [JSONValue] {
        try text.split(separator: "\n").filter { $0.hasPrefix("data: ") }
            .map { $0.dropFirst(6) }.filter { $0 != "[DONE]" }
            .map { try JSONValue.parse(Array($0.utf8)) }
    }

    /// The lines of JSON.
    func lines() throws -> [JSONValue] {
        try text.split(separator: "\n").map { try JSONValue.parse(Array($0.utf8)) }
    }
}

extension JSONValue {
    /// A value by its path: `choices.0.message`; null where there is none.
    subscript(path: String) -> JSONValue {
        path.split(separator: ".").reduce(self) { value, part in
            if let index = Int(part), let array = value.arrayValue {
                return array.indices.contains(index) ? array[index] : .null
            }
            return value.objectValue?[String(part)] ?? .null
        }
    }
}

/// A server over a small model.
struct TestServer {
    let server: Server
    var service: Service { server.service }

    /// ChatML, so that prompts of random models are conversations.
    static let chatML =
        "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}"
        + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"

    /// What is served already.
    init(serving server: Server) { self.server = server }

    init(
        _ name: String = "random:tiny", reusesPrompts: Bool = false, memory: Int? = nil,
        files: FileStore = FileStore(), options: ModelOptions = ModelOptions(),
        _ change: (inout ServerConfiguration) -> Void = { _ in }
    ) async throws {
        var configuration = ServerConfiguration()
        configuration.pingInterval = .seconds(60)
        configuration.seed = 7
        change(&configuration)
        var options = options
        options.threads = 1
        options.promptReuse = reusesPrompts ? PromptReuse() : nil
        if let memory { options.memoryBudget = memory }
        let model = try await Model.load(name, options: options)
        let service = Service(configuration, files: files)
        service.begin(
            with: try ServedModel(model: model, name: name, configuration: configuration))
        server = Server(service)
    }

    func send(
        _ method: String, _ path: String, _ body: JSONValue? = nil,
        headers: [(name: String, value: String)] = [], patience: Int? = nil
    ) async -> CollectedAnswer {
        let sink = CollectedAnswer(patience: patience)
        await server.respond(
            to: ServerRequest(
                method, path, headers: headers, body: body?.serialized() ?? []), through: sink)
        return sink
    }

    func post(
        _ path: String, _ body: JSONValue, headers: [(name: String, value: String)] = []
    ) async -> CollectedAnswer {
        await send("POST", path, body, headers: headers)
    }
}
