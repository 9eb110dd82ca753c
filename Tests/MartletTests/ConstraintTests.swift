/// Answers of a model that must match something.

import Martlet
import Testing

@Suite struct ConstraintTests {
    private func say(
        _ model: Model, _ constraint: Constraint, seed: UInt64, limit: Int = 64,
        temperature: Float = 2
    ) async throws -> Response {
        var options = GenerationOptions()
        options.constraint = constraint
        options.temperature = temperature
        options.seed = seed
        options.maximumTokens = limit
        return try await model.makeSession().respond(to: "S:19 60 56 96=", options: options)
    }

    @Test func answersMatch() async throws {
        let model = try await Model.load("builtin")
        let schema = Constraint.jsonSchema(
            #"{"type":"object","properties":{"name":{"type":"string"},"n":{"type":"integer","minimum":-5,"maximum":120},"list":{"type":"array","items":{"enum":["a","bc"]}}},"required":["name","n","list"],"additionalProperties":false}"#
        )
        for seed in UInt64(0)..<6 {
            // Whether it would have ended by itself or not, it is whole.
            let answer = try await say(
                model, schema, seed: seed, limit: seed.isMultiple(of: 2) ? 48 : 120)
            #expect(answer.finishReason == .stop, "\(answer.text)")
            #expect(answer.text.hasPrefix("{") && answer.text.hasSuffix("}"), "\(answer.text)")
            #expect(
                answer.text.contains(
                    /"name": ?\s*"[\s\S]*", ?\s*"n": ?\s*-?[0-9]+, ?\s*"list": ?\s*\[/),
                "\(answer.text)")
        }
        for seed in UInt64(0)..<4 {
            let number = try await say(model, .regex("[0-9]{2}=[a-c]+!"), seed: seed, limit: 12)
            #expect(number.text.wholeMatch(of: /[0-9]{2}=[a-c]+!/) != nil, "\(number.text)")
            let word = try await say(model, .choice(["yes", "no", "yesterday"]), seed: seed)
            #expect(["yes", "no", "yesterday"].contains(word.text))
            let letters = try await say(model, .grammar("root ::= [xy]{4} \".\""), seed: seed)
            #expect(letters.text.wholeMatch(of: /[xy]{4}\./) != nil)
        }
    }

    @Test func theSameSeedSaysTheSame() async throws {
        let model = try await Model.load("builtin")
        let constraint = Constraint.jsonObject
        let first = try await say(model, constraint, seed: 4, limit: 40)
        async let one = say(model, constraint, seed: 4, limit: 40)
        async let other = say(model, .regex("[a-z ]{30}"), seed: 1)
        let (again, _) = try await (one, other)
        #expect(again.tokens == first.tokens && again.text == first.text)
    }

    @Test func whatIsNotEnforcedIsRefused() async throws {
        let model = try await Model.load("random:tiny")
        let error = await #expect(throws: MartletError.self) {
            try await say(model, .jsonSchema(#"{"contains":{}}"#), seed: 1)
        }
        #expect(error?.code == .invalidParameter)
        #expect(error?.message.contains("\"contains\" is not supported") == true)
        // The model answers other requests.
        let answer = try await say(model, .choice(["ab"]), seed: 1)
        #expect(answer.tokens == [97, 98] && answer.finishReason == .stop)
    }
}
