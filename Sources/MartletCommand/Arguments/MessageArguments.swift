/// Whether a prompt is a text or a message.

import ArgumentParser
import Martlet
import MartletFormats

struct MessageArguments: ParsableArguments {
    @Flag(help: "The prompt is a user's message, put to the model through its chat template.")
    var chat = false

    @Option(help: ArgumentHelp("What the model is told before, with --chat.", valueName: "text"))
    var system: String?

    /// What the arguments say.
    var form: PromptForm { chat ? .message(system: system) : .text }

    func validate() throws {
        guard chat || system == nil else {
            throw ValidationError("--system needs --chat.")
        }
    }
}

/// How problems of a task are put to a model.
struct AskingArguments: ParsableArguments {
    @Flag(
        help:
            "Put each problem to the model as a user's message, through its chat template.")
    var chat = false

    @Option(help: ArgumentHelp("What the model is told before, with --chat.", valueName: "text"))
    var system: String?

    @Option(
        help: ArgumentHelp(
            "What is asked after each problem, with --chat, such as \"Think step by step, and end with the answer after "
                + "####.\"", valueName: "text"))
    var instruction: String?

    /// What the arguments say.
    var form: PromptForm { chat ? .message(system: system) : .text }

    /// What a resumed run must agree with; nothing without --chat.
    var settings: [(String, JSONValue)] {
        guard chat else { return [] }
        return [
            ("chat", .bool(true)), ("system", system.map { .string($0) } ?? .null),
            ("instruction", instruction.map { .string($0) } ?? .null),
        ]
    }

    func validate() throws {
        guard chat || (system == nil && instruction == nil) else {
            throw ValidationError("--system and --instruction need --chat.")
        }
    }
}
