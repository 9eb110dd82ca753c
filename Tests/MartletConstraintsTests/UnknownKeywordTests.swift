// Words of schemas that nobody reads.

import MartletJSON
import Testing

@testable import MartletConstraints

@Suite struct UnknownKeywordTests {
    private func paths(_ text: String, limit: Int = 32) throws -> [String] {
        UnknownKeywords.paths(
            in: try JSONValue.parse(Array(text.utf8), file: "a schema"), limit: limit)
    }

    @Test func misspeltWordsAreFoundWhereverSchemasAre() throws {
        let found = try paths(
            """
            {"type": "object", "titel": "a",
             "properties": {"minLenght": {"type": "string", "minLenght": 2}},
             "$defs": {"one": {"anyOf": [{"type": "null"}, {"maximun": 3}]}},
             "items": {"not": {"enumm": []}}, "dependencies": {"a": ["b"], "c": {"requird": []}}}
            """)
        #expect(
            found == [
                "titel", "properties.minLenght.minLenght", "$defs.one.anyOf.1.maximun",
                "items.not.enumm", "dependencies.c.requird",
            ])
    }

    /// What is enforced, what is refused by name, what people read, extensions, and values that look like schemas.
    @Test func wordsThatAreKnownAreNotListed() throws {
        for keyword in SchemaKeywords.enforced {
            #expect(try paths("{\"\(keyword)\": 1}").isEmpty, "\(keyword)")
        }
        #expect(
            try paths(
                """
                {"title": "t", "description": "d", "x-order": 1, "uniqueItems": true,
                 "enum": [{"any": 1}], "const": {"thing": 2}, "default": {"at": {"all": 3}},
                 "additionalProperties": false, "examples": [{"word": 1}]}
                """
            ).isEmpty)
        #expect(try paths("true").isEmpty)
    }

    @Test func aListHasAnEnd() throws {
        let words = (0..<100).map { "\"word\($0)\": 1" }.joined(separator: ", ")
        #expect(try paths("{\(words)}", limit: 7).count == 7)
    }
}
