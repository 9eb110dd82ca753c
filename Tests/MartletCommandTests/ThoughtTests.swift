/// What is shown of a model's thoughts.

import Testing

@testable import Martlet
@testable import MartletCommand

@Suite struct ThoughtTests {
    private static let terminal = TerminalStyle(isTerminal: true, environment: ["TERM": "xterm"])
    private static let plain = TerminalStyle(
        isTerminal: true, environment: ["TERM": "xterm", "NO_COLOR": "1"])

    private static func part(_ text: String = "", thinking: String = "") -> ResponsePart {
        ResponsePart(text: text, reasoning: thinking, token: 1, response: nil)
    }

    @Test func thoughtsAreOneRowAndThenASentence() throws {
        var fold = try #require(ThoughtFold(style: Self.plain))
        let start = ContinuousClock.now
        #expect(fold.add(Self.part(), at: start, columns: 20).isEmpty && !fold.isOpen)
        #expect(
            fold.add(Self.part(thinking: "hm\n"), at: start, columns: 20)
                == "\r\u{1B}[K1 token: hm ")
        // Rows that nobody could read are not drawn, and tokens without text count.
        #expect(fold.add(Self.part(thinking: "so"), at: start, columns: 20).isEmpty)
        #expect(
            fold.add(Self.part(), at: start + .milliseconds(60), columns: 20)
                == "\r\u{1B}[K3 tokens: hm so")
        #expect(
            fold.add(Self.part(thinking: " \u{1B}[2J日本"), at: start + .seconds(1), columns: 20)
                == "\r\u{1B}[K4 tokens: …\u{FFFD}[2J日本")
        #expect(fold.isOpen)
        #expect(
            fold.add(Self.part("Yes"), at: start + .milliseconds(3249), columns: 20)
                == "\r\u{1B}[Kthought for 3.2 s, 4 tokens\n")
        #expect(!fold.isOpen && fold.end().isEmpty)
    }

    @Test(
        arguments: [
            ("a: ", "bcd", 6, "a: bcd"), ("a: ", "bcde", 6, "a: …de"), ("a: ", "日本", 6, "a: …本"),
            ("a: ", "日本", 5, "a: …"), ("abc", "d", 3, "abc"), ("abc", "d", 2, "ab"),
            ("abc", "d", 0, ""),
        ])
    func aRowFits(beginning: String, text: String, columns: Int, row: String) {
        #expect(ThoughtFold.clipped(beginning, Array(text), to: columns) == row)
    }

    @Test func thoughtsAreDimmedWhereThatCanBeShown() throws {
        var fold = try #require(ThoughtFold(style: Self.terminal))
        #expect(
            fold.add(Self.part(thinking: "hm"), columns: 80)
                == "\r\u{1B}[K\u{1B}[2m1 token: hm\u{1B}[0m")
        for style in [
            TerminalStyle(isTerminal: false, environment: ["TERM": "xterm"]),
            TerminalStyle(isTerminal: true, environment: ["TERM": "dumb"]),
        ] { #expect((ThoughtFold(style: style) == nil)) }
        #expect(ThoughtFold.sentence(.milliseconds(60), 1) == "thought for 0.1 s, 1 token")
    }

    /// A model must not be able to move the cursor or to name the window.
    @Test func whatAModelSaysDoesNotSteerATerminal() {
        let text = "a\u{1B}]0;x\u{7}\r\n\tb\u{9B}c"
        #expect(Self.terminal.shown(text) == "a\u{FFFD}]0;x\u{FFFD}\n\tb\u{FFFD}c")
        #expect(TerminalStyle(isTerminal: false, environment: [:]).shown(text) == text)
    }
}
