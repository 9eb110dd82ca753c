/// `martlet embed`: texts to vectors, and what among them is nearest to a question.

import ArgumentParser
import Martlet

struct Embed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes vectors of texts, or ranks texts by how near they are to a query.",
        discussion: """
            The model is an encoder (BERT, RoBERTa, Nomic BERT, ModernBERT) or a decoder made for embeddings \
            (Qwen3-Embedding): a directory, a GGUF file, or owner/name that was pulled. Pooling, normalisation, prompts \
            and the longest text are what its files say; the first line on standard error says which. Each line of a \
            file, or of standard input, is a text of its own.

            Example:
              martlet embed --model path/to/all-MiniLM-L6-v2 "A martlet is a bird." --json
              martlet embed --model path/to/all-MiniLM-L6-v2 --text-file lines.txt --query "birds" --top 5

            A text that is longer than the model reads is cut, and counted; --refuse-long ends instead. With --query the \
            query and the texts get the prompts that the model's files have for them (query; document or passage).
            """)

    @Option(help: .model)
    var model: String

    @OptionGroup var loading: LoadingArguments

    @Argument(help: "Texts. Without any, and without --text-file, the lines of standard input.")
    var texts: [String] = []

    @Option(help: "Each line of this file is a text; - is standard input.")
    var textFile: String?

    @Option(help: ArgumentHelp("Rank the texts by the cosine with this one.", valueName: "text"))
    var query: String?

    @Option(help: ArgumentHelp("Show so many of the nearest, with --query.", valueName: "count"))
    var top: Int?

    @Option(
        help: ArgumentHelp(
            "Keep the first channels and scale them again, for models that were trained so (Matryoshka).",
            valueName: "count"))
    var dimensions: Int?

    @Option(help: "How vectors of tokens become one. Default: as the model's files say.")
    var pooling: Pooling?

    @Option(
        help: ArgumentHelp(
            "Put this before every text. Default: the model's default prompt.", valueName: "text"))
    var prompt: String?

    @Option(
        help: ArgumentHelp(
            "Put the prompt of this name before every text, as the model's files spell it.",
            valueName: "name"))
    var promptName: String?

    @Flag(
        inversion: .prefixedNo,
        help: "Scale vectors to a length of 1. Default: as the model's files say.")
    var normalize: Bool?

    @Flag(help: "Refuse a text that is longer than the model reads, rather than cut it.")
    var refuseLong = false

    @Flag(help: "Print a JSON object for each text, and a summary.")
    var json = false

    func validate() throws {
        guard texts.isEmpty || textFile == nil else {
            throw ValidationError("Give texts or --text-file, not both.")
        }
        guard prompt == nil || promptName == nil else {
            throw ValidationError("Give --prompt or --prompt-name, not both.")
        }
        guard top == nil || query != nil else { throw ValidationError("--top needs --query.") }
        guard top ?? 1 > 0 else { throw ValidationError("--top: expected at least 1.") }
    }

    func run() async throws {
        let texts = try self.texts.isEmpty ? lines() : self.texts
        let model = try await EmbeddingModel.load(
            self.model, options: ModelOptions(loading), pooling: pooling)
        var options = EmbeddingOptions()
        options.dimensions = dimensions
        options.normalizes = normalize
        options.adapter = loading.adapters.chosen
        options.longTexts = refuseLong ? .refuse : .truncate
        let prompts = try prompts(of: model)
        var report = EmbeddingReport(model: model, options: options, isJSON: json)
        if !json { report.introduce() }
        let clock = ContinuousClock()
        let start = clock.now
        options.prompt = prompts.texts
        if let query {
            var asked = options
            asked.prompt = prompts.query
            let vector = try await model.embed([query], options: asked)
            var ranked: [RankedText] = []
            for (first, part) in Self.parts(texts) {
                let result = try await model.embed(part, options: options)
                report.count(result)
                for (index, similarity) in result.similarities(to: vector.vectors[0]).enumerated() {
                    ranked.append(
                        RankedText(
                            index: first + index, text: part[index], similarity: similarity))
                }
            }
            // Equals keep their order.
            ranked.sort { ($1.similarity, $0.index) < ($0.similarity, $1.index) }
            for text in ranked.prefix(top ?? ranked.count) { report.print(text) }
        } else {
            for (first, part) in Self.parts(texts) {
                let result = try await model.embed(part, options: options)
                report.count(result)
                for (index, vector) in result.vectors.enumerated() {
                    report.print(
                        index: first + index, tokens: result.tokenCounts[index],
                        isTruncated: result.truncated.contains(index), vector)
                }
            }
        }
        report.finish(seconds: start.duration(to: clock.now).seconds)
        ExitStatus.success.exit()
    }

    /// Texts at a time, so that vectors are printed as they come.
    private static func parts(_ texts: [String]) -> [(first: Int, texts: [String])] {
        stride(from: 0, to: texts.count, by: 256).map {
            ($0, Array(texts[$0..<min(texts.count, $0 + 256)]))
        }
    }

    /// The lines of the file or of standard input. For a ranking, empty ones are no texts.
    private func lines() throws(MartletError) -> [String] {
        let bytes = try TextFile.read(textFile ?? "-")
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        let texts = lines.map { line in
            String(
                decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
        }
        return query == nil ? texts : texts.filter { !$0.allSatisfy(\.isWhitespace) }
    }

    /// What stands before the texts and before the query.
    private func prompts(
        of model: EmbeddingModel
    ) throws(MartletError) -> (texts: String, query: String) {
        if let prompt { return (prompt, prompt) }
        if let promptName {
            guard let prompt = model.prompts[promptName] else {
                let known = model.prompts.keys.sorted().joined(separator: ", ")
                throw MartletError(
                    code: .invalidParameter, subject: "prompt name",
                    message: "--prompt-name: got '\(promptName)', expected "
                        + (known.isEmpty ? "none, since the model has no prompts" : known)
                        + "; correct or remove it")
            }
            return (prompt, prompt)
        }
        guard query != nil else { return (model.defaultPrompt, model.defaultPrompt) }
        let named = ["document", "passage"].lazy.compactMap { model.prompts[$0] }.first
        return (named ?? model.defaultPrompt, model.prompts["query"] ?? model.defaultPrompt)
    }
}
