/// One conversation: its model, its session, and the commands that change them.

import Foundation
import Martlet
import MartletFormats

/// A conversation at the terminal.
struct ChatConversation {
    /// Everything said so far.
    var messages: [Message] {
        get { session?.messages ?? begun }
        set {
            begun = newValue
            session = nil
        }
    }
    var promptOptions = PromptOptions()
    private var loaded: LoadedModel
    private var model: Model
    private var budgetBytes: Int?
    private var options: GenerationOptions
    private let view: ChatView
    private var session: Session?
    private var begun: [Message] = []

    init(
        _ loaded: LoadedModel, budgetBytes: Int?, options: GenerationOptions, view: ChatView
    ) async throws(MartletError) {
        self.loaded = loaded
        self.budgetBytes = budgetBytes
        self.options = options
        self.view = view
        model = try await Self.start(loaded, budgetBytes)
    }

    private static func start(
        _ loaded: LoadedModel, _ bytes: Int?
    ) async throws(MartletError) -> Model {
        let size: Int
        if let bytes {
            size = try loaded.cacheBytes(within: bytes)
        } else {
            size = try loaded.defaultCacheBytes()
        }
        return try await Model(loaded, budgetBytes: size)
    }

    /// Does what a line says: a command, or a message for the model. False when the conversation is over.
    mutating func take(_ line: String) async throws(MartletError) -> Bool {
        guard line.hasPrefix("/") else {
            try await ask(line)
            return true
        }
        return try await obey(line)
    }

    /// Puts a message to the model and shows the answer as it comes. Ctrl-C ends the answer, not the program.
    mutating func ask(_ text: String) async throws(MartletError) {
        let session =
            session ?? model.makeSession(messages: begun, promptOptions: promptOptions)
        self.session = session
        let (stream, options, view) = (session, options, view)
        let answering = Task { () async -> Result<Response, MartletError> in
            do throws(MartletError) {
                return .success(
                    try await stream.respond(
                        to: [Message(.user, text)], options: options, each: view.show))
            } catch { return .failure(error) }
        }
        Interruption.onInterrupt {
            answering.cancel()
            return true
        }
        let result = await answering.value
        Interruption.onInterrupt(nil)
        switch result {
        case .success(let response): view.finish(response, of: loaded, adapter: options.adapter)
        case .failure(let error):
            view.end()
            throw error
        }
    }

    // MARK: Commands

    /// Each command with what follows it and what it does.
    private static let commands: [(name: String, value: String, purpose: String)] = [
        ("/system", "TEXT", "tells the model TEXT before everything else, and begins anew"),
        ("/budget", "BYTES", "gives the cache so much memory, such as 64MB"),
        (
            "/policy", "POLICY",
            "keeps tokens by another cache policy, such as window(sinks=4, recent=1024)"
        ),
        ("/adapter", "NAME", "answers under an adapter of --adapter NAME=DIRECTORY, or none"),
        ("/save", "FILE", "writes the conversation to FILE, one JSON object a message"),
        ("/thoughts", "", "shows in full what the model thought last"),
        ("/clear", "", "forgets what was said"),
        ("/help", "", "lists the commands"),
        ("/quit", "", "ends, as Ctrl-D does"),
    ]

    /// The names of all commands.
    static var commandNames: [String] { commands.map(\.name) }

    private static var help: String {
        let lines = commands.map { command in
            let usage = command.name + " " + command.value
            return usage.padding(toLength: 15, withPad: " ", startingAt: 0) + command.purpose
        }
        return lines.joined(separator: "\n") + """

            Ctrl-C stops an answer. A line that ends in \\ goes on; \"\"\" begins and ends several lines.

            """
    }

    /// Does what a command says; false at the last one.
    private mutating func obey(_ line: String) async throws(MartletError) -> Bool {
        let parts = line.split(separator: " ", maxSplits: 1)
        let value = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        let system = messages.filter { $0.role == .system }
        switch parts[0] {
        case "/quit", "/exit": return false
        case "/help": StandardStreams.writeError(Self.help)
        case "/clear": messages = system
        case "/system": messages = value.isEmpty ? [] : [Message(.system, value)]
        case "/save": try save(to: value)
        case "/adapter":
            // The same session goes on: what another adapter computed is not reused.
            options.adapter = try adapter(value)
        case "/thoughts": try showThoughts()
        case "/policy": try await restart(try loaded.under(value), budgetBytes)
        case "/budget":
            guard let bytes = try? ByteCount(parsing: value).bytes else {
                throw MartletError(
                    code: .invalidParameter, subject: "budget",
                    message: "/budget: got '\(value)', expected a size such as 64MB; correct it")
            }
            try await restart(loaded, bytes)
        default:
            throw MartletError(
                code: .invalidParameter, subject: String(parts[0]),
                message:
                    "\(parts[0]) is no command; /help lists them, and a space before the / makes "
                    + "it a message")
        }
        return true
    }

    private func showThoughts() throws(MartletError) {
        guard let thoughts = messages.last(where: { $0.reasoning != nil })?.reasoning else {
            throw MartletError(
                code: .invalidParameter, subject: "thoughts",
                message: "/thoughts: the model has told no thoughts; see --think")
        }
        view.showThoughts(thoughts)
    }

    /// Goes on with the same conversation in another cache.
    private mutating func restart(
        _ loaded: LoadedModel, _ bytes: Int?
    ) async throws(MartletError) {
        let next = try await Self.start(loaded, bytes)
        messages = messages
        await model.shutdown()
        (self.loaded, budgetBytes, model) = (loaded, bytes, next)
    }

    /// The adapter that a command names; nil for none.
    private func adapter(_ name: String) throws(MartletError) -> String? {
        let names = loaded.options.adapters.keys.sorted()
        guard name == "none" || names.contains(name) else {
            throw MartletError(
                code: .invalidParameter, subject: "/adapter",
                message: "/adapter: got '\(name)', expected "
                    + (names + ["none"]).joined(separator: " or ") + "; correct it")
        }
        return name == "none" ? nil : name
    }

    private func save(to path: String) throws(MartletError) {
        guard !path.isEmpty else {
            throw MartletError(
                code: .invalidParameter, subject: "save",
                message: "/save: got no file, expected a path; give one")
        }
        var bytes: [UInt8] = []
        for message in messages {
            var line = JSONLine()
            line.set("role", message.role.rawValue)
            line.set("content", message.text)
            if let reasoning = message.reasoning { line.set("reasoning_content", reasoning) }
            bytes += line.value.serialized() + [0x0A]
        }
        do { try Data(bytes).write(to: URL(filePath: path), options: .atomic) } catch {
            throw MartletError(
                code: .unreadableFile, subject: path,
                message:
                    "\(path): it cannot be written: \(error.localizedDescription); check the path")
        }
    }
}
