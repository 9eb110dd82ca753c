/// What a trainer and an evaluator may ask of any task; knows no task.

import Dispatch

/// An endless source of problems with reference solutions, and the judge of solutions.
///
/// Tasks are made from text by ``TaskRegistry/task(_:)``.
public protocol EvaluationTask: Sendable {
    /// The canonical text with all parameters, `chain(steps=6,modulus=97)`; it makes an equal task.
    var name: String { get }

    /// How many problems there are; nil for a generator, which has no end.
    var problemCount: Int? { get }

    /// The most characters that an answer can have, without what frames it.
    var answerLengthBound: Int { get }

    /// The most characters that a reference completion can have, its end included.
    var maximumCompletionLength: Int { get }

    /// The most characters that a prompt can have.
    var maximumPromptLength: Int { get }

    /// A pure function of its arguments, so that samples can be read in any order and from any
    /// thread; a training stream is `index` = 0, 1, 2, … Every index is allowed.
    func sample(seed: UInt64, index: Int, split: TaskSplit) -> TaskSample

    /// The score of a generated text, from 0 to 1. Reasoning tasks give 0 or 1, recall tasks the fraction
    /// that was recalled.
    func score(_ text: String, _ sample: TaskSample) -> Double

    /// Whether the answer in `text` solves `prompt`, found out without the reference answer. Nil
    /// when this task cannot tell, or when `prompt` is not one of its prompts.
    func isVerified(_ text: String, prompt: String) -> Bool?

    /// Whether ``score(_:_:)`` may take seconds.
    var isSlowToJudge: Bool { get }
}

extension EvaluationTask {
    /// Nil: a generator has no end.
    public var problemCount: Int? { nil }

    /// 1 for the reference answer, otherwise 0.
    public func score(_ text: String, _ sample: TaskSample) -> Double {
        sample.layout.answer(in: text) == sample.answer ? 1 : 0
    }

    /// Nil: most answers can be checked only by working them out again.
    public func isVerified(_ text: String, prompt: String) -> Bool? { nil }

    /// False.
    public var isSlowToJudge: Bool { false }

    /// As ``score(_:_:)``, off the threads on which other problems are handled when it is slow.
    package func judged(_ text: String, _ sample: TaskSample) async -> Double {
        guard isSlowToJudge else { return score(text, sample) }
        return await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: score(text, sample)) }
        }
    }
}
