// Stop strings across pieces, against brute force.

import Testing

@testable import MartletEngine

@Suite struct StopMatcherTests {
    /// Cuts before the longest stop string that ends first.
    func bruteForce(_ text: String, _ stops: [String]) -> (String, String?) {
        let bytes = Array(text.utf8)
        for end in 0...bytes.count {
            let found = stops.filter { bytes[..<end].reversed().starts(with: $0.utf8.reversed()) }
                .max { $0.utf8.count < $1.utf8.count }
            if let found {
                return (
                    String(decoding: bytes[..<(end - found.utf8.count)], as: UTF8.self), found
                )
            }
        }
        return (text, nil)
    }

    @Test func equalsBruteForceHoweverTheTextIsCut() {
        var random = Seeded(7)
        let alphabet = ["a", "b", "é", "e\u{301}", "🙂"]
        for _ in 0..<500 {
            func text(_ range: ClosedRange<Int>) -> String {
                (0..<Int.random(in: range, using: &random)).map { _ in
                    alphabet.randomElement(using: &random) ?? ""
                }.joined()
            }
            let stops = (0..<Int.random(in: 0...3, using: &random)).map { _ in text(1...4) }
            let whole = text(0...14)
            var matcher = StopMatcher(stops: stops)
            var released = ""
            var scalars = Array(whole.unicodeScalars)[...]
            while !scalars.isEmpty {
                let count = Int.random(in: 0...min(4, scalars.count), using: &random)
                let piece = String(String.UnicodeScalarView(scalars.prefix(count)))
                scalars = scalars.dropFirst(count)
                let before = matcher.match == nil
                released += matcher.append(piece)
                #expect(!released.contains("\u{FFFD}"))
                // What was released is final, and nothing that could be released is held.
                if before && matcher.match == nil {
                    let seen = String(
                        String.UnicodeScalarView(
                            whole.unicodeScalars.prefix(whole.unicodeScalars.count - scalars.count))
                    )
                    let held = seen.utf8.count - released.utf8.count
                    let canHold = (0...seen.utf8.count).last { length in
                        stops.contains {
                            $0.utf8.count > length && $0.utf8.starts(with: seen.utf8.suffix(length))
                        }
                    }
                    #expect(held == canHold ?? 0)
                }
            }
            released += matcher.flush()
            let (text, match) = bruteForce(whole, stops)
            #expect(Array(released.utf8) == Array(text.utf8))
            #expect(matcher.match == match)
        }
    }

    @Test func holdsBackOnlyWhatMayStop() {
        var matcher = StopMatcher(stops: ["END", "DOG"])
        #expect(matcher.append("the EN") == "the ")
        #expect(matcher.append("EN") == "EN")
        #expect(matcher.append("D and") == "")
        #expect(matcher.match == "END")
        #expect(matcher.append("more") == "")
        #expect(matcher.flush() == "")
    }

    /// Blank lines before a text are none of the line break that ends it, in any pieces.
    @Test(arguments: [
        ("\n \n\tParis\nRome", "\n \n\tParis"), ("Paris\nRome", "Paris"), ("\n\n", "\n\n"),
        (" \r\n x\n", " \r\n x"),
    ])
    func blanksMayComeFirst(text: String, released: String) {
        for size in 1...4 {
            var matcher = StopMatcher(stops: ["\n"], afterText: true)
            var rest = Array(text.unicodeScalars)[...]
            var got = ""
            while !rest.isEmpty {
                got += matcher.append(String(String.UnicodeScalarView(rest.prefix(size))))
                rest = rest.dropFirst(size)
            }
            got += matcher.flush()
            #expect(Array(got.utf8) == Array(released.utf8))
        }
    }
}
