/// Whether a prompt is a text or a message.

import ArgumentParser
import Martlet

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
