/// The command's entry: parses, runs one verb, and turns every failure into one sentence and a status.

import ArgumentParser
import Foundation
import Martlet

@main
struct Main: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet",
        abstract: "Runs language models on the processor, within a budget.",
        discussion: """
            A model is builtin, the small one inside the package (builtin-cr4 and builtin-cr8 are its \
            compressible forms), a directory in the Hugging Face layout, a GGUF file, owner/name or owner/name:QUANTISATION \
            for what was pulled from a hub, or random:SHAPE for random weights: random:tiny, \
            random:tiny-experts, random:qwen2.5-0.5b, random:llama-3.2-1b.

            Example:
              martlet generate --model random:tiny "hello" --max-tokens 8

            Exit statuses:
            \(ExitStatus.table)
            """,
        version: MartletVersion.current,
        subcommands: [
            Solve.self, Chat.self, Generate.self, Serve.self, BatchVerb.self, Embed.self,
            Score.self,
            Tokenize.self,
            Inspect.self,
            Convert.self, Policies.self, Bench.self, PullVerb.self, ListVerb.self,
            RemoveVerb.self, Doctor.self, Train.self, RetrofitVerb.self, Evaluate.self,
            Frontier.self,
        ])

    static func main() async {
        StandardStreams.reserve()
        Interruption.install()
        do {
            try checkArguments()
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error)
        }
    }

    /// Swift repairs arguments that are not UTF-8, which would change a prompt without a word.
    private static func checkArguments() throws(MartletError) {
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let argument = CommandLine.unsafeArgv[index] else { continue }
            guard String(validatingCString: argument) == nil else { continue }
            throw MartletError(
                code: .invalidText, subject: "argument \(index)",
                message: "argument \(index) is not valid UTF-8; convert it first, or give a file")
        }
    }

    private static func end(with error: any Error) -> Never {
        if let error = error as? MartletError {
            StandardStreams.note(OptionNames.message(of: error))
            ExitStatus(error.code).exit()
        }
        if let error = error as? ExitStatus { error.exit() }
        guard exitCode(for: error).isSuccess else {
            let verb = CommandLine.arguments.dropFirst().first.flatMap { name in
                configuration.subcommands.contains { $0._commandName == name } ? name : nil
            }
            let help = (["martlet", verb].compactMap(\.self) + ["--help"]).joined(separator: " ")
            let message = message(for: error)
            StandardStreams.note(
                message + (message.hasSuffix(".") ? "" : ".") + " See '\(help)'.")
            ExitStatus.usage.exit()
        }
        StandardStreams.write(fullMessage(for: error) + "\n")
        ExitStatus.success.exit()
    }
}
