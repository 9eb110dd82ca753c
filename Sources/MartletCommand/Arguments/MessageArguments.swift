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

/// How questions are put to a model: the prompt's form, and what is asked after it.
struct AskingArguments: ParsableArguments {
    @OptionGroup var message: MessageArguments

    @Option(
        help: ArgumentHelp(
            "What is asked after the prompt or problem, with --chat, such as \"Think step by step, and end with the answer "
                + "after ####.\"", valueName: "text"))
    var instruction: String?

    /// What the arguments say.
    var form: PromptForm { message.form }

    /// What a resumed run must agree with; nothing without --chat.
    var settings: [(String, JSONValue)] {
        guard message.chat else { return [] }
        return [
            ("chat", .bool(true)), ("system", message.system.map { .string($0) } ?? .null),
            ("instruction", instruction.map { .string($0) } ?? .null),
        ]
    }

    func validate() throws {
        guard message.chat || instruction == nil else {
            throw ValidationError("--instruction needs --chat.")
        }
    }
}
