/// What a conversation shows: answers, thoughts, and what they took.

import Foundation
import Martlet
import Synchronization

/// Prints answers as they come.
final class ChatView: Sendable {
    /// What is shown of thoughts.
    enum Thoughts: Sendable {
        case hidden
        /// One row that changes; a sentence when they end.
        case folded
        /// All of them, dimmed or between marks.
        case whole
    }

    private struct State {
        /// Nil where thoughts are not folded.
        var fold: ThoughtFold?
        /// Whether thoughts are being shown as a whole.
        var isThinking = false
        var hasWritten = false
        /// Whether the last line that was written has no end yet.
        var isInLine = false
    }

    private let isJSON: Bool
    private let style: TerminalStyle
    private let thoughts: Thoughts
    private let state: Mutex<State>

    /// - Parameters:
    ///   - isJSON: whether each answer is an object of JSON.
    ///   - showsThoughts: whether thoughts are shown as a whole.
    init(
        isJSON: Bool, showsThoughts: Bool = false, style: TerminalStyle = .ofOutput
    ) {
        self.isJSON = isJSON
        self.style = style
        let fold = showsThoughts ? nil : ThoughtFold(style: style)
        thoughts = showsThoughts ? .whole : fold == nil ? .hidden : .folded
        state = Mutex(State(fold: fold))
    }

    /// Prints a piece.
    func show(_ part: ResponsePart) {
        guard !isJSON else { return }
        let shown = state.withLock { state in
            text(of: part, TerminalStyle.columns(of: STDOUT_FILENO), &state)
        }
        if !shown.isEmpty { StandardStreams.write(shown) }
    }

    private func text(of part: ResponsePart, _ columns: Int, _ state: inout State) -> String {
        var output = ""
        switch thoughts {
        case .hidden: break
        case .folded:
            if !part.reasoning.isEmpty, state.fold?.isOpen == false, state.isInLine {
                output += "\n"
            }
            output += state.fold?.add(part, columns: columns) ?? ""
        case .whole:
            if !part.reasoning.isEmpty {
                if !state.isThinking { output += opened(state) }
                state.isThinking = true
                // Each piece by itself: what stops the process leaves a terminal that is not dimmed.
                output += style.dimmed(style.shown(part.reasoning))
                state.isInLine = true
            }
            if !part.text.isEmpty || !part.toolCalls.isEmpty { output += closed(&state) }
        }
        if !part.text.isEmpty {
            state.isInLine = part.text.last?.isNewline != true
            output += style.shown(part.text)
        }
        for call in part.toolCalls {
            output +=
                (state.isInLine ? "\n" : "") + style.shown("→ \(call.name) \(call.arguments)")
                + "\n"
            state.isInLine = false
        }
        if !output.isEmpty { state.hasWritten = true }
        return output
    }

    private func opened(_ state: State) -> String {
        (state.isInLine ? "\n" : "") + (style.takesColor ? "" : Self.marks.open + "\n")
    }

    private func closed(_ state: inout State) -> String {
        guard state.isThinking else { return "" }
        (state.isThinking, state.isInLine) = (false, false)
        return (style.takesColor ? "\n" : "\n" + Self.marks.close + "\n") + "\n"
    }

    /// What stands around thoughts where they cannot be dimmed.
    private static let marks = (open: "<think>", close: "</think>")

    /// Prints thoughts as a whole.
    func showThoughts(_ text: String) {
        StandardStreams.write(style.dimmed(style.shown(text)) + "\n")
    }

    /// Ends the lines of an answer.
    func end() {
        guard !isJSON else { return }
        let end = state.withLock { state in
            defer { (state.isInLine, state.hasWritten) = (false, false) }
            return closed(&state) + (state.fold?.end() ?? "")
                + (state.isInLine || !state.hasWritten ? "\n" : "")
        }
        StandardStreams.write(end)
    }

    /// Ends an answer, with a line about it.
    func finish(_ response: Response, of loaded: LoadedModel, adapter: String?) {
        guard !isJSON else { return json(response, of: loaded, adapter: adapter).print() }
        end()
        let usage = response.usage
        var parts = ["\(usage.completionTokens) tokens"]
        if let rate = [response].tokensPerSecond {
            parts.append("\((rate * 10).rounded() / 10) a second")
        }
        parts.append("\(Columns.bytes(usage.cacheBytes)) of cache held")
        let beside = loaded.model.adapterBytes
        if beside > 0 { parts.append("\(Columns.bytes(beside)) of adapters") }
        parts.append("prompt of \(usage.promptTokens), \(usage.cachedPromptTokens) reused")
        if let adapter { parts.append("adapter \(adapter)") }
        if response.finishReason != .stop { parts.append("ended by \(response.finishReason)") }
        let line = "[" + parts.joined(separator: ", ") + "]"
        StandardStreams.writeError(TerminalStyle.ofError.dimmed(line) + "\n")
    }

    private func json(_ response: Response, of loaded: LoadedModel, adapter: String?) -> JSONLine {
        let usage = response.usage
        var line = JSONLine()
        line.set("text", response.text)
        line.set("reasoning", response.reasoning)
        line.set("toolCalls", response.toolCalls.json)
        line.set("finishReason", response.finishReason.rawValue)
        line.set("promptTokens", usage.promptTokens)
        line.set("cachedPromptTokens", usage.cachedPromptTokens)
        line.set("completionTokens", usage.completionTokens)
        line.set("tokensPerSecond", [response].tokensPerSecond)
        line.set("cacheBytes", usage.cacheBytes)
        line.set(loaded, adapter: adapter)
        return line
    }
}
