/// Answers with marks around reasoning and calls.

/// Reads answers in which marks tell reasoning and calls from what is said.
struct MarkedResponseReader: Sendable {
    var output = ResponseOutput()
    private let syntax: ResponseSyntax
    private let reader: CallReader?
    private var text = MarkedText()
    private var mode = Mode.text
    /// How long the text must be before it is looked at for a whole call again.
    private var nextAttempt = 0
    private var hasReasoned = false
    /// Whether reasoning ended without its mark, which may still come.
    private var expectsReasoningEnd = false

    private enum Mode: Sendable, Equatable {
        case text
        case reasoning
        /// Before the first of the reasoning.
        case reasoningStart
        /// At the opening mark of a call, which was found in text or in reasoning.
        case call(ResponseOutput.Kind)
        /// Behind a call.
        case afterCall
        /// Where the whole answer may be a call.
        case bare
    }

    init(_ syntax: ResponseSyntax, tools: [ToolDefinition], promptTail: String) {
        self.syntax = syntax
        reader = tools.isEmpty ? nil : syntax.calls.map { CallReader(calls: $0, tools: tools) }
        if let open = syntax.reasoning?.open, promptTail.trimmedSpace.hasSuffix(open) {
            hasReasoned = true
            output.change(to: .reasoning)
            mode = .reasoningStart
        } else if isBare {
            mode = .bare
        }
    }

    private var isBare: Bool {
        switch reader?.calls {
        case .bareJSON, .barePython: true
        default: false
        }
    }

    private var callMarks: [String] {
        guard let reader else { return [] }
        return (syntax.section.map { [$0.open] } ?? []) + reader.openings
    }

    mutating func add(_ bytes: [UInt8]) {
        let before = text.bytes.count
        text.bytes += bytes
        if case .call = mode, !mayEndCall(from: before) { return }
        if mode == .bare, !mayEndCall(from: before) { return }
        while advance(isFinal: false) {}
    }

    mutating func finish() {
        while advance(isFinal: true) {}
        output.finish()
    }

    /// Whether new text may have ended a call. A long call is looked at again only where that is likely, so that its
    /// length costs no square.
    private func mayEndCall(from start: Int) -> Bool {
        guard text.bytes.count > 512 else { return true }
        guard text.bytes.count >= nextAttempt else { return false }
        return text.bytes[start...].contains { byte in
            if let last = reader?.lastByte { return byte == last }
            return byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") || byte == 0x3E
        }
    }

    /// Goes on as far as the text tells; whether something happened.
    private mutating func advance(isFinal: Bool) -> Bool {
        switch mode {
        case .text: return readText(isFinal)
        case .reasoning: return readReasoning(isFinal)
        case .reasoningStart: return startReasoning(isFinal)
        case .call(let kind): return readCall(within: kind, isFinal)
        case .afterCall: return goOnAfterCall(isFinal)
        case .bare: return readBare(isFinal)
        }
    }

    /// Takes text from the front.
    private mutating func drop(_ count: Int) { text.bytes.removeFirst(count) }

    private mutating func say(_ count: Int, _ kind: ResponseOutput.Kind) {
        output.add(text.bytes[..<count], kind)
        drop(count)
    }

    // MARK: Text and reasoning

    private mutating func readText(_ isFinal: Bool) -> Bool {
        var marks = syntax.contentMarks + callMarks
        if let reasoning = syntax.reasoning {
            if !output.hasText, !hasReasoned { marks.append(reasoning.open) }
            if expectsReasoningEnd { marks.append(reasoning.close) }
        }
        if let section = syntax.section, output.hasCalls { marks.append(section.close) }
        let found = text.first(of: marks)
        guard let mark = found.mark else {
            say(isFinal ? text.bytes.count : found.decided, .text)
            return false
        }
        // What comes before reasoning must be blank.
        if mark.text == syntax.reasoning?.open,
            !String(decoding: text.bytes[..<mark.range.lowerBound], as: UTF8.self).trimmedSpace
                .isEmpty
        {
            say(mark.range.upperBound, .text)
            return true
        }
        say(mark.range.lowerBound, .text)
        if mark.text == syntax.reasoning?.open {
            drop(mark.text.utf8.count)
            hasReasoned = true
            output.change(to: .reasoning)
            mode = .reasoningStart
        } else if callMarks.contains(mark.text) {
            beginCall(within: .text)
        } else {
            drop(mark.text.utf8.count)
            if mark.text == syntax.reasoning?.close { expectsReasoningEnd = false }
            if !syntax.contentMarks.contains(mark.text) || !output.hasText {
                output.change(to: .text)
            }
        }
        return true
    }

