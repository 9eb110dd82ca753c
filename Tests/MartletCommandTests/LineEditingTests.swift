/// Keys, the line that they edit, its place on the terminal, and the history.

import Foundation
import Testing

@testable import MartletCommand

@Suite struct LineEditingTests {
    /// `|` is the cursor.
    private static func shown(_ editor: LineEditor) -> String {
        String(editor.characters[..<editor.cursor]) + "|"
            + String(editor.characters[editor.cursor...])
    }

    @Test(
        arguments: [
            ([.text("abc"), .left, .text("x")], "abx|c"),
            ([.text("abc"), .left, .left, .left, .left, .text("x")], "x|abc"),
            ([.text("abc"), .right, .backspace], "ab|"),
            ([.backspace, .delete, .text("a"), .delete], "a|"),
            ([.text("abc"), .home, .delete], "|bc"),
            ([.text("abc"), .home, .endOfInput, .end, .text("d")], "bcd|"),
            ([.text("日本語"), .left, .backspace], "日|語"),
            ([.text("👩‍👩‍👧é"), .backspace, .backspace], "|"),
            // An accent typed after its letter joins it, and both go together.
            ([.text("e"), .text("\u{301}"), .text("x"), .left, .backspace], "|x"),
            ([.text("ab"), .home, .right, .text("\u{301}")], "a\u{301}|b"),
            ([.text("🇨"), .text("🇭"), .left, .text("a")], "a|🇨🇭"),
            ([.text("one two  "), .eraseWord], "one |"),
            ([.text("one two"), .left, .eraseWord], "one |o"),
            ([.text("one two"), .left, .left, .left, .eraseToEnd], "one |"),
            ([.text("one two"), .left, .left, .left, .eraseToStart], "|two"),
            ([.text("a\nb"), .backspace, .backspace], "a|"),
            ([.text("one, two"), .wordLeft, .wordLeft, .wordRight], "one|, two"),
            ([.text("one.two"), .eraseWordLeft, .home, .eraseWordRight], "|."),
            // Erasing keys that follow each other are put back together, in order.
            ([.text("a b c"), .eraseWord, .eraseWord, .home, .yank], "b c|a "),
            ([.text("a b c"), .eraseWord, .left, .eraseToEnd, .yank, .yank], "a b  |"),
            ([.text("/s"), .complete], "/system |"),
            ([.text("/cl"), .complete], "/clea|"),
            ([.text("/x"), .complete], "/x|"), ([.text("a"), .complete], "a\t|"),
            ([.search, .text("f"), .left], "firs|t"),
            ([.search, .text("s"), .search, .home], "|first"),
            ([.text("new"), .search, .text("f"), .cancel], "new|"),
            ([.text("new"), .search, .text("zz"), .end], "new|"),
            ([.search, .text("fx"), .backspace, .end], "first|"),
            ([.up], "second|"), ([.up, .up, .up], "first|"), ([.up, .down], "|"),
            ([.text("new"), .up, .text("!"), .down], "new|"),
            ([.text("new"), .up, .text("!"), .up, .down], "second!|"),
        ] as [([Key], String)])
    func keysEdit(keys: [Key], expected: String) {
        var editor = LineEditor(
            history: ["first", "second"], commands: ["/system", "/clear", "/clean"])
        for key in keys { #expect(editor.press(key) == .edited) }
        #expect(Self.shown(editor) == expected)
    }

    @Test func keysEndALine() {
        var editor = LineEditor()
        #expect(editor.press(.endOfInput) == .ended)
        #expect(editor.press(.text("a")) == .edited)
        #expect(editor.press(.home) == .edited)
        #expect(editor.press(.enter) == .entered)
        #expect(editor.press(.interrupt) == .interrupted)
        #expect(editor.press(.endOfInput) == .edited && editor.text.isEmpty)
    }

    /// What is typed while an answer comes is one text, whatever is in it.
    @Test(
        arguments: [
            ([.text("one"), .enter, .text("two"), .enter], "one\ntwo|"),
            ([.enter, .text("a\nb"), .left, .backspace, .enter, .enter], "\na\n\n|b"),
            ([.up, .text("a"), .search, .text("f"), .complete, .down, .cancel], "af|"),
            ([.endOfInput, .text("ab"), .home, .endOfInput, .redraw], "|b"),
            ([.enter, .enter], "|"),
        ] as [([Key], String)])
    func unseenKeysAreADraft(keys: [Key], expected: String) {
        var editor = LineEditor(history: ["first"], commands: ["/a"])
        for key in keys {
            let isTaken = editor.draft(key)
            #expect(isTaken)
        }
        for key in [Key.interrupt, .suspend] {
            let isTaken = editor.draft(key)
            #expect(!isTaken)
        }
        editor.dropLastBreaks()
        #expect(Self.shown(editor) == expected)
    }

    @Test func severalCompletionsAreShown() {
        var editor = LineEditor(commands: ["/clear", "/save", "/system"])
        #expect(editor.press(.text("/s")) == .edited)
        #expect(editor.press(.complete) == .choices(["/save", "/system"]))
        #expect(editor.text == "/s")
    }

    @Test(
        arguments: [
            (["one"], "one"), (["one\\", "two\\", ""], "one\ntwo\n"),
            (
                ["\"\"\"", "a", "x = \"\"\"doc\"\"\"", "\\", " \"\"\""],
                "a\nx = \"\"\"doc\"\"\"\n\\"
            ),
            (["\"\"\"one", " two", "three\"\"\""], "one\n two\nthree"),
            (["\"\"\"one\"\"\""], "one"), (["\"\"\"one", "\"\"\""], "one"),
            ([" \"\"\" ", "\"\"\""], ""),
        ])
    func linesBecomeAMessage(lines: [String], expected: String) {
        var message = MessageLines()
        for (index, line) in lines.enumerated() {
            let isLast = message.add(line)
            #expect(isLast == (index == lines.count - 1), "\(line)")
        }
        #expect(message.text == expected)
    }

    private static let decoded: [(String, [Key])] = [
        ("ab\r", [.text("ab"), .enter]),
        ("é日👩", [.text("é日👩")]),
        ("\u{1B}[A\u{1B}OB\u{1B}[C\u{1B}[D", [.up, .down, .right, .left]),
        (
            "\u{1B}[H\u{1B}[F\u{1B}[1~\u{1B}[4~\u{1B}[7~\u{1B}[8~\u{1B}OH\u{1B}OF",
            [.home, .end, .home, .end, .home, .end, .home, .end]
        ),
        ("\u{1B}[3~\u{7F}\u{08}", [.delete, .backspace, .backspace]),
        (
            "\u{1}\u{5}\u{2}\u{6}\u{B}\u{15}\u{17}",
            [.home, .end, .left, .right, .eraseToEnd, .eraseToStart, .eraseWord]
        ),
        ("\u{3}\u{4}\u{1A}\u{C}", [.interrupt, .endOfInput, .suspend, .redraw]),
        // What is no key leaves nothing behind.
        (
            "\u{1B}[1;2Cx\u{1B}[15~y\u{1B}[[Az\u{1B}qw",
            [.right, .text("x"), .text("y"), .text("z"), .text("w")]
        ),
        (
            "\u{1B}b\u{1B}f\u{1B}d\u{1B}\u{7F}\u{1B}[1;5C\u{1B}[1;3D\u{19}\u{12}\u{7}\t",
            [
                .wordLeft, .wordRight, .eraseWordRight, .eraseWordLeft, .wordRight, .wordLeft,
                .yank, .search, .cancel, .complete,
            ]
        ),
        (
            "\u{1B}[200~a\tb\r\nc\rd\ne\u{3}\u{1B}[A\u{9B}\u{1B}[201~\r",
            [.text("a\tb\nc\nd\ne[A"), .enter]
        ),
    ]

    /// Pieces of text that follow each other are one text: how they are cut depends on how the bytes came.
    private static func joined(_ keys: [Key]) -> [Key] {
        keys.reduce(into: []) { keys, key in
            if case .text(let next) = key, case .text(let text)? = keys.last {
                keys[keys.count - 1] = .text(text + next)
            } else {
                keys.append(key)
            }
        }
    }

    @Test func bytesAreKeysWhereverTheyAreSplit() {
        for (text, keys) in Self.decoded {
            let bytes = Array(text.utf8)
            let expected = Self.joined(keys)
            for split in 0...bytes.count {
                var decoder = KeyDecoder()
                let read =
                    decoder.feed(Array(bytes[..<split])) + decoder.feed(Array(bytes[split...]))
                #expect(Self.joined(read) == expected, "\(bytes) at \(split)")
                #expect(!decoder.isWaiting)
            }
            var decoder = KeyDecoder()
            #expect(Self.joined(bytes.flatMap { decoder.feed([$0]) }) == expected)
        }
    }

    @Test func aLoneEscapeIsNoKey() {
        var decoder = KeyDecoder()
        #expect(decoder.feed([0x1B]).isEmpty && decoder.isWaiting)
        decoder.flush()
        #expect(decoder.feed(Array("[A".utf8)) == [.text("[A")])
        // A sequence without an end is given up, and bytes that are no text are replaced.
        #expect(
            decoder.feed(Array("\u{1B}[".utf8) + Array(repeating: 0x31, count: 100)).isEmpty
                == false)
        #expect(!decoder.isWaiting)
        #expect(decoder.feed([0xFF, 0x61]) == [.text("\u{FFFD}a")])
    }

