/// What a conversation shows: answers, thoughts, and what they took.

import Martlet
import Synchronization

/// Prints answers as they come.
final class ChatView: Sendable {
    private let isJSON: Bool
    private let isThinking = Mutex(false)
    private let isTerminal = StandardStreams.outputIsTerminal

    init(isJSON: Bool) { self.isJSON = isJSON }

    /// Prints a piece. Thoughts are dimmed, and left out where standard output is no terminal.
    func show(_ part: ResponsePart) {
        guard !isJSON else { return }
        if isTerminal, !part.reasoning.isEmpty {
            if begin(thinking: true) { StandardStreams.write("\u{1B}[2m") }
            StandardStreams.write(part.reasoning)
        }
        if !part.text.isEmpty {
            if begin(thinking: false) { StandardStreams.write("\u{1B}[0m\n\n") }
            StandardStreams.write(part.text)
        }
    }

    /// Returns whether that is a change.
    private func begin(thinking: Bool) -> Bool {
        isThinking.withLock { state in
            defer { state = thinking }
            return state != thinking
        }
    }

    /// Ends an answer, with a line about it.
    func finish(_ response: Response, of loaded: LoadedModel, adapter: String?) {
        let usage = response.usage
        let rate = [response].tokensPerSecond
        guard !isJSON else {
            var line = JSONLine()
            line.set("text", response.text)
            line.set("reasoning", response.reasoning)
            line.set("finishReason", response.finishReason.rawValue)
            line.set("promptTokens", usage.promptTokens)
            line.set("cachedPromptTokens", usage.cachedPromptTokens)
            line.set("completionTokens", usage.completionTokens)
            line.set("tokensPerSecond", rate)
            line.set("cacheBytes", usage.cacheBytes)
            line.set(loaded, adapter: adapter)
            line.print()
            return
        }
        if begin(thinking: false) { StandardStreams.write("\u{1B}[0m") }
        StandardStreams.write("\n")
        var parts = ["\(usage.completionTokens) tokens"]
        if let rate { parts.append("\((rate * 10).rounded() / 10) a second") }
        parts.append("\((Double(usage.cacheBytes) / 1e5).rounded() / 10) MB of cache held")
        let beside = loaded.model.adapterBytes
        if beside > 0 { parts.append("\((Double(beside) / 1e5).rounded() / 10) MB of adapters") }
        parts.append("prompt of \(usage.promptTokens), \(usage.cachedPromptTokens) reused")
        if let adapter { parts.append("adapter \(adapter)") }
        if response.finishReason != .stop { parts.append("ended by \(response.finishReason)") }
        let line = "[" + parts.joined(separator: ", ") + "]"
        let isDim = StandardStreams.errorIsTerminal
        StandardStreams.writeError(isDim ? "\u{1B}[2m\(line)\u{1B}[0m\n" : line + "\n")
    }
}
