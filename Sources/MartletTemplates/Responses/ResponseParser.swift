/// Reads an answer as it comes: what the model thinks, what it says, and which tools it calls.

import MartletJSON

/// A piece of an answer.
public enum ResponseEvent: Sendable, Hashable {
    /// More of what the model says.
    case text(String)
    /// More of what the model thinks.
    case reasoning(String)
    /// More of a call that may not be complete; provisional, as only its end tells whether it is one.
    case callDelta(ToolCallDelta)
    /// A call, whole: it parses, whatever comes after it. Its deltas have told all of it.
    case call(ToolCall)
}

/// Reads one answer, in pieces of any size.
///
/// However the text is cut into pieces, the events joined are the same, and but for deltas of calls none is ever taken back. What
/// looks like a call and is none is given as text: nothing is lost. The text must have the model's special tokens in it.
public struct ResponseParser: Sendable {
    private enum Reader: Sendable {
        case marked(MarkedResponseReader)
        case harmony(HarmonyReader)
    }

    private var reader: Reader
    private let makeIdentifier: @Sendable () -> String

    init(
        _ syntax: ResponseSyntax, tools: [ToolDefinition], promptTail: String = "",
        makeIdentifier: @escaping @Sendable () -> String = CallIdentifier.random
    ) {
        reader =
            syntax.calls == .harmony
            ? .harmony(HarmonyReader(readsCalls: !tools.isEmpty))
            : .marked(MarkedResponseReader(syntax, tools: tools, promptTail: promptTail))
        self.makeIdentifier = makeIdentifier
    }

    /// What more text of the answer tells.
    public mutating func add(_ text: String) -> [ResponseEvent] {
        switch reader {
        case .marked(var inner):
            reader = .harmony(HarmonyReader(readsCalls: false))
            inner.add(Array(text.utf8))
            defer { reader = .marked(inner) }
            return take(&inner.output)
        case .harmony(var inner):
            reader = .harmony(HarmonyReader(readsCalls: false))
            inner.add(Array(text.utf8))
            defer { reader = .harmony(inner) }
            return take(&inner.output)
        }
    }

    /// What is left when the answer ends.
    public mutating func finish() -> [ResponseEvent] {
        switch reader {
        case .marked(var inner):
            inner.finish()
            defer { reader = .marked(inner) }
            return take(&inner.output)
        case .harmony(var inner):
            inner.finish()
            defer { reader = .harmony(inner) }
            return take(&inner.output)
        }
    }

    /// How many bytes were looked at so far: reading must not take longer than in proportion to the answer.
    var examined: Int {
        switch reader {
        case .marked(let inner): inner.examined
        case .harmony(let inner): inner.examined
        }
    }

    private func take(_ output: inout ResponseOutput) -> [ResponseEvent] {
        defer { output.pieces = [] }
        return output.pieces.map { piece in
            switch piece {
            case .text(let bytes): .text(String(decoding: bytes, as: UTF8.self))
            case .reasoning(let bytes): .reasoning(String(decoding: bytes, as: UTF8.self))
            case .delta(let delta): .callDelta(delta)
            case .call(let call):
                .call(
                    ToolCall(
                        id: call.id ?? makeIdentifier(), name: call.name,
                        arguments: String(
                            decoding: JSONValue.object(call.arguments).serialized(), as: UTF8.self)
                    ))
            }
        }
    }
}
