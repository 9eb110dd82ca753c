/// The flat form of a text: what is read out of it, and where it differs from a tree.

import MartletJSON
import MartletTestSupport
import Testing

@Suite struct JSONDocumentTests {
    private func document(
        _ text: String, allowsByteOrderMark: Bool = false
    ) throws -> JSONDocument {
        try JSONDocument(
            Array(text.utf8).span, file: "f", allowsByteOrderMark: allowsByteOrderMark)
    }

    private func message(_ bytes: [UInt8]) -> String {
        do {
            return "accepted: \(try JSONDocument(bytes.span, file: "f").root)"
        } catch {
            return error.description
        }
    }

    @Test func valuesAreFoundByKeyAndIndex() throws {
        let document = try document(
            #"{"a":[1,{"x":[2,3]},"é\n",true],"b":-7,"c":4096.0,"d":null,"e":2.5,"f":{}}"#)
        let root = document.root
        #expect(document.kind(root) == .object && document.count(root) == 6)
        let elements = document.elements(document.member("a", of: root))
        #expect(elements.map(document.kind) == [.integer, .object, .string, .bool])
        #expect(document.integer(elements[0]) == 1)
        #expect(
            document.elements(document.member("x", of: elements[1])).map(document.integer)
                == [2, 3])
        #expect(document.string(elements[2]) == "é\n")
        #expect(Array(document.bytes(elements[2])) == Array("é\n".utf8))
        #expect(document.bool(elements[3]) == true)
        #expect(document.integer(document.member("b", of: root)) == -7)
        #expect(document.integer(document.member("c", of: root)) == 4096)
        #expect(document.integer(document.member("e", of: root)) == nil)
        #expect(document.isNull(document.member("d", of: root)))
        #expect(document.isNull(document.member("none", of: root)))
        #expect(document.members(document.member("f", of: root)).isEmpty)
        #expect(document.bytes(root).isEmpty && document.string(root) == nil)
        #expect(document.summary(root) == "an object of 6 keys")
        #expect(document.summary(nil) == "nothing")
        #expect(document.summary(elements[0]) == "1")
    }

    @Test func integersAreExact() throws {
        for number in [0, 9, 10, 999_999_999_999_999_999, Int.max, Int.min, -1] {
            let document = try document("\(number)")
            #expect(document.kind(document.root) == .integer)
            #expect(document.integer(document.root) == number)
        }
        let larger = try document("9223372036854775808")
        #expect(larger.kind(larger.root) == .number)
        #expect(larger.integer(larger.root) == nil)
    }

    /// A tree refuses a key twice; here the last one counts, and both are listed.
    @Test func keysMayRepeat() throws {
        let text = #"{"a":1,"b":2,"a":3}"#
        let document = try document(text)
        #expect(document.integer(document.member("a", of: document.root)) == 3)
        #expect(document.members(document.root).count == 3)
        #expect(throws: JSONError.self) { try JSONValue.parse(Array(text.utf8)) }
    }

    @Test func aByteOrderMarkIsAllowedWhereAskedFor() throws {
        let document = try document("\u{FEFF}{\"a\":1}", allowsByteOrderMark: true)
        #expect(document.integer(document.member("a", of: document.root)) == 1)
        #expect(message(Array("\u{FEFF}1".utf8)).contains("at byte 0, got byte 0xEF, expected"))
        do {
            _ = try self.document("\u{FEFF}[1", allowsByteOrderMark: true)
            Issue.record("a text without its end was accepted")
        } catch let error as JSONError {
            // Counted from the beginning of the file.
            #expect(error.offset == 5)
        }
    }

    @Test func bytesThatAreNotUTF8AreNamed() {
        #expect(message([0xFF]).contains("byte 0, got byte 0xFF, which is not UTF-8"))
        #expect(message([0x22, 0xE2, 0x82, 0x22]).contains("byte 1, got a string that is not"))
        #expect(message([0x22, 0x22, 0xC3]).contains("byte 2, got byte 0xC3, which is not UTF-8"))
    }

    /// Whatever stands in a text, the flat form accepts what a tree accepts, but for repeated keys.
    @Test func acceptsWhatTreesAccept() {
        let seedText = Array(#"{"a":[1,2.5e3,"x\n\u00e9",{"b":null}],"c":true,"d":"é"}"#.utf8)
        var generator = SeededGenerator(seed: 3)
        var accepted = 0
        for _ in 0..<3000 {
            var bytes = seedText
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let position = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[position] = UInt8.random(in: 0...255, using: &generator)
            }
            do throws(JSONError) {
                _ = try JSONValue.parse(bytes)
                accepted += 1
                #expect(message(bytes).hasPrefix("accepted"))
            } catch {
                let isRepeated = error.got.hasSuffix("twice")
                #expect(message(bytes).hasPrefix("accepted") == isRepeated)
            }
        }
        #expect(accepted > 0)
    }
}
