/// `martlet tokenize`: text to tokens, tokens to text.

import ArgumentParser
import Martlet

struct Tokenize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turns text into tokens, or tokens into text.",
        discussion: """
            Only the tokenizer is read, not the weights. A text is encoded with the tokens that the \
            model wants around it; decoding leaves them out. On a terminal the pieces of the text are \
            shown too, each on a background of its own.

            Example:
              martlet tokenize --model path/to/model --text "Once upon a time"
              martlet tokenize --model path/to/model --decode 1,403,407 --json
            """)

    @Option(help: .model)
    var model: String

    @Option(help: "Encode the text in this file; - is standard input.")
    var textFile: String?

    @Option(help: "Encode this text.")
    var text: String?

    @Option(
        help: "Decode these token ids, with commas between them.",
        transform: TokenList.init(parsing:))
    var decode: TokenList?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard [textFile != nil, text != nil, decode != nil].count(where: \.self) == 1 else {
            throw ValidationError("Give one of --text, --text-file and --decode.")
        }
    }

    func run() async throws {
        let codec = try TextCodec(directory: model)
        var line = JSONLine()
        if let decode {
            let text = try codec.decode(decode.tokens)
            guard json else { return StandardStreams.write(text) }
            line.set("text", text)
        } else {
            let tokens = try codec.encode(
                utf8: try textFile.map(TextFile.read) ?? Array((text ?? "").utf8))
            guard json else {
                if StandardStreams.outputIsTerminal {
                    StandardStreams.write(TokenColors.paint(codec.pieces(tokens)))
                }
                return StandardStreams.write(
                    tokens.map(String.init).joined(separator: " ") + "\n")
            }
            line.set("tokens", tokens)
        }
        line.print()
    }
}
