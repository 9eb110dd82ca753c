// Masks of constraints, timed along texts: what Benchmarks/Constraints/compare.py lays beside llguidance.
//
// usage: martlet-mask-bench TOKENIZER CASES BITS
//
// TOKENIZER is a folder with a tokenizer, CASES has a JSON object on each line (`name`, `kind` json, regex or gbnf, `schema`,
// `instance`), and BITS receives every mask, one after the other. A line of JSON for each case goes to standard output.

import Foundation
import MartletConstraints
import MartletTokenizers

/// One constraint and a text that it allows.
struct Case: Decodable {
    let name, kind, schema, instance: String

    var constraint: Constraint {
        switch kind {
        case "regex": .regex(schema)
        case "gbnf": .grammar(schema)
        default: .jsonSchema(schema)
        }
    }
}

/// What a pass over a text came to. Times are microseconds.
struct Outcome: Encodable {
    let name: String
    var error: String?
    /// From the constraint's text to the first mask.
    var first: Double?
    /// Of each mask.
    var times: [Double]?
    var tokens: [Int32]?
}

func microseconds(_ duration: Duration) -> Double { duration / .microseconds(1) }

/// Follows a text by its longest tokens, with a constraint that nobody has used before.
func follow(_ each: Case, _ vocabulary: TokenVocabulary, _ bits: inout Data) throws -> Outcome {
    let clock = ContinuousClock()
    let start = clock.now
    let constraint = try TokenConstraint(each.constraint, vocabulary: vocabulary)
    _ = try constraint.tokens(after: constraint.start)
    let first = microseconds(clock.now - start)
    var (times, tokens): ([Double], [Int32]) = ([], [])
    var state: TokenConstraint.State? = constraint.start
    var rest = Array(each.instance.utf8)[...]
    while !rest.isEmpty, let here = state {
        let begin = clock.now
        let set = try constraint.tokens(after: here)
        times.append(microseconds(clock.now - begin))
        set.words.withUnsafeBytes { bits.append(contentsOf: $0) }
        guard let (token, length) = vocabulary.longestToken(of: rest) else { break }
        tokens.append(token)
        state = constraint.state(here, after: token)
        rest = rest.dropFirst(length)
    }
    return Outcome(name: each.name, first: first, times: times, tokens: tokens)
}

guard CommandLine.arguments.count == 4 else {
    FileHandle.standardError.write(
        Data("usage: martlet-mask-bench TOKENIZER CASES BITS\n".utf8))
    exit(64)
}
let tokenizer = try Tokenizer.load(directory: CommandLine.arguments[1])
let vocabulary = TokenVocabulary(
    tokens: (0..<Int32(tokenizer.vocabularySize)).map {
        tokenizer.isSpecial($0) ? nil : tokenizer.token(for: $0)
    }, endTokens: Set(tokenizer.eosTokens))
let lines = try String(contentsOfFile: CommandLine.arguments[2], encoding: .utf8)
let cases = try lines.split(separator: "\n").map {
    try JSONDecoder().decode(Case.self, from: Data($0.utf8))
}
var bits = Data()
for each in cases {
    var best: Outcome?
    var own = Data()
    for _ in 0..<3 {
        own = Data()
        do {
            let outcome = try follow(each, vocabulary, &own)
            let (sum, known) = (outcome.times?.reduce(0, +), best?.times?.reduce(0, +))
            if sum ?? 0 < known ?? .infinity { best = outcome }
        } catch { best = Outcome(name: each.name, error: "\(error)") }
    }
    bits.append(own)
    if let best { print(String(decoding: try JSONEncoder().encode(best), as: UTF8.self)) }
}
try bits.write(to: URL(fileURLWithPath: CommandLine.arguments[3]))
