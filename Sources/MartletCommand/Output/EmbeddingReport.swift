/// What `martlet embed` prints.

import Martlet
import MartletFormats

/// A text and how near it is to a query.
struct RankedText {
    let index: Int
    let text: String
    let similarity: Float
}

/// Vectors or rankings as they come, and a summary.
struct EmbeddingReport {
    let model: EmbeddingModel
    let options: EmbeddingOptions
    let isJSON: Bool
    private var texts = 0
    private var tokens = 0
    private var truncated = 0

    init(model: EmbeddingModel, options: EmbeddingOptions, isJSON: Bool) {
        self.model = model
        self.options = options
        self.isJSON = isJSON
    }

    private var dimensions: Int { options.dimensions ?? model.dimensions }
    private var normalizes: Bool { options.normalizes ?? model.normalizes }
    private var pooling: String { model.poolings.map(\.rawValue).joined(separator: "+") }

    /// Says on standard error what the model's files say.
    func introduce() {
        StandardStreams.note(
            "\(model.family), \(dimensions) channels, pooling \(pooling) (\(model.poolingSource)), "
                + "\(normalizes ? "normalised" : "not normalised"), texts of up to "
                + "\(model.maximumTokens) tokens.")
        guard !model.lossyMethods.isEmpty else { return }
        StandardStreams.note("lossy: \(model.lossyMethods.joined(separator: ", ")).")
    }

    /// Counts the texts of a part.
    mutating func count(_ result: EmbeddingResult) {
        texts += result.vectors.count
        tokens += result.tokenCounts.reduce(0, +)
        truncated += result.truncated.count
    }

    /// One vector: numbers with spaces between them, or an object.
    func print(index: Int, tokens: Int, isTruncated: Bool, _ vector: [Float]) {
        guard isJSON else {
            return StandardStreams.write(
                vector.map { "\($0)" }.joined(separator: " ") + "\n")
        }
        var line = JSONLine()
        line.set("index", index)
        line.set("tokens", tokens)
        line.set("truncated", isTruncated)
        // The digits that a float has.
        line.set("embedding", .array(vector.map(JSONValue.logprob)))
        line.print()
    }

    /// One text of a ranking.
    func print(_ text: RankedText) {
        guard isJSON else {
            return StandardStreams.write(
                "\(Columns.decimal(Double(text.similarity), places: 4))\t\(text.text)\n")
        }
        var line = JSONLine()
        line.set("index", text.index)
        line.set("similarity", JSONValue.logprob(text.similarity))
        line.set("text", text.text)
        line.print()
    }

    /// The summary, or a note of what was cut.
    func finish(seconds: Double) {
        guard isJSON else {
            if truncated > 0 {
                StandardStreams.note(
                    "\(truncated) of \(texts) texts were cut to \(model.maximumTokens) tokens.")
            }
            return
        }
        var line = JSONLine()
        line.set("family", model.family)
        line.set("dimensions", dimensions)
        line.set("pooling", pooling)
        line.set("poolingSource", model.poolingSource)
        line.set("normalized", normalizes)
        line.set("maximumTokens", model.maximumTokens)
        line.set("texts", texts)
        line.set("tokens", tokens)
        line.set("truncated", truncated)
        line.set("seconds", seconds)
        line.set("textsPerSecond", seconds > 0 ? Double(texts) / seconds : nil)
        line.set("weights", model.weightName)
        line.set("lossy", !model.lossyMethods.isEmpty)
        line.set(used: options.adapter, bytes: nil)
        line.print()
    }
}
