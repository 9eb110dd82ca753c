/// `martlet train tokenizer`: a vocabulary learned from texts.

import ArgumentParser
import Martlet
import MartletFormats

struct TrainTokenizer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenizer",
        abstract: "Learns a tokenizer from texts.",
        discussion: """
            The folder receives tokenizer.json and tokenizer_config.json, which other libraries read too. bpe learns \
            byte pairs, every byte a token from the start; words are cut as in Llama 3. unigram learns pieces with \
            probabilities, and characters that the texts do not have stay unknown. <|endoftext|> ends texts in both.

            Example:
              martlet train tokenizer --type bpe --vocabulary-size 4096 --corpus book.txt --out build/tokenizer
              martlet tokenize --model build/tokenizer --text "Once upon a time"
            """)

    @Option(help: "bpe or unigram.")
    var type = "bpe"

    @Option(
        help: "The number of tokens, special ones included; fewer where the texts have not so many."
    )
    var vocabularySize: Int

    @Option(
        parsing: .upToNextOption, help: ArgumentHelp("Texts in UTF-8.", valueName: "file"))
    var corpus: [String]

    @Option(help: "The folder for the files.")
    var out: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        try OutputFolder.check(out)
        guard TokenizerTraining.Kind(rawValue: type) != nil else {
            throw ValidationError("--type: got \(type), expected bpe or unigram.")
        }
        guard TokenizerTraining.sizes.contains(vocabularySize) else {
            let sizes = TokenizerTraining.sizes
            throw ValidationError(
                "--vocabulary-size: got \(vocabularySize), expected \(sizes.lowerBound) to "
                    + "\(sizes.upperBound).")
        }
    }

    func run() async throws {
        // Before anything is learned, which may take minutes.
        if ModelConversion.isTaken(out) {
            throw MartletError(
                code: .alreadyExists, subject: out,
                message: "\(out) is there already; choose another name, or remove it first")
        }
        var training = TokenizerTraining(
            kind: TokenizerTraining.Kind(rawValue: type) ?? .bpe, vocabularySize: vocabularySize)
        var bytes = 0
        for path in corpus {
            let text = try TextFile.read(path)
            bytes += text.count
            do { try training.add(text) } catch { throw MartletError(any: error) }
        }
        let document = training.tokenizerJSON()
        let configuration = Array(
            #"{"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "\#(TokenizerTraining.endToken)"}"#
                .utf8)
        let tokenizer: Tokenizer
        do {
            tokenizer = try Tokenizer(tokenizerJSON: document, configuration: configuration)
        } catch { throw MartletError(any: error) }
        do {
            try AtomicDirectory.write(to: out) { folder in
                try AtomicFile.write(document, to: folder + "/tokenizer.json")
                try AtomicFile.write(configuration, to: folder + "/tokenizer_config.json")
            }
        } catch { throw MartletError(any: error) }
        guard json else {
            return StandardStreams.write(
                "\(tokenizer.vocabularySize) tokens of \(bytes) bytes, in \(out)\n")
        }
        var line = JSONLine()
        line.set("type", type)
        line.set("tokens", tokenizer.vocabularySize)
        line.set("bytes", bytes)
        line.set("out", out)
        line.print()
    }
}
