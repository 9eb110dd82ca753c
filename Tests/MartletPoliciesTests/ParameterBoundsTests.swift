// Policies at the ends of what their parameters accept.

import Testing

@testable import MartletCache
@testable import MartletPolicies

@Suite struct ParameterBoundsTests {
    /// A policy's text with one parameter set, wherever it had another value.
    private func setting(_ name: String, to value: PolicyValue, in text: String) throws -> String {
        let expression = try PolicyExpression(text)
        let terms = expression.terms.enumerated().map { index, term in
            guard index == 0 else { return term }
            let others = term.arguments.filter { $0.name != name }
            return PolicyTerm(
                name: term.name, wrapped: term.wrapped,
                arguments: others + [PolicyArgument(name: name, value: value)])
        }
        return PolicyExpression(terms: terms).description
    }

    private func bounds(of domain: CachePolicyParameter.Domain) -> [PolicyValue] {
        switch domain {
        case .integer(let range): [.integer(range.lowerBound), .integer(range.upperBound)]
        case .decimal(let range): [.decimal(range.lowerBound), .decimal(range.upperBound)]
        case .boolean: [.boolean(false), .boolean(true)]
        case .choice(let words): words.map { .name($0) }
        case .bytes: [.bytes(1), .bytes(.max)]
        case .path: []
        }
    }

    /// What is accepted runs, or is refused by name when a cache is made for it or a prompt is complete.
    @Test(arguments: CachePolicyRegistry.entries.compactMap(\.examples.first))
    func boundsRun(example: String) throws {
        let stream = LayerStream(count: 40, seed: 91)
        let name = try PolicyExpression(example.replacing("%", with: "ratio=0.5")).terms[0].name
        for parameter in try CachePolicyRegistry.entry(named: name).parameters {
            for value in bounds(of: parameter.domain) {
                for budget in ["budget=20", "ratio=0.5", "bytes=8KB"] {
                    let text = try setting(
                        parameter.name, to: value,
                        in: example.replacing("%", with: budget))
                    // A stream of one layer has no prompt to read again.
                    guard let policy = try? CachePolicy(text), !policy.traits.rereadsPrompt
                    else { continue }
                    do { _ = try stream.run(text, prompt: 30, chunk: 12) } catch is CacheError {
                    }
                    guard example.contains("%") else { break }
                }
            }
        }
    }
}
