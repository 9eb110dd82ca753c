/// Parsing of whole commands, exit statuses, and the JSON line.

import ArgumentParser
import Foundation
import Martlet
import MartletFormats
import Testing

@testable import MartletCommand

@Suite struct CommandTests {
    /// Text cannot say anything to the terminal, and neighbours have different backgrounds.
    @Test func piecesAreShownOnBackgrounds() {
        let shown = TokenColors.paint(["Once", " up", "\u{1B}[2J", "a\nb", "", "\u{202E}"])
        #expect(shown.contains("Once\u{1B}[0m") && shown.contains(" up\u{1B}[0m"))
        #expect(!shown.contains("\u{1B}[2J") && shown.contains("\\u{1B}[2J"))
        #expect(!shown.contains("\u{202E}") && shown.contains("\\u{202E}"))
        #expect(shown.contains("a⏎\u{1B}[0m\n"))
        let backgrounds = shown.split(separator: "48;5;").dropFirst().map { $0.prefix(3) }
        #expect(Set(backgrounds).count == 5)
        #expect(shown.hasSuffix("\u{1B}[0m\n"))
    }

    @Test func aTerminalSaysWhatItTakes() {
        for (isTerminal, environment, control, color) in [
            (true, ["TERM": "xterm"], true, true), (false, ["TERM": "xterm"], false, false),
            (true, ["TERM": "dumb"], false, false), (true, [:], false, false),
            (true, ["TERM": "xterm", "NO_COLOR": "1"], true, false),
            (true, ["TERM": "xterm", "NO_COLOR": ""], true, true),
        ] as [(Bool, [String: String], Bool, Bool)] {
            let style = TerminalStyle(isTerminal: isTerminal, environment: environment)
            #expect(style.takesControl == control && style.takesColor == color)
            #expect(style.dimmed("a") == (color ? "\u{1B}[2ma\u{1B}[0m" : "a"))
        }
    }

