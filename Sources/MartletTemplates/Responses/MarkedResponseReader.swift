/// Answers with marks around reasoning and calls.

/// Reads answers in which marks tell reasoning and calls from what is said.
struct MarkedResponseReader: Sendable {
    var output = ResponseOutput()
    private let syntax: ResponseSyntax
    private let reader: CallReader?
    private let marks: Marks
    private var text = MarkedText()
    private var mode = Mode.text
    private var announcer = CallAnnouncer()
    private var pacing = Pacing()
    /// How many bytes were looked at in what turned out to be no call.
    private var wasted = 0
    private var hasReasoned = false
    /// Whether reasoning ended without its mark, which may still come.
    private var expectsReasoningEnd = false

    /// How many bytes were looked at, all in all: it grows with the answer, not with its square.
    var examined: Int { text.examined }

    /// The family's marks.
    private struct Marks: Sendable {
        let content: [Mark]
        let calls: [Mark]
        let sectionEnd: Mark?
        let reasoning: (open: Mark, close: Mark)?
    }

    private enum Mode: Sendable, Equatable {
        case text
        case reasoning
        /// Before the first of the reasoning.
        case reasoningStart
        /// At the opening mark of a call, which was found in text or in reasoning.
        case call(ResponseOutput.Kind)
        /// Behind a call.
        case afterCall(isSeparated: Bool)
        /// Where the whole answer may be a call.
        case bare
    }