    /// The escape key takes no Ctrl-C with it, and a character that comes in parts is not given up as a sequence.
    @Test(arguments: [false, true]) func anEscapeTakesNothingWithIt(isDivided: Bool) {
        for (bytes, keys) in [
            ([0x1B, 0x03], [.interrupt]), ([0x1B, 0x1B, 0x03], [.interrupt]),
            ([0x1B, 0x04], [.endOfInput]), ([0x1B, 0x0D], [.enter]), ([0x1B, 0x1A], [.suspend]),
            ([0x1B, 0x07], [.cancel]), ([0x1B, 0x09], [.complete]),
            ([0x1B, 0x1F, 0x61], [.text("a")]),
            ([0x1B, 0x08], [.eraseWordLeft]), ([0x1B, 0x7F], [.eraseWordLeft]),
            ([0x1B, 0x71, 0x61], [.text("a")]), ([0x1B, 0xC3, 0xA9], [.text("é")]),
            ([0x1B, 0x5B, 0x31, 0x3B, 0x33, 0x44, 0x03], [.wordLeft, .interrupt]),
        ] as [([UInt8], [Key])] {
            var decoder = KeyDecoder()
            let read = isDivided ? bytes.flatMap { decoder.feed([$0]) } : decoder.feed(bytes)
            #expect(read == keys, "\(bytes)")
            #expect(!decoder.isWaiting)
        }
        var decoder = KeyDecoder()
        #expect(decoder.feed([0xF0, 0x9F]).isEmpty && !decoder.isWaiting)
        decoder.flush()
        #expect(decoder.feed([0x91, 0xA9]) == [.text("👩")])
        // In a paste an escape waits for the mark that ends it, however long that takes.
        #expect(decoder.feed(Array("\u{1B}[200~a\u{1B}".utf8)) == [.text("a")])
        #expect(!decoder.isWaiting)
        decoder.flush()
        #expect(decoder.feed(Array("[201~\u{3}".utf8)) == [.interrupt])
    }