    @Test func trainingATokenizerTakesItsOptions() throws {
        let command = try #require(
            try Main.parseAsRoot([
                "train", "tokenizer", "--type", "unigram", "--vocabulary-size", "512", "--corpus",
                "a", "b", "--out", "c",
            ]) as? TrainTokenizer)
        #expect(command.corpus == ["a", "b"] && command.vocabularySize == 512)
        for wrong in [
            ["--vocabulary-size", "299"], ["--vocabulary-size", "300", "--type", "words"],
        ] {
            #expect(throws: (any Error).self) {
                try Main.parseAsRoot(["train", "tokenizer", "--corpus", "a", "--out", "c"] + wrong)
            }
        }
    }

    /// One declaration serves every verb that runs a model.
    @Test func adaptersAreChosenAlike() throws {
        let adapters = ["--adapter", "x=dir/x", "--adapter", "y=dir/y", "--adapter", "merged"]
        func arguments(_ verb: [String]) throws -> AdapterArguments {
            switch try Main.parseAsRoot(verb + adapters + ["--use-adapter", "y"]) {
            case let command as Generate: command.model.loading.adapters
            case let command as Score: command.model.loading.adapters
            case let command as Chat: command.loading.adapters
            case let command as Solve: command.loading.adapters
            case let command as Embed: command.loading.adapters
            case let command as Evaluate: command.loading.adapters
            case let command as Inspect: command.loading.adapters
            case let other: throw ValidationError("\(type(of: other))")
            }
        }
        for verb in [
            ["generate", "--model", "m", "hi"], ["score", "--model", "m", "--tokens", "1,2"],
            ["chat", "m"], ["solve", "hi"], ["embed", "--model", "m", "hi"],
            ["evaluate", "--model", "m", "--task", "copy"], ["inspect", "m", "--tokens", "1,2"],
        ] {
            let found = try arguments(verb)
            #expect(found.chosen == "y" && found.merged == "merged", "\(verb)")
            #expect(found.named == ["x": "dir/x", "y": "dir/y"])
            for wrong in [
                adapters + ["--use-adapter", "z"], ["--use-adapter", "x"],
                adapters + ["--adapter", "x=other"],
            ] {
                #expect(throws: (any Error).self, "\(verb) \(wrong)") {
                    try Main.parseAsRoot(verb + wrong)
                }
            }
        }
        let solve = try #require(
            try Main.parseAsRoot(["solve", "hi"] + adapters + ["--use-adapter", "x"]) as? Solve)
        #expect(solve.searchOptions.adapter == "x")
        #expect(ModelOptions(solve.loading).adapters.count == 2)
        for verb in [["bench", "--model", "m"], ["frontier", "--out", "o"]] {
            #expect(throws: (any Error).self) { try Main.parseAsRoot(verb + adapters) }
        }
    }

    @Test func generateTakesItsOptions() throws {
        let command = try #require(
            try Main.parseAsRoot([
                "generate", "--model", "random:tiny", "hi", "--max-tokens", "5", "--kv", "q8",
                "--cache", "window(sinks=4, recent=8)", "--memory", "64MB", "--stop", "a", "--stop",
                "b", "--logit-bias", "3=-1", "--ignore-eos", "--seed", "9",
            ]) as? Generate)
        let options = command.sampling.options(seed: 9)
        #expect(options.maximumTokens == 5)
        #expect(options.stop == ["a", "b"])
        #expect(options.logitBias == [3: -1])
        #expect(options.ignoresEndTokens)
        #expect(options.temperature == 0)
        #expect(command.memory.memory?.bytes == 64_000_000)
        let loading = ModelOptions(command.model, command.cache, chunk: 7)
        #expect(loading.cacheCodec == .q8)
        #expect(loading.cachePolicy == "window(sinks=4, recent=8)")
        #expect(loading.maximumBatchTokens == 7)
        #expect(loading.seed == 9)
        #expect(loading.weights == nil)
    }

    @Test func promptsMayBeMessages() throws {
        let command = try #require(
            try Main.parseAsRoot([
                "generate", "--model", "m", "--chat", "hi", "--system", "Be brief.",
            ]) as? Generate)
        #expect(command.message.form == .message(system: "Be brief."))
        let solve = try #require(try Main.parseAsRoot(["solve", "--chat", "hi"]) as? Solve)
        #expect(solve.searchOptions.form == .message(system: nil))
        let plain = try #require(try Main.parseAsRoot(["solve", "hi"]) as? Solve)
        #expect(plain.searchOptions.form == .text)
        #expect(throws: (any Error).self) {
            try Main.parseAsRoot(["generate", "--model", "m", "hi", "--system", "s"])
        }
    }

    @Test func chatTakesItsOptions() throws {
        let command = try #require(
            try Main.parseAsRoot([
                "chat", "m", "--system", "s", "--no-think", "--memory", "8MB", "--kv", "q8",
                "--max-tokens", "5", "--whole",
            ]) as? Chat)
        #expect(command.model == "m" && command.system == "s" && command.whole)
        #expect(command.think == false)
        #expect(command.memory.memory?.bytes == 8_000_000)
        #expect(command.cache.kv == .q8 && command.sampling.maxTokens == 5)
        #expect((try Main.parseAsRoot(["chat", "m"]) as? Chat)?.think == nil)
    }

    @Test func inspectTakesItsModelEitherWay() throws {
        for arguments in [["f.gguf", "--metadata"], ["--metadata", "--model", "f.gguf"]] {
            let command = try #require(
                try Main.parseAsRoot(["inspect"] + arguments) as? Inspect)
            #expect(command.model == "f.gguf" && command.metadata)
        }
        for arguments in [[], ["a", "--model", "b"]] {
            #expect(throws: (any Error).self) { try Main.parseAsRoot(["inspect"] + arguments) }
        }
    }

    /// A folder that is there is refused before the texts are read.
    @Test func trainingATokenizerKeepsWhatIsThere() async throws {
        let folder = FileManager.default.temporaryDirectory.path
        let command = try #require(
            try Main.parseAsRoot([
                "train", "tokenizer", "--vocabulary-size", "300", "--corpus", "/no/such/file",
                "--out", folder,
            ]) as? TrainTokenizer)
        await #expect {
            try await command.run()
        } throws: { ($0 as? MartletError)?.code == .alreadyExists }
    }

    @Test func benchListsMayBeEmpty() throws {
        let command = try #require(
            try Main.parseAsRoot([
                "bench", "--model", "random:tiny", "--prompt", "", "--depth", "0,8",
            ]) as? BenchSpeed)
        #expect(command.prompt.values.isEmpty)
        #expect(command.depth?.values == [0, 8])
        #expect(command.generate == 32)
    }

    @Test func evaluateNeedsAModelOrListsTasks() throws {
        let command = try #require(
            try Main.parseAsRoot([
                "evaluate", "--model", "m", "--task", "copy", "--samples", "7", "--seed", "3",
                "--width", "4", "--temperature", "0.5", "--parallel", "8", "--kv", "q8",
            ]) as? Evaluate)
        #expect(command.model == "m" && command.task == "copy")
        #expect(command.samples == 7 && command.width == 4 && command.parallel == 8)
        #expect(command.loading.seed == 3)
        #expect(ModelOptions(command.loading, command.cache).cacheCodec == .q8)
        #expect(try Main.parseAsRoot(["evaluate", "--list"]) is Evaluate)
    }

    @Test(arguments: [
        ["evaluate"], ["evaluate", "--model", "m"], ["evaluate", "--task", "copy"],
        ["generate", "--model", "m"], ["generate", "--model", "m", "p", "--prompt-file", "f"],
        ["generate", "--model", "m", "p", "--chains", "0"], ["score", "--model", "m"],
        ["score", "--model", "m", "--tokens", "1,x"], ["tokenize", "--model", "m"],
        ["generate", "p"], ["generate", "--model", "m", "p", "--kv", "f8"],
        ["bench", "--model", "m", "--runs", "2"], ["bench", "--model", "m", "--batch", "0"],
        ["unknown"], ["train", "--recipe", "r", "--out", ""],
        ["train", "--recipe", "r", "--out", "o", "--steps", "9223372036854775807"],
        ["retrofit", "dms", "--model", "m", "--out", ""], ["frontier", "--out", ""],
        ["train", "charlm", "--corpus", "c", "--out", ""],
    ])
    func wrongCommandsAreRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { try Main.parseAsRoot(arguments) }
    }

    @Test func everyVerbHasAnExample() {
        for verb in Main.configuration.subcommands {
            #expect(verb.configuration.discussion.contains("Example:"))
            #expect(verb.configuration.discussion.contains("martlet "))
        }
    }

    // MARK: Exit statuses

    @Test func everyCodeHasADocumentedStatus() {
        for code in MartletError.Code.all {
            let status = ExitStatus(code)
            #expect(ExitStatus.all.contains(status))
            #expect(status != .success)
            // A code that nobody placed would be called a defect of ours.
            let defects: [MartletError.Code] = [.internalInvariant, .busy, .shutDown]
            #expect((status == .defect) == defects.contains(code), "\(code)")
        }
        #expect(Set(ExitStatus.all.map(\.number)).count == ExitStatus.all.count)
    }

    @Test func parametersAreCalledByTheirOptions() {
        let error = MartletError(
            code: .invalidParameter, subject: "topP", message: "topP: got 2, expected 0 ... 1")
        #expect(OptionNames.message(of: error) == "--top-p: got 2, expected 0 ... 1.")
        let other = MartletError(code: .fileNotFound, subject: "topP", message: "topP: none")
        #expect(OptionNames.message(of: other) == "topP: none.")
    }

    // MARK: Output

    @Test func aLineIsJSONWithFiniteNumbers() throws {
        var line = JSONLine()
        line.set("text", "a\"b\n\u{1F600}")
        line.set("none", Double.infinity)
        line.set("number", 0.1)
        line.set("tokens", [1, 2] as [Int32])
        line.set("logprob", JSONValue.logprob(-0.1))
        let bytes = line.value.serialized()
        #expect(!bytes.contains(UInt8(ascii: "\n")))
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        #expect(object["text"] as? String == "a\"b\n\u{1F600}")
        #expect(object["none"] is NSNull)
        #expect(String(decoding: bytes, as: UTF8.self).contains("\"logprob\":-0.1"))
    }

    @Test func invalidTextIsFound() {
        #expect(TextFile.firstInvalidOffset(Array("héllo".utf8)) == nil)
        #expect(TextFile.firstInvalidOffset([0x61, 0x62, 0xFF, 0x63]) == 2)
        #expect(TextFile.firstInvalidOffset([0x61, 0xC3]) == 1)
        #expect(TextFile.firstInvalidOffset([]) == nil)
    }

    @Test func bytesReadWell() {
        #expect(Columns.bytes(999) == "999 bytes")
        #expect(Columns.bytes(64_000_000) == "64.0 MB")
        #expect(Columns.row(["a", "bc"], widths: [3, 3]) == "  a   bc\n")
    }
}
