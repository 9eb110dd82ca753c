/// `martlet chat`: a conversation in the terminal.

import ArgumentParser
import Foundation
import Martlet
import MartletFormats

struct Chat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Talks with a model.",
        discussion: """
            The model is asked through its chat template. A line is a message; one that ends in \\ goes on in the \
            next line, and \"\"\" begins and ends a message of several lines. Standard input that \
            is no terminal is read the same way, or with --whole as one message. Answers go to standard output. \
            After each answer a line on standard error says how fast it came and what the cache holds.

            What the model thinks is one dimmed row in a terminal, with the number of tokens and the last words, and \
            in the end a line that says how long it thought; /thoughts shows all of it. Elsewhere thoughts are left \
            out. With --show-thoughts they are shown in full: dimmed in a terminal, elsewhere between lines <think> \
            and </think>.

            In a terminal lines can be edited: arrows, Home, End, Ctrl-A, E, B, F, K, U, W, Y and L, Alt-B, F and D; tab \
            completes commands. Up and down show earlier messages and Ctrl-R searches them, also those of earlier runs, which are kept in ~/.local/state/martlet/chat_history (or in \
            $XDG_STATE_HOME) unless --no-history is given. A pasted text of several lines is one message. What is typed \
            or pasted while an answer comes stands at the next prompt, to be sent with Enter.

            With --tools the model may call tools. A call is a line that begins with →, and the next message, or one \
            for each call, is what the tool gives for it.

            Ctrl-C stops an answer, and at the prompt clears the line; while the model is read, and where the messages \
            come from no terminal, it ends the program. Ctrl-D on an empty line leaves. Commands begin with /, see /help.

            Example:
              martlet chat path/to/model --system "Be brief." --cache "window(sinks=4, recent=2048)"
              echo "What is a martlet?" | martlet chat path/to/model
            """)

    @Argument(help: "A directory in the Hugging Face layout, builtin, or random:SHAPE.")
    var model: String

    @OptionGroup var loading: LoadingArguments
    @OptionGroup var cache: CacheArguments
    @OptionGroup var memory: MemoryArguments
    @OptionGroup var sampling: SamplingArguments
    @OptionGroup var constraint: ConstraintArguments

    @Option(help: ArgumentHelp("What the model is told before.", valueName: "text"))
    var system: String?

    @OptionGroup var toolFile: ToolArguments

    @Flag(help: "All of standard input is one message.")
    var whole = false

    @Flag(inversion: .prefixedNo, help: "Whether a model that can think before it answers does.")
    var think: Bool?

    @Flag(help: "Show in full what the model thinks.")
    var showThoughts = false

    @Flag(help: "Print one JSON object for each answer, and nothing else.")
    var json = false

    @Flag(
        inversion: .prefixedNo,
        help: "Whether what you type is kept for later runs, in a file that only you can read.")
    var history = true

    func validate() throws {
        guard sampling.logprobs == nil else {
            throw ValidationError("--logprobs is not available in a conversation; see generate.")
        }
        guard constraint.jsonSchema != "-", constraint.grammar != "-" else {
            throw ValidationError("- would read the messages; give the constraint as a file.")
        }
    }

    func run() async throws {
        let isInteractive = !json && !whole && ChatInput.isTerminal
        let input = ChatInput(
            isInteractive: isInteractive,
            reader: isInteractive && LineReader.isPossible ? makeReader() : nil)
        let beforeAll = input.readAhead()
        let loaded = try await LoadedModel.load(
            model, options: ModelOptions(loading, cache))
        // While the model was read there was nothing to keep: Ctrl-C ended the program.
        let interrupts = ChatInterrupts.listening(isInteractive: isInteractive)
        loaded.noteWhatCounts()
        if !json { loaded.noteLossyMethods() }
        if loaded.chatTemplate == nil {
            var unused = UnusedOptions()
            unused.add("--tools", toolFile.tools != nil)
            unused.add(think == false ? "--no-think" : "--think", think != nil)
            unused.add("--show-thoughts", showThoughts)
            try unused.refuse("\(excerpt(model)) has no chat template.")
            StandardStreams.note("\(model) has no chat template: it continues plain text.")
        }
        var promptOptions = PromptOptions()
        promptOptions.thinks = think
        var conversation = try await ChatConversation(
            loaded, budgetBytes: memory.memory?.bytes, options: try options(loaded),
            promptOptions: promptOptions, tools: try toolFile.definitions(),
            view: ChatView(isJSON: json, showsThoughts: showThoughts), interrupts: interrupts)
        if let system { conversation.messages = [Message(.system, system)] }
        await beforeAll?.stop()
        // Where nobody types, a signal that came meanwhile is not waited over.
        if !isInteractive { Interruption.exitIfReceived() }
        if whole {
            let bytes = try await interrupts.reading { try TextFile.read("-") }
            try await conversation.ask(String(decoding: bytes, as: UTF8.self))
            Interruption.exitIfReceived()
            ExitStatus.success.exit()
        }
        if input.isInteractive { StandardStreams.writeError("/help lists the commands.\n") }
        while !conversation.isOver,
            let line = try await interrupts.reading({ try await input.message(conversation.prompt) }
            )
        {
            guard !line.isEmpty else { continue }
            let ahead = input.readAhead()
            do throws(MartletError) { try await conversation.take(line) } catch {
                // At a terminal a refused message is no reason to lose the conversation.
                guard input.isInteractive else { throw error }
                StandardStreams.note(OptionNames.message(of: error))
            }
            await ahead?.stop()
            if !input.isInteractive { Interruption.exitIfReceived() }
        }
        ExitStatus.success.exit()
    }

    private func makeReader() -> LineReader {
        let file = MessageHistory.userFile(ProcessInfo.processInfo.environment)
        return LineReader(
            history: MessageHistory(path: history ? file : nil),
            commands: ChatCommand.names)
    }

    private func options(_ loaded: LoadedModel) throws(MartletError) -> GenerationOptions {
        var options = sampling.options(seed: loading.seed)
        options.constraint = try constraint.constraint()
        options.adapter = loading.adapters.chosen
        options.usualMaximumTokens = loaded.usualCompletionTokens
        return options
    }
}
