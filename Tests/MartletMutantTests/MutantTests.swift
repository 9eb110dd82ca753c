// Every parser of bytes that somebody else may have made, with damaged inputs.

import Testing

@Suite(.serialized) struct MutantTests {
    static let inputs =
        UntrustedInput.containers + UntrustedInput.adapters + UntrustedInput.models
        + UntrustedInput.gguf + UntrustedInput.quantised + UntrustedInput.tokenizers
        + UntrustedInput.texts + UntrustedInput.constraints + UntrustedInput.records
        + UntrustedInput.hub + UntrustedInput.serving

    /// Each mutant is read or refused in a sentence: no trap, no hang, no great memory.
    @Test(arguments: inputs) func everyMutantIsReadOrRefused(input: UntrustedInput) async throws {
        let total = MutantRun.asked ?? 2000
        let count = (total + Self.inputs.count - 1) / Self.inputs.count
        let result = try await MutantRun.run(input, count: count)
        #expect(result.accepted + result.refused == count)
        if MutantRun.asked != nil { print("\(input.name): \(count) mutants, \(result)") }
    }

    private static let long = String(repeating: "(x", count: 3000)

    /// Sentences repeat what an input says, but neither all of a long text nor what steers a terminal.
    @Test(arguments: [
        ("recipe", "model: \u{1B}[2J", "control characters are not allowed"),
        ("recipe", "{" + String(repeating: "{\"a\":", count: 3000), "not valid YAML"),
        ("merges.txt", "#version: 0.2\n\u{1B} a\n", "\\u{1b}"),
        ("policy", "snapkv\u{7}(budget=1)", "column 7"), ("policy", "a\(long)", "expected"),
        ("policy", "snapkv(budget=\(String(repeating: "9", count: 5000)))", "64 bits"),
        ("method of a sweep", "tova\u{1B}\(long)", "{budget}"),
        ("gates", "0.5 \u{1B}x", "line 1"),
        ("config.json", #"{"architectures": ["\#(long)"]}"#, "is not implemented"),
        ("tokenizer_config.json", #"{"tokenizer_class": "\#(long)"}"#, "is not supported"),
        ("file of problems", #"{"\#(long)": 1}"#, "expected prompt and answer"),
        (
            "records of an evaluation", #"{"run": "evaluation", "\#(long)": 1}"# + "\n",
            "holds another run"
        ),
        (
            "forged state of a checkpoint",
            String(decoding: UntrustedInput.state(), as: UTF8.self)
                .replacing("learningRate", with: long), "is not that of this run"
        ),
    ]) func sentencesAreShortAndPrintable(name: String, text: String, says: String) async throws {
        let input = try #require(Self.inputs.first { $0.name == name })
        let folder = try WorkFolder()
        let error = await #expect(throws: (any Error).self) {
            try await input.read(Array(text.utf8), folder)
        }
        let sentence = MutantRun.sentence(try #require(error))
        #expect(sentence.contains(says) && sentence.count < 1500, "\(sentence.prefix(300))")
        #expect(!sentence.unicodeScalars.contains { $0.value < 32 }, "\(sentence.debugDescription)")
    }
}
