/// Conversations as examples: the tokens that generation would see, and weights on what the model says.

import Foundation
import MartletFormats
import MartletTokenizers
import Testing

@testable import MartletTraining

@Suite struct MessagesSourceTests {
    private static let template =
        "{% for m in messages %}[{{ m.role }}]{{ m.content }}<|end|>\n{% endfor %}"
        + "{% if add_generation_prompt %}[assistant]{% endif %}"

    private func tokenizer(_ template: String? = Self.template) throws -> ModelTokenizer {
        let plain = try ModelTokenizer.bytes()
        return ModelTokenizer(
            tokenizer: plain.tokenizer, endToken: plain.endToken,
            chatTemplate: template.map { ChatTemplateSource(template: $0, name: "template") },
            files: [])
    }

    private func source(
        _ lines: [String], _ tokenizer: ModelTokenizer, heldOut: Bool = false,
        part: TrainingPart = .all
    ) throws -> MessagesSource {
        let path = NSTemporaryDirectory() + "/martlet-messages-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: path))
        return try MessagesSource.read(
            path, tokenizer: tokenizer, promptWeight: 0.25, isHeldOut: heldOut, part: part)
    }

    private static let two =
        #"{"messages":[{"role":"user","content":"hi <|end|>"},{"role":"assistant","content":"yes"},"#
        + #"{"role":"user","content":"and"},{"role":"assistant","content":"no"}]}"#

    private func said(_ example: TrainingExample, _ tokenizer: ModelTokenizer) throws -> String {
        let tokens = zip(example.tokens, example.weights).filter { $0.1 == 1 }.map(\.0)
        return try tokenizer.tokenizer.decode(tokens, skipSpecialTokens: false)
    }

    @Test func answersHaveTheirOwnTokensAndWeights() throws {
        let tokenizer = try tokenizer()
        let example = try source([Self.two], tokenizer).example(seed: 1, index: 0, room: 100)
        let text = try tokenizer.tokenizer.decode(example.tokens, skipSpecialTokens: false)
        #expect(
            text
                == "[user]hi <|end|><|end|>\n[assistant]yes<|end|>\n[user]and<|end|>\n[assistant]no<|end|>\n"
        )
        // What a user spells is text; what the template writes is the token.
        #expect(example.tokens.count { $0 == 256 } == 4)
        #expect(try said(example, tokenizer) == "yes<|end|>\nno<|end|>\n")
        #expect(example.weights.allSatisfy { $0 == 1 || $0 == 0.25 })
    }

    @Test func aPromptAndItsCompletionAreTwoMessages() throws {
        let tokenizer = try tokenizer()
        let short = try source([#"{"prompt":"a","completion":"b"}"#], tokenizer)
        let long = try source(
            [
                #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#
            ], tokenizer)
        #expect(
            short.example(seed: 0, index: 0, room: 9) == long.example(seed: 0, index: 0, room: 9))
    }

    /// A template that shows only the last answer gives its earlier ones no weight.
    @Test func templatesThatForgetGiveTheLastAnswer() throws {
        let tokenizer = try tokenizer(
            "{% for m in messages %}[{{ m.role }}]{% if m.role == 'user' or loop.last %}{{ m.content }}{% endif %}/"
                + "{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}")
        let example = try source([Self.two], tokenizer).example(seed: 1, index: 0, room: 100)
        #expect(try said(example, tokenizer) == "no/")
    }

    @Test func oneInTwentyIsHeldOutAndPartsAreApart() throws {
        let tokenizer = try tokenizer()
        let lines = (0..<400).map { #"{"prompt":"\#($0)","completion":"x"}"# }
        func prompts(_ source: MessagesSource) throws -> Set<String> {
            var found: Set<String> = []
            for index in 0..<4000 {
                found.insert(
                    try tokenizer.tokenizer.decode(
                        source.example(seed: 5, index: index, room: 50).tokens))
            }
            return found
        }
        let all = try prompts(source(lines, tokenizer))
        let out = try prompts(source(lines, tokenizer, heldOut: true))
        let fifth = try prompts(source(lines, tokenizer, part: .fifth))
        let rest = try prompts(source(lines, tokenizer, part: .remainder))
        #expect(all.count == 380 && out.count == 20 && all.isDisjoint(with: out))
        #expect(fifth.isDisjoint(with: rest) && fifth.union(rest) == all)
    }

    @Test(arguments: [
        (#"{"text":"#, "JSON"), (#"{"text":"a"}"#, "messages"), (#"{"messages":[]}"#, "messages"),
        (#"{"messages":[{"role":"poet","content":"a"}]}"#, "role"),
        (#"{"messages":[{"role":"user","content":"a"}]}"#, "assistant"),
        (
            #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"","tool_calls":[]}]}"#,
            "tool_calls"
        ),
    ])
    func wrongLinesAreNamed(line: String, part: String) throws {
        let tokenizer = try tokenizer()
        let error = try #require(throws: TrainingError.self) {
            _ = try source([#"{"prompt":"a","completion":"b"}"#, line], tokenizer)
        }
        #expect("\(error)".contains("conversation 2") && "\(error)".contains(part))
    }

    @Test func aModelWithoutATemplateIsRefused() throws {
        let plain = try tokenizer(nil)
        let error = try #require(throws: TrainingError.self) {
            _ = try source([#"{"prompt":"a","completion":"b"}"#], plain)
        }
        #expect("\(error)".contains("chat template"))
        let template = try tokenizer()
        let empty = try #require(throws: TrainingError.self) {
            _ = try source([#"{"prompt":"a","completion":"b"}"#], template, heldOut: true)
        }
        #expect("\(empty)".contains("20"))
    }
}
