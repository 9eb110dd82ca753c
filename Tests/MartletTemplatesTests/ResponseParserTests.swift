/// Reading answers: the table, in pieces of any size, and cut off anywhere.

import MartletJSON
import Testing

@testable import MartletTemplates

@Suite("Answers")
struct ResponseParserTests {
    @Test("An answer gives its reasoning, its text and its calls", arguments: ResponseCase.all)
    func reads(_ row: ResponseCase) {
        let read = row.read([row.text])
        #expect(read.reasoning == row.reasoning)
        #expect(read.content == row.content)
        #expect(read.calls == row.calls)
        #expect(read.faults.isEmpty)
    }

    @Test("Pieces of any size give the same", arguments: ResponseCase.all)
    func readsInPieces(_ row: ResponseCase) {
        let whole = row.read([row.text])
        let scalars = row.text.unicodeScalars.map { String(Character($0)) }
        #expect(row.read(scalars) == whole)
        var generator = SplitMix(state: 11)
        for _ in 0..<20 {
            var pieces: [String] = []
            var place = 0
            while place < scalars.count {
                let count = min(1 + generator.below(9), scalars.count - place)
                pieces.append(scalars[place..<place + count].joined())
                place += count
            }
            #expect(row.read(pieces) == whole, "\(pieces)")
        }
    }

    @Test("An answer that is cut off anywhere loses nothing and finishes no call that is not whole")
    func readsCutOff() {
        for row in ResponseCase.all {
            let scalars = row.text.unicodeScalars.map { String(Character($0)) }
            let whole = row.read([row.text])
            for count in stride(from: scalars.count % 2, to: scalars.count, by: 2) {
                let cut = Array(scalars[..<count])
                let read = row.read([cut.joined()])
                #expect(read == row.read(cut), "\(row.testDescription) cut to \(count)")
                #expect(
                    read.calls == Array(whole.calls.prefix(read.calls.count)),
                    "\(row.testDescription) cut to \(count)")
            }
        }
    }

    @Test("A long call costs no square of its length")
    func longCall() {
        let code = String(repeating: "a { b } [c]\\n", count: 20_000)
        let text =
            "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"s\": \"\(code)\"}}\n</tool_call>"
        let row = ResponseCase(family: "hermes", text: text)
        let bytes = Array(text.utf8)
        let pieces = stride(from: 0, to: bytes.count, by: 16).map {
            String(decoding: bytes[$0..<min($0 + 16, bytes.count)], as: UTF8.self)
        }
        let clock = ContinuousClock()
        var read = ReadResponse()
        let time = clock.measure { read = row.read(pieces) }
        #expect(read.calls.count == 1)
        #expect(time < .seconds(20))
    }

    @Test("Random text is never lost and never traps")
    func randomText() {
        var generator = SplitMix(state: 3)
        let parts = [
            "<tool_call>", "</tool_call>", "{", "}", "\"name\"", "\"f\"", ":", "<think>",
            "</think>",
            "<function=f>", "</function>", "<parameter=s>", "</parameter>", "[TOOL_CALLS]",
            "[ARGS]",
            "<|channel|>", "<|message|>", "final", "<|end|>", "text", " ", "\n", "é", "[", "]",
            "f(",
            ")", "<arg_key>", "</arg_key>",
        ]
        for family in ResponseCase.sources.keys.sorted() {
            for _ in 0..<30 {
                let pieces = (0..<generator.below(30)).map { _ in
                    parts[generator.below(parts.count)]
                }
                let row = ResponseCase(family: family, text: pieces.joined())
                #expect(row.read(pieces) == row.read([row.text]), "\(family): \(pieces)")
            }
        }
    }

    /// Work must grow with the length of a call, not with its square, which would take more than a minute here.
    @Test func aLongHarmonyCallIsLookedThroughOnce() {
        let text = String(repeating: "abc<|de ", count: 25_000)
        let row = ResponseCase(family: "harmony", text: "")
        var pieces = ["<|channel|>commentary to=functions.f<|message|>{\"a\":\""]
        pieces += Array(repeating: "abc<|de ", count: 25_000) + ["\"}<|call|>"]
        let start = ContinuousClock.now
        let read = row.read(pieces)
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(read.calls == ["f{\"a\":\"\(text)\"}"] && read.content.isEmpty)
    }
}
