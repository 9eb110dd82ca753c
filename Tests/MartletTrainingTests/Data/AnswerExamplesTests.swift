// Answers as examples: what counts, what is held out, what is refused.

import Foundation
import MartletFormats
import MartletTokenizers
import Testing

@testable import MartletTraining

@Suite struct AnswerExamplesTests {
    private static func examples(_ text: String) throws -> [TrainingExample] {
        let tokenizer = try ModelTokenizer.bytes()
        return try ExampleLines.read(Array(text.utf8), name: "answers.jsonl") {
            try AnswerExamples.examples($0, tokenizer, promptWeight: 0.25)
        }.flatMap(\.self)
    }

    private static func reason(_ body: () throws -> Void) -> String {
        let error = #expect(throws: TrainingError.self) { try body() }
        return error.map { "\($0)" } ?? ""
    }

    /// The tokens whose weight is 1, the end as a dot.
    private static func counted(_ example: TrainingExample) -> String {
        zip(example.tokens, example.weights).filter { $0.1 == 1 }.map { token, _ in
            token == 256 ? "." : String(decoding: [UInt8(token)], as: UTF8.self)
        }.joined()
    }

    /// Completions and the chains of an evaluation; its first line and what could not be asked are no examples.
    @Test func answersCount() throws {
        let found = try Self.examples(
            #"{"martlet": "1", "run": "evaluation"}"# + "\n\n"
                + #"{"prompt": "3", "chains": [], "refusal": "too long"}"# + "\r\n"
                + #"{"prompt": "1+1=", "completion": "2", "more": 1}"# + "\n"
                + #"{"prompt": "2+2=", "chains": [{"text": "4", "score": 1}, {"text": "5"}]}"#)
        #expect(found.map(Self.counted) == ["2.", "4.", "5."])
        #expect(found[0].weights == [0.25, 0.25, 0.25, 0.25, 1, 1])
    }

    /// A tokenizer that puts a mark before every text and a token before that, as Llama's does: an answer begins with neither.
    @Test func answersBeginNoText() throws {
        let file = """
            {"version": "1.0", "added_tokens": [{"id": 5, "content": "<s>", "special": true, "single_word": false,
            "lstrip": false, "rstrip": false, "normalized": false}], "pre_tokenizer": null, "decoder": null,
            "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
            "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}}], "pair": [{"Sequence": {"id": "A", "type_id": 0}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [5], "tokens": ["<s>"]}}},
            "model": {"type": "BPE", "vocab": {"▁": 0, "a": 1, "b": 2, "▁a": 3, "ba": 4}, "merges": ["▁ a", "b a"]}}
            """
        let tokenizer = ModelTokenizer(
            tokenizer: try Tokenizer(tokenizerJSON: Array(file.utf8), configuration: nil),
            endToken: 5, chatTemplate: nil, files: [])
        func tokens(_ prompt: String, _ completion: String) throws -> [Int32] {
            let line = #"{"prompt": "\#(prompt)", "completion": "\#(completion)"}"#
            return try ExampleLines.read(Array(line.utf8), name: "answers.jsonl") {
                try AnswerExamples.examples($0, tokenizer, promptWeight: 0)
            }.flatMap(\.self)[0].tokens
        }
        #expect(try tokens("a a", "ab") == [5, 3, 3, 1, 2, 5])
        #expect(try tokens("a a", " ab") == [5, 3, 3, 3, 2, 5])
        // Where the answer grows together with the prompt, the prompt stays as it is asked.
        #expect(try tokens("a b", "a") == [5, 3, 0, 2, 3, 5])
    }

    @Test func saysWhichLineIsWrong() {
        for line in [
            "[1]", "{", #"{"completion": "2"}"#, #"{"prompt": "1"}"#,
            #"{"prompt": "1", "chains": []}"#, #"{"prompt": "1", "chains": [{}]}"#,
            #"{"prompt": "1", "completion": 2}"#,
        ] {
            let text = #"{"prompt": "1", "completion": "2"}"# + "\n" + line
            #expect(
                Self.reason { _ = try Self.examples(text) }.contains("answers.jsonl, line 2"))
        }
    }

    /// Held-out examples are never trained on.
    @Test func theEndIsHeldOut() throws {
        let all = (0..<40).map { [TrainingExample(tokens: [Int32($0), 1], weights: [0, 1])] }
        func drawn(isHeldOut: Bool) throws -> Set<Int32> {
            let source = try ListSource(all, name: "list", isHeldOut: isHeldOut, part: .all)
            return Set(
                (0..<1000).map { source.example(seed: 3, index: $0, room: 8).tokens[0] })
        }
        #expect(try drawn(isHeldOut: false) == Set(0..<38))
        #expect(try drawn(isHeldOut: true) == [38, 39])
        #expect(
            Self.reason {
                _ = try ListSource([all[0]], name: "list", isHeldOut: false, part: .all)
            }.contains("list"))
    }

    /// Answers to one prompt lie on one side of the cut.
    @Test func chainsStayTogether() throws {
        let lines = (0..<10).map { line in
            (0..<8).map { _ in TrainingExample(tokens: [Int32(line), 1], weights: [0, 1]) }
        }
        func drawn(_ isHeldOut: Bool) throws -> Set<Int32> {
            let source = try ListSource(lines, name: "list", isHeldOut: isHeldOut, part: .all)
            return Set((0..<500).map { source.example(seed: 1, index: $0, room: 8).tokens[0] })
        }
        #expect(try drawn(false) == Set(0..<9) && drawn(true) == [9])
    }

    /// A chain that was cut off has no end, and answers to messages are not answers to their problems' texts.
    @Test func endsAreLearntWhereTheyWere() throws {
        let lines = try Self.examples(
            #"{"prompt": "1", "chains": [{"text": "2", "finishReason": "stop"}, {"text": "34", "finishReason": "length"}]}"#
        )
        #expect(lines.map { $0.tokens.last == 256 } == [true, false])
        #expect(
            Self.reason {
                _ = try Self.examples(
                    #"{"martlet": "1", "run": "evaluation", "chat": true}"# + "\n"
                        + #"{"prompt": "1", "completion": "2"}"#)
            }.contains("--chat"))
    }

    @Test func aRetrofitLearnsFromAnswers() throws {
        try TrainingRunTests.withFolder { folder in
            try TrainingRunTests.run(TrainingRunTests.recipe(steps: 2), folder + "/base").run()
            let file = folder + "/answers.jsonl"
            try (0..<4).map { #"{"prompt": "\#($0)+1=", "completion": "\#($0 + 1)"}"# }
                .joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
            let (entries, _) = try Recipe.finalData(
                "data:\n  - {answers: \(file), share: 2}", file: "data.yaml")
            #expect(entries == [Recipe.DataEntry(.answers(file), share: 2)])
            var plan = RetrofitPlan()
            (plan.steps, plan.sequences, plan.length, plan.data) = (2, 2, 64, entries)
            let retrofit = try Retrofit(
                model: folder + "/base", plan: plan, directory: folder + "/out", resumes: false,
                machine: try TrainingMachine(threads: 1))
            try retrofit.run.run()
            #expect(try retrofit.report(batches: 1).tokens > 0)
            #expect(
                Self.reason {
                    _ = try Recipe.finalData("data:\n  - {answers: a, text: b}", file: "data.yaml")
                }.contains("one of task"))
        }
    }
}