    /// A sequence without an end holds nothing back behind its longest length, wherever it is divided.
    @Test(arguments: [1, 31, 32, 33, 34, 40]) func sequencesHaveAnEnd(split: Int) {
        let bytes = Array("\u{1B}[".utf8) + Array(repeating: 0x31, count: 40) + [0x03]
        var decoder = KeyDecoder()
        let read = decoder.feed(Array(bytes[..<split])) + decoder.feed(Array(bytes[split...]))
        #expect(Self.joined(read) == [.text(String(repeating: "1", count: 9)), .interrupt])
        #expect(!decoder.isWaiting)
    }

    @Test(
        arguments: [
            ("abc", 3, 10, ["> abc"], 0, 5),
            ("abcdefgh", 8, 10, ["> abcdefgh", ""], 1, 0),
            ("abcdefgh", 7, 10, ["> abcdefgh"], 0, 9),
            ("abcdefghi", 8, 10, ["> abcdefgh", "i"], 1, 0),
            // A wide character does not fit into the last column.
            ("abcdefg日x", 7, 10, ["> abcdefg", "日x"], 1, 0),
            ("日本", 1, 10, ["> 日本"], 0, 4),
            ("e\u{301}x", 1, 10, ["> e\u{301}x"], 0, 3),
            ("👩‍👩‍👧x", 1, 10, ["> 👩‍👩‍👧x"], 0, 4),
            ("🇨🇭👍🏽❤️x", 3, 20, ["> 🇨🇭👍🏽❤️x"], 0, 8),
            ("क्षx", 1, 10, ["> क्षx"], 0, 4), ("한x", 1, 10, ["> 한x"], 0, 4),
            ("a\nb", 3, 10, ["> a", ". b"], 1, 3),
            ("a\nb", 1, 10, ["> a", ". b"], 0, 3),
            ("a\u{1B}b", 3, 10, ["> a\u{FFFD}b"], 0, 5),
        ] as [(String, Int, Int, [String], Int, Int)])
    func textsAreLaidOut(
        text: String, cursor: Int, width: Int, rows: [String], row: Int, column: Int
    ) {
        let layout = LineLayout(Array(text), cursor: cursor, prompt: "> ", width: width)
        #expect(layout.rows == rows)
        #expect(layout.cursorRow == row && layout.cursorColumn == column)
    }

    @Test func theHistoryOutlivesTheProcess() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.path + "/state/chat_history"
        var history = MessageHistory(path: path)
        let messages = ["one", "two\nlines", #"a \n b \"#]
        for message in messages + [messages[2], ""] { try history.add(message) }
        #expect(history.messages == messages)
        #expect(MessageHistory(path: path).messages == messages)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o600)

        // Two conversations at once lose nothing; a line that is no text is left out; the oldest go first.
        var other = MessageHistory(path: path)
        try history.add("three")
        try other.add("four")
        #expect(MessageHistory(path: path).messages == messages + ["three", "four"])
        let lines = (0..<1500).map { "\($0)\n" }.joined()
        try (Data(lines.utf8) + [0xFF, 0x0A]).write(to: URL(filePath: path))
        var full = MessageHistory(path: path)
        try full.add("last")
        let kept = MessageHistory(path: path).messages
        #expect(kept.count == 1000 && kept.last == "last" && kept[998] == "1499")

        var unkept = MessageHistory(path: nil)
        try unkept.add("a")
        #expect(unkept.messages == ["a"])
        #expect(
            MessageHistory.userFile(["XDG_STATE_HOME": "/s", "HOME": "/h"])
                == "/s/martlet/chat_history")
        #expect(MessageHistory.userFile(["HOME": "/h"]) == "/h/.local/state/martlet/chat_history")
        #expect(MessageHistory.userFile(["XDG_STATE_HOME": "s"]) == nil)
    }
}
