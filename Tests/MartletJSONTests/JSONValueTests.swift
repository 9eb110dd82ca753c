/// The JSON reader: what it accepts, what it refuses and with which words.

import Foundation
import MartletJSON
import MartletTestSupport
import Testing

@Suite struct JSONValueTests {
    private func parse(_ text: String) throws -> JSONValue {
        try JSONValue.parse(Array(text.utf8))
    }

    private func message(_ text: String) -> String {
        message(Array(text.utf8))
    }

    private func message(_ bytes: [UInt8]) -> String {
        do {
            return "accepted: \(try JSONValue.parse(bytes).summary)"
        } catch {
            return "\(error)"
        }
    }

    @Test func readsEveryKindInOrder() throws {
        let value = try parse(
            " {\"z\": [1, -2, 2.5, 1e3, true, false, null], \"a\": {\"b\": \"c\"}, \"\": {}} \n")
        let object = try #require(value.objectValue)
        #expect(object.keys == ["z", "a", ""])
        #expect(
            object["z"] == [1, -2, 2.5, 1000.0, true, false, nil])
        #expect(object["a"]?.objectValue?["b"]?.stringValue == "c")
        #expect(object[""] == [:])
        #expect(object["missing"] == nil)
    }

    @Test(arguments: [
        ("0", JSONValue.integer(0)), ("-0", .number(-0.0)), ("-17", .integer(-17)),
        ("9223372036854775807", .integer(Int.max)), ("-9223372036854775808", .integer(Int.min)),
        ("9223372036854775808", .number(0x1p63)),
        ("1000000000000000019884624838656", .number(1e30)),
        ("0.1", .number(0.1)), ("1e-05", .number(1e-5)), ("1E+2", .number(100)),
        ("123456789012345678.5", .number(123456789012345678.5)),
        ("2.2250738585072011e-308", .number(.leastNormalMagnitude.nextDown)),
        ("5e-324", .number(.leastNonzeroMagnitude)), ("1e-400", .number(0)),
        ("0e999999999999", .number(0)),
        ("1.7976931348623157e308", .number(1.7976931348623157e308)),
        ("9007199254740993.0", .number(9007199254740992)),
    ])
    func numbersAreExact(text: String, expected: JSONValue) throws {
        #expect(try parse(text) == expected)
    }

    @Test func numbersAgreeWithTheLibrary() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            #expect(try parse("\(value)").doubleValue?.bitPattern == value.bitPattern)
        }
    }

    @Test func integersMayBeWrittenAsNumbers() throws {
        #expect(try parse("4096.0").intValue == 4096)
        #expect(try parse("1e6").intValue == 1_000_000)
        #expect(try parse("1.5").intValue == nil)
        #expect(try parse("1e30").intValue == nil)
    }

    @Test func decodesEscapes() throws {
        #expect(
            try parse(#""a\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00\u0000ü""#).stringValue
                == "a\"\\/\u{8}\u{C}\n\r\tAé😀\0ü")
    }

    @Test func keysAreBytesNotCanonicalForms() throws {
        let object = try #require(try parse("{\"\u{e9}\": 1, \"e\u{301}\": 2}").objectValue)
        #expect(object.count == 2)
        #expect(object["\u{e9}"] == 1)
        #expect(object["e\u{301}"] == 2)
    }

    @Test func largeObjectsFindEveryKey() throws {
        let text = "{" + (0..<5000).map { "\"ключ\($0)\": \($0)" }.joined(separator: ",") + "}"
        let object = try #require(try parse(text).objectValue)
        for number in 0..<5000 {
            #expect(object["ключ\(number)"] == .integer(number))
        }
        #expect(object["ключ5000"] == nil)
        let changed = object.setting("ключ7", to: "x").setting("new", to: nil)
        #expect(changed["ключ7"] == "x")
        #expect(changed["new"] == .null)
        #expect(changed.count == 5001)
    }

    @Test(arguments: [
        ("", "at byte 0, got the end of the text, expected a value"),
        ("  ", "at byte 2, got the end of the text, expected a value"),
        ("{", "at byte 1, got the end of the text, expected a key in quotes"),
        ("{\"a\"", "at byte 4, got the end of the text, expected ':'"),
        ("{\"a\":1", "at byte 6, got the end of the text, expected ',' or '}'"),
        ("{\"a\":1,}", "at byte 7, got '}', expected a key in quotes"),
        ("{a:1}", "at byte 1, got 'a', expected a key in quotes"),
        ("[1,]", "at byte 3, got ']', expected a value"),
        ("[1 2]", "at byte 3, got '2', expected ',' or ']'"),
        ("[1", "at byte 2, got the end of the text, expected ',' or ']'"),
        ("1 2", "at byte 2, got '2', expected the end of the text"),
        ("nul", "at byte 3, got the end of the text, expected null"),
        ("trux", "at byte 3, got 'x', expected true"),
        ("NaN", "at byte 0, got 'N', expected a value"),
        ("01", "at byte 0, got a number with a leading zero"),
        ("-", "at byte 1, got the end of the text, expected a digit"),
        ("1.", "at byte 2, got the end of the text, expected a digit"),
        ("1e+", "at byte 3, got the end of the text, expected a digit"),
        (".5", "at byte 0, got '.', expected a value"),
        ("1e999", "at byte 0, got a number out of range, expected a number of at most 1.8e308"),
        ("\"abc", "at byte 4, got the end of the text, expected '\"'"),
        ("\"a\nb\"", "at byte 2, got byte 0x0A, expected an escape"),
        ("\"\\x\"", "at byte 2, got 'x', expected one of \"\\/bfnrtu after a backslash"),
        ("\"\\u12g4\"", "at byte 5, got 'g', expected four hexadecimal digits"),
        ("\"\\ud800\"", "at byte 3, got half of a surrogate pair, expected both halves"),
        ("\"\\ud800\\u0041\"", "at byte 3, got half of a surrogate pair"),
        ("\"\\udc00\"", "at byte 3, got half of a surrogate pair"),
        ("[{\"a\":1,\"a\":2}]", "at byte 1, got an object with the key \"a\" twice"),
        ("\u{FEFF}{}", "at byte 0, got byte 0xEF, expected a value"),
        ("// x", "at byte 0, got '/', expected a value"),
    ])
    func refusesWithThePlace(text: String, expected: String) {
        let message = message(text)
        #expect(message.hasPrefix("JSON text is not valid JSON \(expected)"), "\(message)")
    }

    @Test func refusesBytesThatAreNotUTF8() {
        let expected =
            "JSON text is not valid JSON at byte 1, got a string that is not UTF-8, expected UTF-8: "
            + "correct the text or download the file again"
        #expect(message([0x22, 0xFF, 0x22]) == expected)
        #expect(message([0x22, 0xC0, 0x80, 0x22]) == expected)
        #expect(message([0x22, 0xED, 0xA0, 0x80, 0x22]) == expected)
        #expect(message([0x22, 0x5C, 0x6E, 0xE2, 0x82, 0x22]) == expected)
    }

    @Test func refusesDepthAndCount() throws {
        let deepest = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        #expect(try parse(deepest).arrayValue?.count == 1)
        #expect(
            message(String(repeating: "[{\"a\":", count: 500_000)).hasPrefix(
                "JSON text is not valid JSON at byte 384, got nesting deeper than 128"))
        #expect(throws: JSONError.self) {
            try JSONValue.parse(Array("[1,2,3]".utf8), maximumValues: 3)
        }
        #expect(message(String(repeating: "9", count: 5000)).contains("a number of many digits"))
    }

    @Test func duplicatesAreFoundInLargeObjects() {
        let keys = (0..<1000).map { "\"k\($0)\":0" } + ["\"k500\":1"]
        #expect(message("{" + keys.joined(separator: ",") + "}").contains("the key \"k500\" twice"))
    }

    @Test func textRoundTrips() throws {
        let value: JSONValue = [
            "text": "quote \" backslash \\ \u{1} \u{1f} \n\t😀", "numbers": [0, -1, 0.1, 1e300],
            "empty": [[], [:]], "flag": true, "nothing": nil,
        ]
        for indentation in [nil, 2] {
            let bytes = value.serialized(indentation: indentation)
            #expect(try JSONValue.parse(bytes) == value)
        }
        #expect(
            String(decoding: (["a": [1, "b"]] as JSONValue).serialized(), as: UTF8.self)
                == #"{"a":[1,"b"]}"#)
    }

    @Test func anyBytesEndInAValueOrAnError() throws {
        let seedText = Array(#"{"a":[1,2.5e3,"x\n\u00e9",{"b":null}],"c":true,"d":"é"}"#.utf8)
        var generator = SeededGenerator(seed: 11)
        var accepted = 0
        for _ in 0..<3000 {
            var bytes = seedText
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let position = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[position] = UInt8.random(in: 0...255, using: &generator)
            }
            if let value = try? JSONValue.parse(bytes) {
                accepted += 1
                #expect(try JSONValue.parse(value.serialized()) == value)
            }
        }
        #expect(accepted > 0)
    }
}
