// What each keyword allows and refuses, text by text.

import MartletJSON
import Testing

@testable import MartletConstraints

@Suite struct SemanticsTests {
    struct Case: CustomTestStringConvertible {
        let schema: String
        let accepts: [String]
        let refuses: [String]
        var testDescription: String { schema }

        init(_ schema: String, _ accepts: [String], _ refuses: [String]) {
            self.schema = schema
            self.accepts = accepts
            self.refuses = refuses
        }
    }

    static let cases: [Case] = [
        Case(
            #"{"type":"integer"}"#, ["0", "-0", "12", "-7"], ["01", "1.0", "+1", "1e2", "", "-"]),
        Case(
            #"{"type":"number"}"#, ["0", "-0.5", "1e5", "12.25E-3", "1e299"],
            ["1.", ".5", "1e", "1e1000", "00"]),
        Case(
            #"{"type":"number","minimum":0.5,"maximum":3}"#, ["0.5", "3", "2.999", "3.00", "0.50"],
            ["0.49", "3.01", "-1", "0", "0.4999", "3.0001", "5e-1"]),
        Case(
            #"{"type":"number","exclusiveMinimum":-1.5,"exclusiveMaximum":0}"#,
            ["-1.4", "-0.001", "-1"], ["0", "-0", "-1.5", "-1.50", "-1.6", "1"]),
        Case(
            #"{"type":"integer","minimum":-5,"maximum":120}"#, ["-5", "-0", "0", "7", "120", "99"],
            ["-6", "121", "1200", "-10"]),
        Case(
            #"{"multipleOf":0.01,"type":"number"}"#, ["0.1", "1.25", "7", "-0.010"],
            ["1.255", "0.001"]),
        Case(
            #"{"multipleOf":7,"type":"integer","minimum":100}"#, ["105", "700"], ["98", "7", "101"]),
        Case(
            #"{"type":"string","minLength":2,"maxLength":3}"#,
            [#""ab""#, #""é€😀""#, #""\u00e9x""#, #""\ud83d\ude00x""#, #""\n\"""#],
            [#""a""#, #""abcd""#, #""\ud83d""#, #""\ud83dab""#, "\"a\nb\""]),
        Case(
            #"{"type":"string","pattern":"^a.c$"}"#, [#""abc""#, #""aéc""#, #""a\"c""#],
            [#""ac""#, #""a\u0062c""#, #""abcd""#]),
        Case(#"{"type":"string","pattern":"b"}"#, [#""b""#, #""xby""#], [#""x""#, "\"\""]),
        Case(
            #"{"type":"string","pattern":"^(a|b$)"}"#, [#""ax""#, #""b""#], [#""bx""#, #""ca""#]),
        Case(
            #"{"type":"string","pattern":"^[a-z]+$","maxLength":3,"minLength":2}"#,
            [#""ab""#, #""abc""#], [#""a""#, #""abcd""#, #""aB""#]),
        Case(
            #"{"type":"string","pattern":"a","format":"date"}"#, [], []),
        Case(#"{"enum":["a","ab"]}"#, [#""a""#, #""ab""#], [#""abc""#, "\"\""]),
        Case(
            #"{"enum":[1,"1",null,[1,2]],"type":["string","array"]}"#,
            [#""1""#, "[1,2]", "[1, 2]"], ["1", "null"]),
        Case(
            #"{"const":{"a":[1,null]}}"#, [#"{"a":[1,null]}"#, #"{"a": [1, null]}"#],
            [#"{"a":[1]}"#, #"{"a":[null,1]}"#]),
        Case(
            #"{"type":"object","properties":{"a":{},"b":{}},"required":["b"],"additionalProperties":false}"#,
            [#"{"b":1}"#, #"{"a":1,"b":2}"#, "{ \"a\": 1, \"b\": [] }", "{\n  \"b\": 1\n}"],
            [#"{"b":1,"a":2}"#, #"{"a":1}"#, #"{"b":1,"b":2}"#, "{}", #"{"b":1,}"#]),
        Case(
            #"{"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":{"type":"string"}}"#,
            [#"{"a":1,"z":"s"}"#, "{}", #"{"z":"s","y":"t"}"#, #"{"aa":"s"}"#],
            [#"{"z":1}"#, #"{"a":"s"}"#, #"{"a":1,"\u0061":"s"}"#, #"{"\u0061":"s"}"#]),
        Case(
            #"{"type":"object","patternProperties":{"^x_":{"type":"integer"}},"additionalProperties":false}"#,
            [#"{"x_1":1}"#, "{}"], [#"{"y":1}"#, #"{"x_1":"s"}"#]),
        Case(
            #"{"type":"object","patternProperties":{"^x":{"type":"integer"},"y$":{"minimum":3}}}"#,
            [#"{"x":1}"#, #"{"y":3,"q":null}"#, #"{"xy":4}"#, #"{"y":"s"}"#],
            [#"{"xy":2}"#, #"{"xy":"s"}"#, #"{"x":"s"}"#, #"{"y":1}"#]),
        Case(#"{"type":"object","minProperties":1}"#, [#"{"a":1}"#, #"{"a":1,"b":2}"#], ["{}"]),
        Case(#"{"type":"object","maxProperties":1}"#, [#"{"a":1}"#, "{}"], [#"{"a":1,"b":2}"#]),
        Case(
            #"{"type":"object","properties":{"a":{},"b":{},"c":{}},"additionalProperties":false,"minProperties":2,"maxProperties":2}"#,
            [#"{"a":1,"c":2}"#, #"{"b":1,"c":2}"#], ["{}", #"{"c":1}"#, #"{"a":1,"b":2,"c":3}"#]),
        Case(
            #"{"type":"object","propertyNames":{"pattern":"^[ab]+$","maxLength":2}}"#,
            [#"{"a":1,"ab":2}"#], [#"{"c":1}"#, #"{"aab":1}"#]),
        Case(
            #"{"type":"object","dependentRequired":{"a":["b"]},"properties":{"a":{},"b":{}}}"#,
            ["{}", #"{"b":1}"#, #"{"a":1,"b":1}"#], [#"{"a":1}"#, #"{"a":1,"c":2}"#]),
        Case(
            #"{"type":"array","prefixItems":[{"type":"integer"}],"items":false}"#,
            ["[]", "[1]", "[ 1 ]"],
            [#"["s"]"#, "[1,2]"]),
        Case(
            #"{"type":"array","minItems":2,"maxItems":2,"items":{"type":"boolean"}}"#,
            ["[true,false]"],
            ["[true]", "[true,true,true]", "[]"]),
        Case(
            ##"{"anyOf":[{"type":"string"},{"type":"array","items":{"$ref":"#"}}]}"##,
            [#"[[],["a"]]"#, #""s""#], ["[1]", "1"]),
        Case(
            #"{"type":"object","oneOf":[{"required":["k"],"properties":{"k":{"const":"a"},"x":{"type":"integer"}}},{"required":["k"],"properties":{"k":{"const":"b"},"y":{}}}]}"#,
            [#"{"k":"a","x":1}"#, #"{"k":"b","y":1}"#], [#"{"k":"a","x":"s"}"#, #"{"k":"c"}"#]),
        Case(
            #"{"allOf":[{"minimum":1},{"maximum":5}],"type":"integer"}"#, ["1", "5"], ["0", "6"]),
        Case("true", ["1", #""s""#, #"{"a":[{}]}"#, "null", "-1.5e3"], ["nul", "{]", "'a'"]),
        Case(#"{"not":{"type":"string"}}"#, ["1", "null", "[]", "1.5"], [#""s""#]),
        Case(
            #"{"type":"string","not":{"enum":["a","b"]}}"#, [#""c""#, #""ab""#, "\"\""],
            [#""a""#, #""b""#, #""\u0061""#]),
        Case(#"{"type":"integer","not":{"const":3}}"#, ["2", "4", "33"], ["3"]),
        Case(
            #"{"type":"object","properties":{"k":{"enum":["a","b"]},"v":{}},"required":["k"],"if":{"properties":{"k":{"const":"a"}}},"then":{"required":["v"]}}"#,
            [#"{"k":"a","v":1}"#, #"{"k":"b"}"#], [#"{"k":"a"}"#]),
        Case(
            #"{"type":"string","format":"date-time"}"#,
            [#""2024-02-29T23:59:60Z""#, #""2023-12-01t00:00:00.5+01:30""#],
            [#""2023-02-29T00:00:00Z""#, #""2024-01-01T24:00:00Z""#, #""2024-01-01T12:00:60Z""#]),
        Case(
            #"{"type":"string","format":"ipv6"}"#,
            [#""::""#, #""1::8""#, #""1:2:3:4:5:6:7:8""#, #""::ffff:1.2.3.4""#],
            [#""1:2:3:4:5:6:7""#, #""1::2::3""#, #""12345::""#, #""1:2:3:4:5:6:7:8:9""#]),
        Case(
            #"{"type":"string","format":"uuid"}"#,
            [#""2eb8aa08-aa98-11ea-b4aa-73b441d16380""#],
            [#""2eb8aa08-aa98-11ea-b4aa73b441d16380""#]),
        Case(
            #"{"type":"string","format":"email","maxLength":6}"#, [#""a@b.c""#],
            [#""a@bcdef""#, #""ab""#]),
        // Older dialects: flags for exclusive bounds, names of schemas, what stands beside references.
        Case(
            #"{"$schema":"http://json-schema.org/draft-04/schema#","id":"http://a.b/c","type":"integer","minimum":1,"exclusiveMinimum":true,"maximum":3,"exclusiveMaximum":false}"#,
            ["2", "3"], ["1", "4"]),
        Case(
            ##"{"$schema":"http://json-schema.org/draft-04/schema#","properties":{"a":{"$ref":"#/definitions/n","maximum":1},"b":{"id":"/b","type":"null"}},"definitions":{"n":{"type":"integer"}}}"##,
            [#"{"a":5,"b":null}"#], [#"{"a":"s"}"#, #"{"b":1}"#]),
        Case(
            ##"{"properties":{"a":{"$ref":"#/definitions/n","maximum":1}},"definitions":{"n":{"type":"integer"}}}"##,
            [#"{"a":1}"#], [#"{"a":5}"#, #"{"a":"s"}"#]),
        Case(
            #"{"type":"object","properties":{"a":{},"b":{},"c":{}},"dependencies":{"a":["b"],"b":{"required":["c"]}}}"#,
            ["{}", #"{"c":1}"#, #"{"a":1,"b":2,"c":3}"#, #"{"b":1,"c":1}"#],
            [#"{"a":1}"#, #"{"a":1,"b":1}"#, #"{"b":1}"#]),
        Case(
            #"{"type":"array","items":{"type":"integer"},"additionalItems":false}"#, ["[1,2]"],
            [#"["s"]"#]),
        // What no dialect knows is an annotation.
        Case(
            #"{"type":"integer","id":"x","faker":{"type":"string"},"uniqueItems":false,"not":{"type":"string","propertyOrder":3}}"#,
            ["7"], [#""s""#]),
        Case(
            ##"{"$defs":{"n":{"type":"object","properties":{"v":{"type":"integer"},"next":{"$ref":"#/$defs/n"}},"required":["v"],"additionalProperties":false}},"$ref":"#/$defs/n"}"##,
            [#"{"v":1,"next":{"v":2}}"#], [#"{"next":{"v":2}}"#, #"{"v":1,"next":{}}"#]),
    ]

    @Test(arguments: cases) func keywords(_ given: Case) throws {
        if given.accepts.isEmpty {
            #expect(throws: ConstraintError.self) { try Texts.constraint(given.schema) }
            return
        }
        let constraint = try Texts.constraint(given.schema)
        for text in given.accepts { #expect(constraint.matches(text.utf8), "refused \(text)") }
        for text in given.refuses { #expect(!constraint.matches(text.utf8), "accepted \(text)") }
    }

    /// What cannot be enforced exactly is refused by the name of the keyword.
    @Test(arguments: [
        (#"{"contains":{"type":"string"}}"#, "contains"),
        (#"{"uniqueItems":true}"#, "uniqueItems"),
        (#"{"properties":{"a":{"format":"iri"}}}"#, "iri"),
        (#"{"pattern":"(?=a)b"}"#, "lookaround"),
        (#"{"pattern":"\\bfoo\\b"}"#, "word boundaries"),
        (#"{"pattern":"(a)\\1"}"#, "references"),
        (#"{"unevaluatedProperties":false}"#, "unevaluatedProperties"),
        (##"{"$dynamicRef":"#x"}"##, "$dynamicRef"),
        (#"{"type":"string","nullable":true}"#, "nullable"),
        (#"{"~not":{"type":"string"}}"#, "~not"),
        (
            ##"{"properties":{"a":{"$id":"/a","items":{"$ref":"#/$defs/x"}}},"$defs":{"x":{}}}"##,
            "a name of its own"
        ),
        (#"{"$schema":"http://example.com/mine"}"#, "the dialect"),
        (#"{"exclusiveMinimum":"1"}"#, "expected a number"),
        (#"{"oneOf":[{"type":"number"},{"type":"integer"}]}"#, "two of the alternatives"),
        (#"{"$ref":"http://example.com/a.json"}"#, "leads out"),
        (##"{"$ref":"#/$defs/no"}"##, "leads nowhere"),
        (##"{"$ref":"#"}"##, "back to itself"),
        (##"{"allOf":[{"$ref":"#"}]}"##, "back to itself"),
        (#"{"type":"object","minProperties":3}"#, "cannot be told apart"),
        ("false", "no value matches"),
        (#"{"type":"string","minLength":3,"maxLength":2}"#, "no value matches"),
        (#"{"type":"object","required":["a"],"properties":{"a":false}}"#, "no value matches"),
        (
            ##"{"type":"object","required":["a"],"properties":{"a":{"$ref":"#"}}}"##,
            "no value matches"
        ),
        (#"{"type":"str"}"#, "expected null"),
        (#"{"type":"integer","multipleOf":12345678}"#, "too many states"),
        (#"{"minLength":-1}"#, "whole number"),
        (#"{"properties":[]}"#, "expected an object"),
        ("[]", "expected a schema"), ("{", "not valid JSON"),
    ]) func refusals(schema: String, says: String) throws {
        let error = #expect(throws: ConstraintError.self) { try Texts.constraint(schema) }
        #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    }

    @Test func expressions() throws {
        func matches(_ expression: String, _ text: String) throws -> Bool {
            try TokenConstraint(.regex(expression), vocabulary: Texts.vocabulary).matches(text.utf8)
        }
        #expect(try matches("[a-c]{2,3}|x+", "abc"))
        #expect(try matches("^[a-c]{2,3}$", "ab"))
        #expect(try !matches("[a-c]{2,3}|x+", "abcd"))
        #expect(try matches(#"\d+(?:\.\d+)?\s\w*"#, "12.5 ab_"))
        #expect(try matches(#"[^\x00-\x7F]+"#, "é€😀"))
        #expect(try !matches(#"[^\x00-\x7F]+"#, "éa"))
        #expect(try matches(#"\p{Lu}\p{Ll}+"#, "Éa"))
        #expect(try !matches(#"\p{Lu}\p{Ll}+"#, "ÉA"))
        #expect(try matches(#"(a|aa)+b"#, String(repeating: "a", count: 500) + "b"))
        #expect(try matches(#"\u{1F600}\ud83d\ude00\/\."#, "😀😀/."))
    }

    @Test func choices() throws {
        let constraint = try TokenConstraint(
            .choice(["yes", "no", "nobody", "é"]), vocabulary: Texts.vocabulary)
        for text in ["yes", "no", "nobody", "é"] { #expect(constraint.matches(text.utf8)) }
        for text in ["", "nob", "yess", "y"] { #expect(!constraint.matches(text.utf8)) }
        #expect(throws: ConstraintError.self) {
            try TokenConstraint(.choice([]), vocabulary: Texts.vocabulary)
        }
    }
}
