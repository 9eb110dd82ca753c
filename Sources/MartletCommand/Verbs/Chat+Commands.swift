/// What the commands of a conversation do.

import Foundation
import Martlet
import MartletFormats

extension ChatConversation {
    /// What the model was told before everything else.
    private var instructions: [Message] { messages.filter { $0.role == .system } }

    private static func invalid(
        _ command: String, _ got: String, _ expected: String
    ) -> MartletError {
        MartletError(
            code: .invalidParameter, subject: command,
            message: "/\(command): got \(got), expected \(expected)")
    }

    // MARK: What was said

    mutating func begin(system text: String) {
        messages = text.isEmpty ? [] : [Message(.system, text)]
    }

    mutating func clear() { messages = instructions }

    /// Forgets the last question and what followed it; the question. Throws when nothing was asked.
    private mutating func takeBack(_ command: String) throws(MartletError) -> Message {
        let all = messages
        guard let place = all.lastIndex(where: { $0.role == .user }) else {
            throw Self.invalid(command, "a conversation without a question", "a question before it")
        }
        messages = Array(all[..<place])
        return all[place]
    }

    mutating func undo() throws(MartletError) {
        let question = try takeBack("undo")
        StandardStreams.note("forgot: \(question.text.prefix(60))")
    }

    mutating func retry() async throws(MartletError) {
        let before = messages
        let question = try takeBack("retry")
        do throws(MartletError) { try await ask(question.text) } catch {
            messages = before
            throw error
        }
    }

    func showThoughts() throws(MartletError) {
        guard let thoughts = messages.last(where: { $0.reasoning != nil })?.reasoning else {
            throw Self.invalid(
                "thoughts", "a model that has told none", "one that thinks; see --think")
        }
        view.showThoughts(thoughts)
    }

    func save(to path: String) throws(MartletError) {
        guard !path.isEmpty else { throw Self.invalid("save", "no file", "a path") }
        do { try AtomicFile.write(ConversationFile.bytes(messages), to: path) } catch {
            throw MartletError(any: error)
        }
        StandardStreams.note("\(path) holds \(messages.count) messages.")
    }

    mutating func load(_ path: String) throws(MartletError) {
        guard !path.isEmpty, path != "-" else { throw Self.invalid("load", "no file", "a path") }
        messages = try ConversationFile.messages(try TextFile.read(path), name: path)
        StandardStreams.note("\(path): \(messages.count) messages.")
    }

    // MARK: How answers are made

    mutating func setBudget(_ text: String) async throws(MartletError) {
        guard let bytes = try? ByteCount(parsing: text).bytes else {
            throw Self.invalid("budget", "'\(text)'", "a size such as 64MB")
        }
        try await change(to: loaded, budgetBytes: bytes)
    }

    mutating func setPolicy(_ text: String) async throws(MartletError) {
        guard !text.isEmpty else { throw Self.invalid("policy", "nothing", "a cache policy") }
        try await change(to: try loaded.under(text), budgetBytes: budgetBytes)
    }

    /// The same session goes on: what another adapter computed is not reused.
    mutating func setAdapter(_ name: String) throws(MartletError) {
        let names = loaded.options.adapters.keys.sorted()
        guard name == "none" || names.contains(name) else {
            throw Self.invalid("adapter", "'\(name)'", (names + ["none"]).joined(separator: " or "))
        }
        options.adapter = name == "none" ? nil : name
    }

    /// Changes an option of answers; without a name shows all.
    mutating func set(_ text: String) throws(MartletError) {
        let parts = text.split(maxSplits: 1, whereSeparator: \.isWhitespace).map(String.init)
        guard let name = parts.first else {
            let rows = ChatSetting.all.map { setting in
                (setting.name, setting.shown(options, promptOptions))
            }
            return StandardStreams.writeError(Self.table(rows))
        }
        guard let setting = ChatSetting.all.first(where: { $0.name == name }) else {
            throw Self.invalid(
                "set", "'\(name)'", "one of " + ChatSetting.names.joined(separator: ", "))
        }
        let value = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        var prompt = promptOptions
        guard setting.take(value, &options, &prompt) else {
            throw Self.invalid(
                "set \(name)", value.isEmpty ? "nothing" : "'\(value)'", setting.expected)
        }
        promptOptions = prompt
    }

    func showInfo() {
        let bytes = budgetBytes ?? (try? loaded.defaultCacheBytes())
        StandardStreams.writeError(
            Self.table(
                [
                    ("model", "\(loaded.name), weights \(loaded.weightName)"),
                    ("cache", "\(loaded.policyText), \(loaded.storage)"),
                    ("budget", bytes.map(Columns.bytes) ?? "none"),
                    ("context", contextUse),
                    ("messages", "\(messages.count)"),
                ] + ChatSetting.all.map { ($0.name, $0.shown(options, promptOptions)) }))
    }

    private static func table(_ rows: [(String, String)]) -> String {
        rows.map { name, value in
            name.padding(toLength: 13, withPad: " ", startingAt: 0) + value + "\n"
        }.joined()
    }
}
