/// `martlet convert`: a model in another format.

import ArgumentParser
import Martlet

struct Convert: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a model as a GGUF file, or as a directory.",
        discussion: """
            OUT that ends in .gguf becomes one file, with the tokenizer and the chat template inside; any other \
            name becomes a directory in the Hugging Face layout, with config.json, the weights, tokenizer.json, the chat \
            template and generation_config.json. Weights that are blocks already are quantised once more. What the \
            other format has no words for is said on standard error.

            Types of a file: \(ConversionFormat.fileTypes.joined(separator: ", ")). Of a directory: \
            \(ConversionFormat.directoryTypes.joined(separator: ", ")).

            Example:
              martlet convert path/to/model model-q4_k_m.gguf --type q4_k_m
            """)

    @Argument(help: "A directory in the Hugging Face layout, or a GGUF file.")
    var model: String

    @Argument(help: "The file or directory to write.")
    var out: String

    @Option(help: "How weights are stored. Default: q8_0 in a file, bf16 in a directory.")
    var type: String?

    @Flag(help: "Replace a file or directory that is there.")
    var overwrite = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        try OutputFolder.check(out, option: "OUT")
        _ = try ConversionFormat(out: out, type: type)
    }

    func run() async throws {
        let conversion = try ModelConversion(model)
        if !overwrite, ModelConversion.isTaken(out) {
            throw MartletError(
                code: .alreadyExists, subject: out,
                message: "\(out) is there already; choose another name, or give --overwrite")
        }
        let format = try ConversionFormat(out: out, type: type)
        for note in try conversion.write(to: out, as: format) { StandardStreams.note(note) }
        guard json else { return StandardStreams.write("\(out)\n") }
        var line = JSONLine()
        line.set("model", model)
        line.set("out", out)
        line.set("type", format.type)
        line.print()
    }
}