    init(_ syntax: ResponseSyntax, tools: [ToolDefinition], promptTail: String) {
        self.syntax = syntax
        let reader =
            tools.isEmpty ? nil : syntax.calls.map { CallReader(calls: $0, tools: tools) }
        self.reader = reader
        let openings = reader.map { (syntax.section.map { [$0.open] } ?? []) + $0.openings } ?? []
        marks = Marks(
            content: syntax.contentMarks.map(Mark.init), calls: openings.map(Mark.init),
            sectionEnd: syntax.section.map { Mark($0.close) },
            reasoning: syntax.reasoning.map { (Mark($0.open), Mark($0.close)) })
        if syntax.isReasoning(after: promptTail) {
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

    mutating func add(_ bytes: [UInt8]) {
        text.append(bytes)
        switch mode {
        case .call, .bare: guard isDue(bytes) else { return }
        default: break
        }
        while advance(isFinal: false) {}
    }

    mutating func finish() {
        while advance(isFinal: true) {}
        output.finish()
    }

    private mutating func isDue(_ new: [UInt8]) -> Bool {
        let mayEnd = new.contains { byte in
            if let last = reader?.lastByte { return byte == last }
            return byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
                || byte == UInt8(ascii: ">")
        }
        return pacing.isDue(text.count, new: new.count, mayEnd: mayEnd)
    }

    /// Whether a mark may open a call. An answer full of marks that open none is not looked through again for each: there
    /// are no calls in it then.
    private var mayTryCall: Bool { wasted <= 4 * text.position + 16_384 }

    /// Goes on as far as the text tells; whether something happened.
    private mutating func advance(isFinal: Bool) -> Bool {
        switch mode {
        case .text: return readText(isFinal)
        case .reasoning: return readReasoning(isFinal)
        case .reasoningStart: return startReasoning(isFinal)
        case .call(let kind): return readCall(within: kind, isFinal)
        case .afterCall(let isSeparated): return goOnAfterCall(isSeparated, isFinal)
        case .bare: return readBare(isFinal)
        }
    }

    /// Takes text from the front.
    private mutating func drop(_ count: Int) { text.drop(count) }

    private mutating func say(_ count: Int, _ kind: ResponseOutput.Kind) {
        output.add(text.rest.prefix(count), kind)
        drop(count)
    }

    // MARK: Text and reasoning

    private mutating func readText(_ isFinal: Bool) -> Bool {
        var wanted = marks.content + marks.calls
        if let reasoning = marks.reasoning {
            if !output.hasText, !hasReasoned { wanted.append(reasoning.open) }
            if expectsReasoningEnd { wanted.append(reasoning.close) }
        }
        if let end = marks.sectionEnd, output.hasCalls { wanted.append(end) }
        let found = text.first(of: wanted)
        guard let mark = found.mark else {
            say(isFinal ? text.count : found.decided, .text)
            return false
        }
        // What comes before reasoning must be blank.
        let isReasoning = mark.text == marks.reasoning?.open
        if isReasoning,
            !String(decoding: text.rest.prefix(mark.start), as: UTF8.self).trimmedSpace.isEmpty
        {
            say(mark.end, .text)
            return true
        }
        say(mark.start, .text)
        if isReasoning {
            drop(mark.text.bytes.count)
            hasReasoned = true
            output.change(to: .reasoning)
            mode = .reasoningStart
        } else if marks.calls.contains(mark.text) {
            beginCall(mark.text, within: .text)
        } else {
            drop(mark.text.bytes.count)
            if mark.text == marks.reasoning?.close { expectsReasoningEnd = false }
            if !marks.content.contains(mark.text) || !output.hasText {
                output.change(to: .text)
            }
        }
        return true
    }

    /// Reads from the front.
    private func cursor(_ isFinal: Bool) -> CallCursor {
        CallCursor(text.bytes, from: text.front, isFinal: isFinal)
    }

    private mutating func startReasoning(_ isFinal: Bool) -> Bool {
        var cursor = self.cursor(isFinal)
        do throws(CallCursor.Stop) {
            cursor.skipSpace()
            drop(cursor.offset - text.front)
            if cursor.isAtEnd, !isFinal { return false }
            // Some models write the mark again that the prompt ended with.
            if let open = syntax.reasoning?.open, try cursor.skip(open) { cursor.skipSpace() }
            if let label = syntax.reasoningLabel, try cursor.skip(label + "\n") {}
        } catch {
            guard error == .malformed else { return false }
        }
        drop(cursor.offset - text.front)
        mode = .reasoning
        return true
    }

    private mutating func readReasoning(_ isFinal: Bool) -> Bool {
        let close = marks.reasoning?.close
        let found = text.first(of: (close.map { [$0] } ?? []) + marks.calls)
        guard let mark = found.mark else {
            say(isFinal ? text.count : found.decided, .reasoning)
            return false
        }
        say(mark.start, .reasoning)
        if mark.text == close {
            drop(mark.text.bytes.count)
            output.change(to: .text)
            // Empty reasoning may be followed by more.
            hasReasoned = syntax.reasoningLabel == nil
            mode = isBare ? .bare : .text
        } else {
            beginCall(mark.text, within: .reasoning)
        }
        return true
    }

    // MARK: Calls

    private mutating func beginCall(_ mark: Mark, within kind: ResponseOutput.Kind) {
        guard mayTryCall else { return say(mark.bytes.count, kind) }
        pacing = Pacing()
        mode = .call(kind)
    }

    private mutating func readCall(within kind: ResponseOutput.Kind, _ isFinal: Bool) -> Bool {
        guard let reader, !text.isEmpty else {
            mode = .text
            return false
        }
        var cursor = self.cursor(isFinal)
        do throws(CallCursor.Stop) {
            if let section = syntax.section, try cursor.skip(section.open) { cursor.skipSpace() }
            let calls = try reader.read(&cursor)
            take(calls, cursor)
            if kind == .reasoning { expectsReasoningEnd = true }
            return true
        } catch {
            if isUndecided(error, cursor) { return false }
        }
        // The mark is none: it is text, and what follows it is looked at anew.
        let mark = marks.calls.first { text.rest.starts(with: $0.bytes) }
        say(max(1, mark?.bytes.count ?? 0), kind)
        mode = kind == .text ? .text : .reasoning
        return true
    }

    /// Whether more text is needed to tell; what is known of the calls is told. Where it is none, that is taken back.
    private mutating func isUndecided(_ stop: CallCursor.Stop, _ cursor: CallCursor) -> Bool {
        let looked = cursor.reach - text.front
        text.note(examined: looked)
        guard stop == .malformed else {
            announcer.tell(cursor.progress, &output)
            return true
        }
        wasted += looked
        announcer.withdraw(&output)
        return false
    }

    private mutating func take(_ calls: [ReadCall], _ cursor: CallCursor) {
        announcer.complete(calls, &output)
        text.note(examined: cursor.reach - text.front)
        drop(cursor.offset - text.front)
        pacing = Pacing()
        mode = .afterCall(isSeparated: false)
    }

    private mutating func goOnAfterCall(_ isSeparated: Bool, _ isFinal: Bool) -> Bool {
        var cursor = self.cursor(isFinal)
        do throws(CallCursor.Stop) {
            cursor.skipSpace()
            drop(cursor.offset - text.front)
            if isBare, !isSeparated, try cursor.skip(";") {
                mode = .afterCall(isSeparated: true)
                drop(cursor.offset - text.front)
                return true
            }
            if cursor.isAtEnd, !isFinal { return false }
            if let section = syntax.section, try cursor.skip(section.close) {
                drop(cursor.offset - text.front)
                mode = .text
                return true
            }
        } catch {
            guard error == .malformed else { return false }
        }
        mode = isBare ? .bare : .text
        return true
    }

    private mutating func readBare(_ isFinal: Bool) -> Bool {
        guard let reader else {
            mode = .text
            return true
        }
        var cursor = self.cursor(isFinal)
        cursor.skipSpace()
        if cursor.isAtEnd, !isFinal { return false }
        do throws(CallCursor.Stop) {
            // Reasoning comes first, where there is any.
            if let open = syntax.reasoning?.open, !hasReasoned, try cursor.stands(open) {
                mode = .text
                return true
            }
            take(try reader.read(&cursor), cursor)
        } catch {
            if isUndecided(error, cursor) { return false }
            mode = .text
        }
        return true
    }
}
