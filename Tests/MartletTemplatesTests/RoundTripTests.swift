/// What a template writes as an answer is read back as the same answer. Needs data that is not in the repository.

import Foundation
import MartletJSON
import Testing

@testable import MartletTemplates

@Suite("Templates and answers", .enabled(if: TemplateData.isThere))
struct RoundTripTests {
    private static let tools = ResponseCase.tools
    private static let question = Message(.user, "question")

    /// The text that a template writes as an answer, without what ends a turn; nil where it does not write it after the
    /// prompt.
    private static func tail(of answer: Message, _ format: ChatFormat) -> (String, RenderedPrompt)?
    {
        var closed = PromptOptions()
        closed.asksForAnswer = false
        func written(_ message: Message) -> (String, RenderedPrompt)? {
            guard
                let prompt = try? format.prompt([question], tools: tools),
                let whole = try? format.prompt([question, message], tools: tools, options: closed)
            else { return nil }
            let (start, text) = (Array(prompt.text.utf8), Array(whole.text.utf8))
            guard text.starts(with: start) else { return nil }
            return (String(decoding: text.dropFirst(start.count), as: UTF8.self), prompt)
        }
        guard let plain = written(Message(.assistant, "plainword")), let found = written(answer),
            let word = plain.0.range(of: "plainword")
        else { return nil }
        let end = String(plain.0[word.upperBound...])
        let text = found.0.hasSuffix(end) ? String(found.0.dropLast(end.count)) : found.0
        return (text, found.1)
    }

    /// Arguments in one order of their keys, since some templates sort them.
    private static func sorted(_ calls: [ToolCall]) -> [String] {
        calls.map { call in
            let members = (try? JSONValue.parse(Array(call.arguments.utf8)))?.objectValue?.members
            return call.name
                + (members ?? []).sorted { $0.key < $1.key }
                .map { "\($0.key)=\($0.value.summary)" }.joined(separator: ",")
        }
    }

    @Test("A call that a template writes is read back")
    func callsAreReadBack() throws {
        var generator = SplitMix(state: 23)
        var read = 0
        for name in TemplateData.names {
            let format = try ChatFormat(
                template: try TemplateData.template(name),
                specialTokens: ["bos_token": "<s>", "eos_token": "</s>"], name: name)
            guard format.syntax.calls != nil else { continue }
            for calls in [
                [ToolCall(id: "abcdefghi", name: "f", arguments: #"{"s":"x y","n":2}"#)],
                [
                    ToolCall(id: "abcdefghi", name: "f", arguments: #"{"s":"it's \"q\"\nb"}"#),
                    ToolCall(id: "jklmnopqr", name: "g", arguments: #"{"n":-1}"#),
                ],
            ] {
                let answer = Message(.assistant, "", toolCalls: calls)
                // Some templates leave the calls of earlier answers out.
                guard let (text, prompt) = Self.tail(of: answer, format), !text.isEmpty else {
                    continue
                }
                let scalars = text.unicodeScalars.map { String(Character($0)) }
                var pieces: [String] = []
                var place = 0
                while place < scalars.count {
                    let count = min(1 + generator.below(12), scalars.count - place)
                    pieces.append(scalars[place..<place + count].joined())
                    place += count
                }
                var parser = format.parser(answering: prompt, tools: Self.tools)
                var events: [ResponseEvent] = []
                for piece in pieces { events += parser.add(piece) }
                events += parser.finish()
                let found = events.compactMap { event -> ToolCall? in
                    if case .call(let call) = event { call } else { nil }
                }
                #expect(
                    Self.sorted(found) == Self.sorted(calls),
                    "\(name) (\(format.syntax.name)): \(JSONValue.string(text).summary) gave \(events)"
                )
                read += 1
            }
        }
        #expect(read > 30)
    }
}