    private mutating func startReasoning(_ isFinal: Bool) -> Bool {
        var cursor = CallCursor(text.bytes, from: 0, isFinal: isFinal)
        do throws(CallCursor.Stop) {
            cursor.skipSpace()
            if cursor.isAtEnd, !isFinal { return false }
            // Some models write the mark again that the prompt ended with.
            if let open = syntax.reasoning?.open, try cursor.skip(open) { cursor.skipSpace() }
            if let label = syntax.reasoningLabel, try cursor.skip(label + "\n") {}
        } catch {
            guard error == .malformed else { return false }
        }
        drop(cursor.offset)
        mode = .reasoning
        return true
    }

    private mutating func readReasoning(_ isFinal: Bool) -> Bool {
        let close = syntax.reasoning?.close ?? ""
        let found = text.first(of: [close] + callMarks)
        guard let mark = found.mark else {
            say(isFinal ? text.bytes.count : found.decided, .reasoning)
            return false
        }
        say(mark.range.lowerBound, .reasoning)
        if mark.text == close {
            drop(close.utf8.count)
            output.change(to: .text)
            // Empty reasoning may be followed by more.
            hasReasoned = syntax.reasoningLabel == nil
            mode = isBare ? .bare : .text
        } else {
            beginCall(within: .reasoning)
        }
        return true
    }

    // MARK: Calls

    private mutating func beginCall(within kind: ResponseOutput.Kind) {
        nextAttempt = 0
        mode = .call(kind)
    }

    private mutating func readCall(within kind: ResponseOutput.Kind, _ isFinal: Bool) -> Bool {
        guard let reader, !text.bytes.isEmpty else {
            mode = .text
            return false
        }
        var cursor = CallCursor(text.bytes, from: 0, isFinal: isFinal)
        do throws(CallCursor.Stop) {
            if let section = syntax.section, try cursor.skip(section.open) { cursor.skipSpace() }
            let calls = try reader.read(&cursor)
            take(calls, to: cursor.offset)
            if kind == .reasoning { expectsReasoningEnd = true }
            return true
        } catch {
            if error == .incomplete, !isFinal {
                nextAttempt = text.bytes.count + text.bytes.count / 16
                return false
            }
        }
        // The mark is none: it is text, and what follows it is looked at anew.
        let mark = callMarks.first { text.bytes.starts(with: $0.utf8) } ?? ""
        say(max(1, mark.utf8.count), kind)
        mode = kind == .text ? .text : .reasoning
        return true
    }

    private mutating func take(_ calls: [ReadCall], to offset: Int) {
        for call in calls { output.add(call) }
        drop(offset)
        nextAttempt = 0
        mode = .afterCall
    }

    private mutating func goOnAfterCall(_ isFinal: Bool) -> Bool {
        var cursor = CallCursor(text.bytes, from: 0, isFinal: isFinal)
        do throws(CallCursor.Stop) {
            cursor.skipSpace()
            if isBare, try cursor.skip(";") { cursor.skipSpace() }
            if cursor.isAtEnd, !isFinal { return false }
            if let section = syntax.section, try cursor.skip(section.close) {
                drop(cursor.offset)
                mode = .text
                return true
            }
        } catch {
            guard error == .malformed else { return false }
        }
        drop(cursor.offset)
        mode = isBare ? .bare : .text
        return true
    }

    private mutating func readBare(_ isFinal: Bool) -> Bool {
        guard let reader else {
            mode = .text
            return true
        }
        var cursor = CallCursor(text.bytes, from: 0, isFinal: isFinal)
        cursor.skipSpace()
        if cursor.isAtEnd, !isFinal { return false }
        do throws(CallCursor.Stop) {
            // Reasoning comes first, where there is any.
            if let open = syntax.reasoning?.open, !hasReasoned, try cursor.stands(open) {
                mode = .text
                return true
            }
            let calls = try reader.read(&cursor)
            take(calls, to: cursor.offset)
        } catch {
            if error == .incomplete, !isFinal {
                nextAttempt = text.bytes.count + text.bytes.count / 16
                return false
            }
            mode = .text
        }
        return true
    }
}
