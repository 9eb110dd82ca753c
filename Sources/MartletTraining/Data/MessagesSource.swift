// Conversations in a model's own chat format, as training examples.

import Foundation
import MartletFormats
import MartletKernels
import MartletTemplates
import MartletTokenizers

/// The conversations of a file of JSON lines, each an example of its own. One in twenty is held out.
///
/// A line is `{"messages": [{"role": …, "content": …}, …]}`, or `{"prompt": …, "completion": …}` for one question and
/// its answer. What the model says, with what ends it, has weight 1 in the loss; the rest has the prompts' weight.
struct MessagesSource: ExampleSource {
    private let examples: [TrainingExample]

    /// Every so many lines one is held out.
    static let heldOutEvery = 20

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - promptWeight: the weight in the loss of a token that the model did not say.
    ///   - isHeldOut: true gives the lines that are held out, false the others.
    ///   - part: which part of what is not held out.
    static func read(
        _ path: String, tokenizer: ModelTokenizer, promptWeight: Float, isHeldOut: Bool,
        part: TrainingPart
    ) throws(TrainingError) -> MessagesSource {
        guard let template = tokenizer.chatTemplate else {
            throw .data(
                source: path,
                reason: "the model has no chat template to put messages into; give text instead")
        }
        let format: ChatFormat
        do throws(TemplateError) {
            format = try ChatFormat(
                template: template.template, specialTokens: template.specialTokens,
                name: template.name)
        } catch { throw .data(source: template.name, reason: "\(error)") }
        let encoder = ConversationEncoder(
            format: format, tokenizer: tokenizer.tokenizer, promptWeight: promptWeight)
        var examples: [TrainingExample] = []
        var number = -1
        for line in try lines(of: path) {
            number += 1
            let isOut = number % heldOutEvery == heldOutEvery - 1
            guard isOut == isHeldOut else { continue }
            // The split and the parts go by different digits of the number.
            guard isHeldOut || part.contains(fingerprint: UInt64(number / heldOutEvery)) else {
                continue
            }
            do throws(ConversationEncoder.Refusal) {
                examples.append(try encoder.example(try ConversationEncoder.messages(of: line)))
            } catch {
                throw .data(source: "\(path), conversation \(number + 1)", reason: error.reason)
            }
        }
        guard !examples.isEmpty else {
            throw .data(
                source: path,
                reason:
                    "got \(number + 1) conversations, expected at least \(heldOutEvery), of which one "
                    + "is held out; give more")
        }
        return MessagesSource(examples: examples)
    }

    /// The lines that say anything.
    private static func lines(of path: String) throws(TrainingError) -> [Data] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .data(
                source: path, reason: "there is no readable file; check the path in the recipe")
        }
        return data.split(separator: UInt8(ascii: "\n")).filter { line in
            line.contains { $0 > UInt8(ascii: " ") }
        }
    }

    /// A conversation chosen at random; it is cut where there is no room.
    func example(seed: UInt64, index: Int, room: Int) -> TrainingExample {
        var random = CounterRandom(seed: seed, stream: UInt64(truncatingIfNeeded: index))
        return examples[Int(random.next() % UInt64(examples.count))]
    }
}
