// The sources that a recipe names.

import Foundation
import MartletTasks
import MartletTokenizers

/// One kind of example in a mixture.
public struct DataShare: Sendable {
    /// Where examples come from.
    public let source: any ExampleSource
    /// How often it is drawn, relative to the others.
    public let share: Double
    /// The part of the run in which it is used, from 0 to 1.
    public let span: ClosedRange<Double>

    /// Describes a share.
    public init(source: any ExampleSource, share: Double, span: ClosedRange<Double> = 0...1) {
        self.source = source
        self.share = share
        self.span = span
    }

    /// The sources of a recipe's entries. `split` chooses training or held-out data, `part` a part of the training data.
    static func of(
        _ entries: [Recipe.DataEntry], _ tokenizer: ModelTokenizer, promptWeight: Double,
        file: String, split: TaskSplit = .training, part: TrainingPart = .all
    ) throws(TrainingError) -> [DataShare] {
        var shares: [DataShare] = []
        for entry in entries {
            let source: any ExampleSource
            switch entry.source {
            case .task(let text):
                do throws(TaskError) {
                    source = TaskSource(
                        try TaskRegistry.task(text), tokenizer: tokenizer.tokenizer,
                        endToken: tokenizer.endToken, promptWeight: Float(promptWeight),
                        split: split, part: part)
                } catch { throw .data(source: file, reason: "\(error)") }
            case .text(let path):
                source = try TextSource.read(
                    path, tokenizer: tokenizer, isHeldOut: split == .heldOut, part: part)
            case .messages(let path):
                source = try MessagesSource.read(
                    path, tokenizer: tokenizer, promptWeight: Float(promptWeight),
                    isHeldOut: split == .heldOut, part: part)
            case .answers(let path):
                source = try ListSource(
                    try AnswerExamples.read(
                        path, tokenizer, promptWeight: Float(promptWeight)), name: path,
                    isHeldOut: split == .heldOut, part: part)
            }
            shares.append(
                DataShare(source: source, share: entry.share, span: entry.from...entry.until))
        }
        return shares
    }
}

extension TextSource {
    /// The text of a file.
    static func read(
        _ path: String, tokenizer: ModelTokenizer, isHeldOut: Bool, part: TrainingPart
    ) throws(TrainingError) -> TextSource {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .data(
                source: path, reason: "there is no readable file; check the path in the recipe")
        }
        let tokens: [Int32]
        do throws(TokenizerError) {
            tokens = try tokenizer.tokenizer.encode(
                utf8: [UInt8](data), addSpecialTokens: false, recognizeSpecialTokens: false)
        } catch { throw .data(source: path, reason: "\(error)") }
        return try TextSource(tokens: tokens, name: path, isHeldOut: isHeldOut, part: part)
    }
}
