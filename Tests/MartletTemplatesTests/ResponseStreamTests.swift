/// Answers as streams: calls while they are written, the work that reading takes, and that nothing is lost.

import Foundation
import MartletJSON
import Testing

@testable import MartletTemplates

@Suite("Answers as streams")
struct ResponseStreamTests {
    private static func events(_ row: ResponseCase, _ pieces: [String]) -> [ResponseEvent] {
        var parser = row.makeParser()
        return pieces.flatMap { parser.add($0) } + parser.finish()
    }

    private static func pieces(_ text: String, _ size: Int) -> [String] {
        let characters = Array(text.unicodeScalars)
        return stride(from: 0, to: characters.count, by: size).map { start in
            var piece = String.UnicodeScalarView()
            piece += characters[start..<min(start + size, characters.count)]
            return String(piece)
        }
    }

    /// Answers with one call that has a long text in it.
    private static func longCalls(_ text: String) -> [(
        family: String, answer: String, tail: String
    )] {
        [
            (
                "hermes",
                "<tool_call>{\"name\":\"f\",\"arguments\":{\"s\":\"\(text)\"}}</tool_call>", ""
            ),
            (
                "qwen3-coder",
                "<tool_call><function=f><parameter=s>\(text)</parameter></function></tool_call>", ""
            ),
            ("llama3", "{\"name\": \"f\", \"parameters\": {\"s\": \"\(text)\"}}", ""),
            ("llama4", "[f(s='\(text)')]", ""),
            ("lfm2", "<|tool_call_start|>[f(s=\"\(text)\")]<|tool_call_end|>", ""),
            ("mistral-v11", "[TOOL_CALLS]f[ARGS]{\"s\": \"\(text)\"}", ""),
            (
                "harmony",
                "<|channel|>commentary to=functions.f<|message|>{\"s\": \"\(text)\"}<|call|>", ""
            ),
            (
                "gemma4", "<|tool_call>call:f{s:<|\"|>\(text)<|\"|>}<tool_call|>", ""
            ),
            (
                "glm",
                "<tool_call>f<arg_key>s</arg_key><arg_value>\(text)</arg_value></tool_call>", ""
            ),
            (
                "kimi",
                "<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{\"s\":\"\(text)\"}<|tool_call_end|><|tool_calls_section_end|>",
                ""
            ),
        ]
    }

    @Test("A call is told while it is written")
    func callsComeAsTheyAreWritten() {
        let text = String(repeating: "a long argument é, ", count: 60)
        for (family, answer, _) in Self.longCalls(text) {
            let row = ResponseCase(family: family, text: answer)
            let events = Self.events(row, Self.pieces(answer, 4))
            let deltas = events.compactMap { event in
                if case .callDelta(let delta) = event { delta } else { nil }
            }
            #expect(deltas.first == ToolCallDelta(index: 0, name: "f"), "\(family)")
            #expect(deltas.count > 20, "\(family): \(deltas.count)")
            #expect(deltas.map(\.arguments).joined() == "{\"s\":\"\(text)\"}", "\(family)")
            #expect(row.read(Self.pieces(answer, 4)).faults.isEmpty, "\(family)")
        }
    }

