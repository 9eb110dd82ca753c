// A conversation's tokens and their weights, turn by turn.

import Foundation
import MartletJSON
import MartletTemplates
import MartletTokenizers

/// Puts conversations into a chat format so that every answer has the tokens it would have when generated: what comes
/// before it is encoded as the prompt that it answers, and it is encoded behind that.
struct ConversationEncoder {
    let format: ChatFormat
    let tokenizer: Tokenizer
    let promptWeight: Float

    /// What is wrong with a conversation, and what to do.
    struct Refusal: Error {
        let reason: String
    }

    /// The conversation that a line holds.
    static func messages(of bytes: Data) throws(Refusal) -> [Message] {
        guard let line = (try? JSONValue.parse([UInt8](bytes)))?.objectValue else {
            throw Refusal(reason: "got what is not a JSON object, expected one on each line")
        }
        if line["messages"] == nil, let prompt = line["prompt"]?.stringValue,
            let completion = line["completion"]?.stringValue
        {
            return [Message(.user, prompt), Message(.assistant, completion)]
        }
        guard let list = line["messages"]?.arrayValue, !list.isEmpty else {
            throw Refusal(
                reason:
                    "got the keys \(line.keys.joined(separator: ", ")), expected messages, or prompt and "
                    + "completion; correct the line")
        }
        var messages: [Message] = []
        for value in list {
            guard let object = value.objectValue,
                let role = object["role"]?.stringValue.flatMap(Message.Role.init(rawValue:)),
                let content = object["content"]?.stringValue
            else {
                throw Refusal(
                    reason:
                        "message \(messages.count + 1) has no role and content, expected texts, the role one of "
                        + Message.Role.allCases.map(\.rawValue).joined(separator: ", "))
            }
            let known: Set<String> = ["role", "content", "reasoning_content", "reasoning", "name"]
            if let other = object.keys.first(where: { !known.contains($0) }) {
                throw Refusal(
                    reason:
                        "message \(messages.count + 1) has \(other), which is not trained on; leave it out"
                )
            }
            let reasoning =
                object["reasoning_content"]?.stringValue ?? object["reasoning"]?.stringValue
            messages.append(Message(role, content, reasoning: reasoning))
        }
        return messages
    }

    /// The example of a conversation, up to its last answer.
    func example(_ messages: [Message]) throws(Refusal) -> TrainingExample {
        let answers = messages.indices.filter { messages[$0].role == .assistant }
        guard let last = answers.last else {
            throw Refusal(reason: "nothing is said by the assistant, expected an answer to learn")
        }
        // Some templates leave the thoughts of earlier turns out: what was said then is prompt now.
        if let all = try example(messages, answers: answers) { return all }
        if let one = try example(messages, answers: [last]) { return one }
        throw Refusal(
            reason:
                "its template does not put an answer behind the prompt that it answers; give text instead"
        )
    }

    /// Nil where a rendered conversation does not begin with the one before.
    private func example(
        _ messages: [Message], answers: [Int]
    ) throws(Refusal) -> TrainingExample? {
        var (tokens, weights): ([Int32], [Float]) = ([], [])
        var written = RenderedBytes()
        for answer in answers {
            let prompt = try rendered(Array(messages[..<answer]), asksForAnswer: true)
            let whole = try rendered(Array(messages[...answer]), asksForAnswer: false)
            for (text, weight) in [(prompt, promptWeight), (whole, 1)] {
                guard text.bytes.starts(with: written.bytes) else { return nil }
                let piece = try piece(of: text, behind: written, tokens)
                tokens += piece
                weights += piece.map { _ in weight }
                written = text
            }
        }
        return TrainingExample(tokens: tokens, weights: weights)
    }

    /// The tokens of what a text has beyond an earlier one: read behind it, where that leaves its tokens as they are, because
    /// some tokenizers mark the beginning of a text; by itself where the two grow together.
    private func piece(
        of text: RenderedBytes, behind earlier: RenderedBytes, _ tokens: [Int32]
    ) throws(Refusal) -> [Int32] {
        let whole = try encode(text)
        if whole.starts(with: tokens) { return Array(whole.dropFirst(tokens.count)) }
        return try encode(text.suffix(from: earlier.bytes.count))
    }

    private func rendered(
        _ messages: [Message], asksForAnswer: Bool
    ) throws(Refusal) -> RenderedBytes {
        var options = PromptOptions()
        options.asksForAnswer = asksForAnswer
        do throws(TemplateError) {
            return RenderedBytes(try format.prompt(messages, options: options))
        } catch { throw Refusal(reason: "\(error)") }
    }

    private func encode(_ text: RenderedBytes) throws(Refusal) -> [Int32] {
        do throws(TokenizerError) {
            return try tokenizer.encode(utf8: text.bytes, literal: text.literal)
        } catch { throw Refusal(reason: "\(error)") }
    }
}

/// A rendered conversation, and which of its bytes somebody said.
private struct RenderedBytes {
    var bytes: [UInt8] = []
    var literal: [Range<Int>] = []

    init() {}

    init(_ prompt: RenderedPrompt) {
        for segment in prompt.segments {
            let start = bytes.count
            bytes += segment.text.utf8
            if segment.fromInput { literal.append(start..<bytes.count) }
        }
    }

    func suffix(from start: Int) -> RenderedBytes {
        var rest = RenderedBytes()
        rest.bytes = Array(bytes[start...])
        for range in literal where range.upperBound > start {
            rest.literal.append(max(0, range.lowerBound - start)..<range.upperBound - start)
        }
        return rest
    }
}
