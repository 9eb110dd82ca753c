// Bits per character of held-out text.
// This file knows windows that overlap; it refuses to know training.

import Foundation
import MartletKernels
public import MartletTraining

/// How well a model predicts text that it has not seen.
public struct CharacterEvaluation: Sendable, Hashable {
    /// Mean of -log2 of the probability of each character.
    public let bitsPerCharacter: Double
    /// Characters of a vector in the shortest part, on average: 1 / mean(b) for segments.
    public let shorteningFactor: Double
    /// Characters that were scored.
    public let characters: Int

    /// Scores the last quarter of each window; windows are a quarter apart, so every scored character has at
    /// least three quarters of a context before it (2211.09761, section 4.1: windows of 2048, 512 apart).
    public init(
        _ model: CharacterModel, _ corpus: CharacterCorpus, _ settings: CharacterSettings,
        machine: TrainingMachine
    ) throws(TrainingError) {
        let context = settings.context
        let stride = max(1, context / 4)
        let text = corpus.heldOut
        let starts = Array(
            Swift.stride(
                from: text.startIndex, to: text.endIndex - context, by: stride)
        ).prefix(max(1, settings.evaluated / stride))
        let graph = try CharacterGraph(
            model, sequences: settings.batch, length: context, machine: machine, isTraining: false)
        var nats = 0.0
        var (characters, boundaries) = (0, 0)
        for first in Swift.stride(from: 0, to: starts.count, by: settings.batch) {
            let part = Array(starts[first..<min(starts.count, first + settings.batch)])
            let isWhole = part.count == settings.batch
            graph.load(
                part.map { start in
                    CharacterWindow(
                        symbols: text[start..<start + context],
                        targets: text[start + 1..<start + context + 1],
                        weight: { $0 >= context - stride ? 1 : 0 })
                }, total: 1)
            graph.run.forward()
            nats += Double(graph.run.loss)
            // Windows that fill up a batch would count twice, unless there are no others.
            if let segments = graph.segments, isWhole || first == 0 {
                characters += segments.characters
                boundaries += segments.boundaries
            }
        }
        self.characters = starts.count * stride
        bitsPerCharacter = nats / Double(self.characters) / log(2)
        shorteningFactor =
            characters > 0
            ? Double(characters) / Double(max(1, boundaries)) : Double(model.plan.divisor)
    }
}