    @Test("What looked like a call and is none is withdrawn, and is text")
    func callsAreWithdrawn() {
        for (family, answer, _) in Self.longCalls(String(repeating: "x", count: 40)) {
            let cut = String(answer.dropLast(answer.count / 3))
            let row = ResponseCase(family: family, text: cut)
            let read = row.read(Self.pieces(cut, 1))
            #expect(read.calls.isEmpty && read.faults.isEmpty, "\(family)")
            #expect(read.content.contains("xxxxxxxxxx"), "\(family)")
            let events = Self.events(row, Self.pieces(cut, 1))
            #expect(
                events.contains(.callDelta(ToolCallDelta(index: 0, isWithdrawn: true))), "\(family)"
            )
        }
    }

    @Test("JSON without its end is told as it will be written")
    func beginningsAreCanonical() {
        for (text, whole) in [
            (#"{ "a" : [1, 2.50, true ,null], "b": {"cé": "\u00e9\ud83d\ude00\n\"x\\"} }"#, true),
            (#"{"n": -1e3, "s": "", "o": {}, "l": []}"#, true), (#"{"a": tru}"#, false),
            ("[1,", false), ("", false),
        ] {
            let bytes = Array(text.utf8)
            let final = JSONPrefix.written(bytes[...])
            if whole {
                #expect(
                    final == (try? JSONValue.parse(bytes))?.serialized(), "\(text)")
            }
            for count in 0...bytes.count
            where String(validating: bytes[..<count], as: UTF8.self) != nil {
                let beginning = JSONPrefix.written(bytes[..<count])
                #expect(final.starts(with: beginning), "\(text) to \(count)")
            }
        }
        let calls = JSONCalls.begun(
            Array(#"[{"name":"f","arguments":{"a":1}}, {"name":"g","ar"#.utf8)[...])
        #expect(calls.map(\.name) == ["f", "g"])
        #expect(calls.map { String(decoding: $0.arguments, as: UTF8.self) } == [#"{"a":1}"#, ""])
    }

    /// Texts that make a careless reader look at the same bytes again and again.
    private static func hostile(_ family: String, _ length: Int) -> [String] {
        let syntax = ResponseSyntax.detect(in: ResponseCase.sources[family] ?? "")
        let row = ResponseCase.all.first { $0.family == family && !$0.calls.isEmpty }
        let call = row?.text ?? ""
        var parts = ["<", " ", "{", "[", "<tool_call>{\"", "x > } ] "]
        if let tools = CallReader(calls: syntax.calls ?? .bareJSON, tools: []).openings.first {
            parts += [tools, tools + "{", tools + "{\"", tools + "f", tools + "[f(s=\""]
        }
        if let section = syntax.section { parts += [section.open, section.close] }
        if let reasoning = syntax.reasoning {
            parts += [reasoning.open, reasoning.close, reasoning.open + " "]
        }
        if family == "harmony" {
            parts += ["<|start|>", "<|channel|>a", "<|channel|>a<|message|>"]
        }
        for count in stride(from: 1, to: call.count, by: max(1, call.count / 4)) {
            parts.append(String(call.prefix(count)))
        }
        return parts.map { part in
            String(repeating: part, count: max(1, length / part.utf8.count))
        } + [
            String(call.prefix(call.count * 2 / 3)) + String(repeating: "a}", count: length / 2),
            (row.map { _ in call } ?? "") + String(repeating: " ", count: length),
        ]
    }

    @Test(
        "Reading takes work in proportion to the answer",
        arguments: ResponseCase.sources.keys.sorted())
    func workIsLinear(_ family: String) {
        for text in Self.hostile(family, Self.length) {
            for size in [16, Self.length] {
                var parser = ResponseCase(family: family, text: text).makeParser()
                for piece in Self.pieces(text, size) { _ = parser.add(piece) }
                _ = parser.finish()
                let perByte = parser.examined / text.utf8.count
                #expect(
                    perByte <= Self.mostLooksPerByte,
                    "\(text.prefix(60)) in pieces of \(size): \(perByte) a byte")
            }
        }
    }

    private static let length = 6000
    /// Looking again at each mark would be more than 200 looks at each byte.
    private static let mostLooksPerByte = 150

    @Test("Text without marks comes as it is")
    func plainTextIsKept() {
        var generator = SplitMix(state: 5)
        let parts = ["a", " ", "\n", "é", "日本", "<", "<|", "]", "{", "}", "\t", "\u{A0}", "tool"]
        for family in ResponseCase.sources.keys.sorted() {
            for _ in 0..<20 {
                let text =
                    "x"
                    + (0..<generator.below(40)).map { _ in parts[generator.below(parts.count)] }
                    .joined()
                let row = ResponseCase(family: family, text: text, hasTools: false)
                let read = row.read(Self.pieces(text, 1 + generator.below(5)))
                #expect(
                    read.content == text && read.reasoning.isEmpty,
                    "\(family): \(text.debugDescription)")
            }
        }
    }

    /// A word is put anywhere into a valid answer: it must be in what is read, whatever became of the rest. Words of a
    /// header that says nothing else and names of members that no call has are no text.
    @Test("A word anywhere in an answer is not lost")
    func mutantsLoseNothing() {
        let word = "⟦7⟧"
        for row in ResponseCase.all where row.hasTools {
            let text = Array(row.text.unicodeScalars)
            for place in stride(from: text.count % 2, through: text.count, by: 2) {
                var mutant = String.UnicodeScalarView()
                mutant += text[..<place]
                mutant += word.unicodeScalars
                mutant += text[place...]
                let changed = ResponseCase(
                    family: row.family, text: String(mutant), promptTail: row.promptTail)
                let read = changed.read([changed.text])
                #expect(read == changed.read(Self.pieces(changed.text, 2)), "\(changed.text)")
                #expect(read.faults.isEmpty, "\(changed.text): \(read.faults)")
                let all = read.reasoning + read.content + read.calls.joined()
                guard !all.contains(word) else { continue }
                #expect(
                    Self.isStructure(changed.text, word), "\(row.family): \(changed.text) → \(all)")
            }
        }
    }

    /// Whether the word is in a header of the harmony format, or in the name of a call's identifier.
    private static func isStructure(_ text: String, _ word: String) -> Bool {
        guard let place = text.range(of: word) else { return false }
        let before = text[..<place.lowerBound]
        let after = text[place.upperBound...]
        let ends = ["<|end|>", "<|message|>"].compactMap {
            before.range(of: $0, options: .backwards)?.upperBound
        }
        let header = before[(ends.max() ?? before.startIndex)...]
        if ["<|start|>", "<|channel|>", " to="].contains(where: header.hasPrefix),
            after.contains("<|message|>")
        {
            return true
        }
        let name =
            before[(before.lastIndex(of: "\"") ?? before.startIndex)...]
            + after.prefix {
                $0 != ":"
            }
        return ["\"id\"", "\"tool_call_id\""].contains(String(name))
    }
}
