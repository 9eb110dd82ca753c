/// What would change nothing is refused, in every mode of every verb.

import ArgumentParser
import MartletTraining
import Testing

@testable import MartletCommand

@Suite struct UnusedOptionTests {
    private static let adapter = ["--adapter", "x=dir/x"]
    private static let inspect = ["inspect", "m"]
    private static let generate = ["generate", "--model", "m", "hi"]
    private static let charlm = ["train", "charlm", "--corpus", "a"]
    private static let from = [
        "train", "charlm", "--from", "f", "--sample", "3", "--prompt", "p",
    ]

    /// A command that is taken, what makes it refused, and what the refusal names.
    @Test(
        arguments: [
            (["serve", "a", "b"], ["--slots", "2"], "--slots"),
            (inspect, ["--kv", "q8"], "--kv"), (inspect, ["--cache", "tova"], "--cache"),
            (inspect, ["--memory", "1MB"], "--memory"), (inspect, adapter, "--adapter NAME="),
            (inspect, adapter + ["--use-adapter", "x"], "--use-adapter"),
            (inspect + ["--metadata"], ["--weights", "q8"], "--weights"),
            (inspect + ["--metadata"], ["--adapter", "dir"], "--adapter"),
            (inspect + ["--metadata"], ["--cache", "tova"], "--cache"),
            (inspect + ["--metadata"], ["--tokens", "1"], "--tokens"),
            (inspect + ["--metadata"], ["--text-file", "f"], "--text-file"),
            (inspect, ["--then", "1"], "--tokens"),
            (inspect, ["--trace-cache", "f"], "--trace-cache"),
            (inspect + ["--tokens", "1"], ["--beside", "tova"], "--trace-cache"),
            (generate, ["--logprobs", "2"], "--json"), (generate, ["--tools", "f"], "--chat"),
            (generate, ["--system", "s"], "--chat"),
            (["chat", "m"], ["--logprobs", "2"], "--logprobs"),
            (["solve", "hi", "--task", "copy"], ["--answer", "number"], "--task"),
            (
                ["solve", "--task", "copy", "--samples", "3"], ["--answer", "number"], "--task"
            ),
            (["bench", "cache", "--model", "m"], ["--prompt-tokens", "9"], "--text-file"),
            (["bench", "--model", "m"], adapter, "--adapter"),
            (["bench", "--model", "m", "--shared-prompt", "9"], ["--depth", "0,8"], "--depth"),
            (["solve", "hi"], ["--instruction", "Think."], "--chat"),
            (["embed", "--model", "m", "hi"], ["--top", "3"], "--query"),
            (
                ["score", "--model", "m", "--tokens", "1,2", "--prompt-tokens", "1"],
                ["--top", "3"], "--top"
            ),
            (charlm, ["--prompt", "p"], "--sample"),
            (charlm, ["--models", "vanilla(1); vanilla(2)"], "--compare"),
            (charlm + ["--compare"], ["--model", "vanilla(1)"], "--models"),
            (from, ["--width", "32"], "--width"), (from, ["--steps", "9"], "--steps"),
            (from, ["--model", "vanilla(1)"], "--model"), (from, ["--out", "o"], "--out"),
        ] as [([String], [String], String)])
    func whatWouldChangeNothingIsRefused(command: [String], option: [String], named: String) {
        #expect(throws: Never.self) { _ = try Main.parseAsRoot(command) }
        do {
            _ = try Main.parseAsRoot(command + option)
            Issue.record("\(command + option) is taken")
        } catch {
            let message = Main.message(for: error)
            #expect(message.contains(named), "\(message)")
        }
    }

    /// What is usual may be said.
    @Test func whatIsUsualMayBeSaid() throws {
        for command in [
            Self.inspect + ["--kv", "f32", "--cache", "dense"],
            Self.charlm + ["--model", "hourglass(1@1 4@3 1@1)"], Self.from + ["--width", "96"],
            Self.inspect + ["--tokens", "1", "--kv", "q8", "--cache", "tova", "--memory", "1MB"]
                + Self.adapter + ["--use-adapter", "x"],
            Self.inspect + ["--weights", "q8", "--adapter", "dir"],
            Self.generate + ["--json", "--logprobs", "2"],
        ] { _ = try Main.parseAsRoot(command) }
    }

    @Test func aRetrofitTakesNothingForWhatItDoesNotTrain() throws {
        let usual = ["retrofit", "dms", "--model", "m", "--out", "o", "--task", "copy"]
        for (options, named) in [
            (["--base-learning-rate", "0.1"], "--base-learning-rate"),
            (["--fade-steps", "3"], "--fade-steps"),
            (["--fade-steps", "200"], "--fade-steps"),
            (["--write-adapter", "--stored", "q8"], "--stored"),
        ] {
            let verb = try #require(try Main.parseAsRoot(usual + options) as? RetrofitDMS)
            let error = #expect(throws: ValidationError.self) { _ = try verb.plan() }
            #expect(error?.message.contains(named) == true)
        }
        let parts = try #require(
            try Main.parseAsRoot(usual + ["--rank", "2", "--base-learning-rate", "0.1"])
                as? RetrofitDMS)
        _ = try parts.plan()
    }

    /// A channel fades unless it has: what is said of it counts, also where it is what would be usual.
    @Test(arguments: [
        ([], 200), (["--begin-with", "a"], 0),
        (["--begin-with", "a", "--fade-steps", "200"], 200), (["--fade-steps", "7"], 7),
    ]) func aChannelFadesOnce(options: [String], steps: Int) throws {
        let usual = [
            "retrofit", "dms", "--model", "m", "--out", "o", "--task", "copy", "--adapter-free",
            "--rank", "2",
        ]
        let verb = try #require(try Main.parseAsRoot(usual + options) as? RetrofitDMS)
        #expect(try verb.plan().fadeSteps == steps)
    }
}
