// Vocabularies and spellings for tests.

import Foundation
import MartletJSON

@testable import MartletConstraints

enum Texts {
    /// The folder of test data beside the package, or nil on machines without it.
    static let data: URL? = {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let data = root.deletingLastPathComponent().appendingPathComponent("shared/data")
        return FileManager.default.fileExists(atPath: data.path) ? data : nil
    }()

    static func parse(_ text: String) throws -> JSONValue {
        try JSONValue.parse(Array(text.utf8))
    }

    /// Every byte, pieces of JSON, pieces of words, and parts of characters.
    static let vocabulary: TokenVocabulary = {
        var tokens: [[UInt8]?] = (UInt8.min...UInt8.max).map { [$0] }
        let pieces = [
            "{\"", "\":", "\": ", "\",\"", "\", \"", "\"}", "\"]", "},", "}]", "[{", "]}", "{}",
            "[]",
            "\":\"", "\": \"", "true", "false", "null", "12", "123", "0.", ".5", "-1", "e1", "1e",
            "00",
            " \"", "\n  \"", "\n", "    ", "name", "value", "ab", "abc", "aaa", "bb", "x_", "x_1",
            "kind",
            "é", "€", "😀", "ée", "\\u", "\\n", "\\\"", "\\\\", "\\u00", "d83d", "\\ud83d\\ude00",
            "//",
            "the quick brown fox", "a longer text without any quotes in it at all", "ab\"", "a\"b",
            "2024-", "-02-", "29", "T23", ":59", "00Z", "@a.", "127.", "::", "<tool", "</tool>",
            "=",
        ]
        tokens += pieces.map { Array($0.utf8) }
        tokens += [[0xE2, 0x82], [0xAC], [0xF0, 0x9F], [0x98, 0x80, 0x22], [0xC3, 0xA9, 0xC3]]
        // Twins, and tokens without bytes.
        tokens += [Array("ab".utf8), nil, [], nil]
        return TokenVocabulary(tokens: tokens, endTokens: [Int32(tokens.count - 1)])
    }()

    static func constraint(_ schema: String) throws -> TokenConstraint {
        try TokenConstraint(.jsonSchema(schema), vocabulary: vocabulary)
    }

    /// A value as a constraint writes it, keys in the given order.
    static func spelled(_ value: JSONValue) -> [UInt8] {
        switch value {
        case .array(let elements):
            return Array("[".utf8) + elements.map(spelled).joined(separator: Array(",".utf8))
                + Array("]".utf8)
        case .object(let object):
            let members = object.members.map {
                JSONSpelling.string($0.key) + Array(":".utf8) + spelled($0.value)
            }
            return Array("{".utf8) + members.joined(separator: Array(",".utf8)) + Array("}".utf8)
        default: return JSONSpelling.scalar(value)
        }
    }

    /// A value with its keys in every order, as far as there are not too many.
    static func orders(_ value: JSONValue, limit: Int = 6000) -> [JSONValue] {
        switch value {
        case .array(let elements):
            var lists: [[JSONValue]] = [[]]
            for element in elements {
                let own = orders(element, limit: limit)
                lists = lists.flatMap { list in own.map { list + [$0] } }
                if lists.count > limit { return [value] }
            }
            return lists.map { .array($0) }
        case .object(let object):
            var lists: [[JSONObject.Member]] = [[]]
            for member in object.members {
                let own = orders(member.value, limit: limit)
                lists = lists.flatMap { list in
                    own.flatMap { value in
                        (0...list.count).map { place in
                            var longer = list
                            longer.insert(.init(key: member.key, value: value), at: place)
                            return longer
                        }
                    }
                }
                if lists.count > limit { return [value] }
            }
            return lists.map { .object(JSONObject($0)) }
        default: return [value]
        }
    }

    /// Whether a constraint accepts a value with its keys in some order.
    static func accepts(_ constraint: TokenConstraint, _ value: JSONValue) -> Bool {
        orders(value).contains { constraint.matches(spelled($0)) }
    }
}
