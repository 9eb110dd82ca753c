/// The commands of a conversation: what `/help` lists, what a tab completes and what is obeyed.

import Foundation
import Martlet
import MartletFormats
import MartletTokenizers

/// A line that begins with a slash.
struct ChatCommand: Sendable {
    typealias Action =
        @Sendable (inout ChatConversation, String) async throws(MartletError) -> Void

    /// Its name, without the slash, and other names for it.
    let names: [String]
    /// What follows the name.
    let value: String
    let purpose: String
    let act: Action

    init(
        _ names: [String], value: String = "", _ purpose: String, act: @escaping Action
    ) {
        self.names = names
        self.value = value
        self.purpose = purpose
        self.act = act
    }

    var name: String { "/" + names[0] }

    static let all: [ChatCommand] = [
        ChatCommand(
            ["retry", "regen"],
            "asks the last question again; see /set temperature for another answer"
        ) { (chat, _) async throws(MartletError) in try await chat.retry() },
        ChatCommand(["undo"], "forgets the last question and what was answered") {
            (chat, _) async throws(MartletError) in try chat.undo()
        },
        ChatCommand(["clear", "reset"], "forgets what was said, not what /system told") {
            (chat, _) async throws(MartletError) in chat.clear()
        },
        ChatCommand(
            ["system"], value: "TEXT",
            "tells the model TEXT before everything else, and begins anew"
        ) { (chat, text) async throws(MartletError) in chat.begin(system: text) },
        ChatCommand(["thoughts"], "shows in full what the model thought last") {
            (chat, _) async throws(MartletError) in try chat.showThoughts()
        },
        ChatCommand(
            ["set"], value: "NAME VALUE",
            "changes how answers are made: \(ChatSetting.names.joined(separator: ", "))"
        ) { (chat, text) async throws(MartletError) in try chat.set(text) },
        ChatCommand(["info", "show"], "says what runs, and how much of the context is left") {
            (chat, _) async throws(MartletError) in chat.showInfo()
        },
        ChatCommand(["budget"], value: "BYTES", "gives the cache so much memory, such as 64MB") {
            (chat, text) async throws(MartletError) in try await chat.setBudget(text)
        },
        ChatCommand(
            ["policy"], value: "POLICY",
            "keeps tokens by another cache policy, such as window(sinks=4, recent=1024)"
        ) { (chat, text) async throws(MartletError) in try await chat.setPolicy(text) },
        ChatCommand(
            ["adapter"], value: "NAME",
            "answers under an adapter of --adapter NAME=DIRECTORY, or none"
        ) { (chat, name) async throws(MartletError) in try chat.setAdapter(name) },
        ChatCommand(
            ["save"], value: "FILE", "writes the conversation to FILE, one JSON object a message"
        ) { (chat, path) async throws(MartletError) in try chat.save(to: path) },
        ChatCommand(
            ["load"], value: "FILE", "goes on with the conversation that /save wrote to FILE"
        ) {
            (chat, path) async throws(MartletError) in try chat.load(path)
        },
        ChatCommand(["help", "?"], "lists the commands") { (_, _) async throws(MartletError) in
            StandardStreams.writeError(help)
        },
        ChatCommand(["quit", "exit", "bye"], "ends, as Ctrl-D does") {
            (chat, _) async throws(MartletError) in chat.isOver = true
        },
    ]

    /// The names of all commands.
    static var names: [String] { all.map(\.name) }

    static var help: String {
        let rows = all.map { ($0.value.isEmpty ? $0.name : "\($0.name) \($0.value)", $0.purpose) }
        let width = (rows.map(\.0.count).max() ?? 0) + 2
        let lines = rows.map { usage, purpose in
            usage + String(repeating: " ", count: width - usage.count) + purpose
        }
        return lines.joined(separator: "\n") + """

            Ctrl-C stops an answer. A line that ends in \\ goes on; \"\"\" begins and ends several lines.

            """
    }

    /// The command that a line names, and what follows. Throws `invalidParameter` for none, with what may have been meant.
    static func parse(_ line: String) throws(MartletError) -> (command: ChatCommand, value: String)
    {
        let parts = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
        let name = parts.first.map { String($0.dropFirst()) } ?? ""
        let value = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        if let command = all.first(where: { $0.names.contains(name) }) { return (command, value) }
        let meant = nearest(to: name).map { "; /\($0) is one" } ?? ""
        throw MartletError(
            code: .invalidParameter, subject: "/" + name,
            message: "/\(name.prefix(40)) is no command\(meant); /help lists them, and a space "
                + "before the / makes it a message")
    }

    /// The name that a word is most likely meant to be; nil where it is like none.
    static func nearest(to word: String) -> String? {
        let names = all.flatMap(\.names)
        let word = word.lowercased().prefix(40)
        if let name = names.first(where: { word.count > 1 && $0.hasPrefix(word) }) {
            return name
        }
        let scored = names.map { (name: $0, distance: EditDistance.between(word, $0)) }
        guard let best = scored.min(by: { $0.distance < $1.distance }),
            best.distance <= max(1, best.name.count / 3), best.distance < word.count,
            best.name.count > 1
        else { return nil }
        return best.name
    }
}

/// What `/set` changes.
struct ChatSetting: Sendable {
    let name: String
    let expected: String
    /// Takes a value; false for one that it does not understand.
    let take: @Sendable (String, inout GenerationOptions, inout PromptOptions) -> Bool
    let shown: @Sendable (GenerationOptions, PromptOptions) -> String

    static var names: [String] { all.map(\.name) }

    private static func number(
        _ name: String, _ expected: String,
        _ path: any (WritableKeyPath<GenerationOptions, Float> & Sendable),
        _ isValid: @escaping @Sendable (Float) -> Bool
    ) -> ChatSetting {
        ChatSetting(name: name, expected: expected) { text, options, _ in
            guard let value = Float(text), value.isFinite, isValid(value) else { return false }
            options[keyPath: path] = value
            return true
        } shown: { options, _ in
            "\(options[keyPath: path])"
        }
    }

    static let all: [ChatSetting] = [
        number("temperature", "a number from 0", \.temperature) { $0 >= 0 },
        number("top-p", "a number above 0, to 1", \.topP) { $0 > 0 && $0 <= 1 },
        number("min-p", "a number from 0 to 1", \.minP) { (0...1).contains($0) },
        ChatSetting(name: "top-k", expected: "a whole number; 0 keeps all") { text, options, _ in
            guard let value = Int(text), value >= 0 else { return false }
            options.topK = value
            return true
        } shown: { options, _ in
            "\(options.topK)"
        },
        ChatSetting(name: "max-tokens", expected: "a whole number from 1, or default") {
            text, options, _ in
            guard text == "default" || (Int(text) ?? 0) >= 1 else { return false }
            options.maximumTokens = Int(text)
            return true
        } shown: { options, _ in
            options.maximumTokens.map(String.init) ?? "default"
        },
        ChatSetting(name: "seed", expected: "a whole number from 0, or any") {
            text, options, _ in
            guard text == "any" || UInt64(text) != nil else { return false }
            options.seed = UInt64(text)
            return true
        } shown: { options, _ in
            options.seed.map { String($0) } ?? "any"
        },
        ChatSetting(name: "think", expected: "on, off or default") { text, _, prompt in
            guard ["on", "off", "default"].contains(text) else { return false }
            prompt.thinks = text == "default" ? nil : text == "on"
            return true
        } shown: { _, prompt in
            prompt.thinks.map { $0 ? "on" : "off" } ?? "default"
        },
    ]
}
