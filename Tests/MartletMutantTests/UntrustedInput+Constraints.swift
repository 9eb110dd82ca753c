// Texts that say what an answer must match: schemas, expressions, grammars.

import MartletConstraints
import Testing

extension UntrustedInput {
    private static let schemas = [
        ##"{"type":"object","properties":{"a":{"type":"integer","minimum":-5,"maximum":120},"b":{"$ref":"#/$defs/x~1y"}},"required":["b"],"additionalProperties":{"type":"string","pattern":"^a.c$","maxLength":9},"$defs":{"x/y":{"enum":[1,"é",null,[{}]]}}}"##,
        ##"{"anyOf":[{"type":"array","items":{"$ref":"#"},"prefixItems":[{"format":"date-time"}],"minItems":2},{"multipleOf":0.25,"exclusiveMaximum":1e3}]}"##,
        #"{"oneOf":[{"properties":{"k":{"const":"a"}},"required":["k"],"type":"object"},{"type":"null"}],"not":{"type":"boolean"},"if":{"required":["q"]},"then":{"minProperties":1}}"#,
        #"{"patternProperties":{"^x":{"type":"number"},"y$":{}},"propertyNames":{"maxLength":4},"dependentRequired":{"a":["b","c"]},"maxProperties":3}"#,
    ]

    private static let expressions = [
        "^(?:a|bc)*[^x-z\\d]{2,5}\\u{1F600}(?<n>\\w+)?$",
        "\\p{Lu}\\p{Ll}+(\\s[\\]a-]|\\x41){1,3}|.*\\.",
    ]

    private static let grammars = [
        "root ::= (expr \"=\" ws term \"\\n\")+ # sums\nexpr ::= term ([-+*/] term)*\nterm ::= num | \"(\" ws expr \")\" ws\nnum ::= [0-9]{1,3} ws\nws ::= [ \\t]*\n",
        "start: call (\",\" call)* [\";\"]\ncall: NAME \"(\" (value (\",\" value)~0..2)? \")\" -> called\nvalue: \"yes\"i\n  | \"0\"..\"9\"\nNAME.2: /[a-z_]\\w*/ // names\n",
    ]

    /// Compiles a constraint and follows what it allows for a few tokens.
    private static func follow(_ constraint: Constraint) throws {
        let vocabulary = TokenVocabulary(
            tokens: (UInt8.min...UInt8.max).map { [$0] } + [Array("\":".utf8), nil],
            endTokens: [257])
        let compiled = try TokenConstraint(constraint, vocabulary: vocabulary)
        var state = compiled.start
        for step in 0..<4 {
            let set = try compiled.tokens(after: state)
            let allowed = (0..<Int32(257)).filter { set.contains($0) }
            guard !allowed.isEmpty else { break }
            state = try #require(compiled.state(state, after: allowed[step % allowed.count]))
        }
        let rest = compiled.shortestCompletion(state)
        #expect(rest.count == min(compiled.shortestLength(state), 1 << 16))
    }

    static let constraints: [UntrustedInput] = [
        UntrustedInput("JSON schema", texts: schemas) { try follow(.jsonSchema($0)) },
        UntrustedInput("regular expression", texts: expressions) { try follow(.regex($0)) },
        UntrustedInput("grammar", texts: grammars) { text in
            try follow(text.hasPrefix("start") ? .lark(text) : .grammar(text))
        },
    ]
}
