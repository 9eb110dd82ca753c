/// An evaluation: makes the problems of a task and checks that they fit a model. It runs in
/// `TaskEvaluation+Running.swift`.

import Foundation
public import Martlet
public import MartletTasks

/// Problems of a task, answered by a model and judged.
///
/// ```swift
/// let task = try TaskRegistry.task("chain(steps=4)")
/// let report = try await TaskEvaluation(task).run(on: model)
/// print(report.accuracy, report.interval)
/// ```
/// A chain ends at the model's end token, or at what ends a solution (``AnswerLayout/stop``).
/// The same model, task and options give the same results whatever else runs, with three exceptions: the
/// bytes of the whole cache; the peaks of a policy that frees tokens inside a prompt (a window),
/// because the peaks depend on how a long prompt is cut into steps; and which of a problem's chains copies a page
/// that they share, and so moves its bytes.
public struct TaskEvaluation: Sendable {
    /// The task.
    public let task: any EvaluationTask
    /// The options. A file with fewer problems than the options ask for gives all of its problems.
    public let options: EvaluationOptions

    /// Describes an evaluation. Throws `invalidParameter` for options outside their limits, and
    /// for messages of a task whose solutions go on from the prompt itself.
    public init(
        _ task: any EvaluationTask, options: EvaluationOptions = EvaluationOptions()
    ) throws(MartletError) {
        try Self.check(
            (1...1_000_000).contains(options.samples), "samples", options.samples,
            "1 to 1000000")
        try Self.check((1...4096).contains(options.width), "width", options.width, "1 to 4096")
        try Self.check(
            (1...4096).contains(options.parallel), "sequences in flight", options.parallel,
            "1 to 4096")
        try Self.check(
            options.temperature >= 0 && options.temperature.isFinite, "temperature",
            options.temperature, "a finite number >= 0")
        if let tokens = options.maximumTokens {
            try Self.check(tokens >= 1, "maximumTokens", tokens, "1 or more")
        }
        if options.form != .text {
            let sample = task.sample(seed: options.seed, index: 0, split: .heldOut)
            guard sample.layout != .program, sample.layout != .scratchPad else {
                throw MartletError(
                    code: .invalidParameter, subject: "chat",
                    message:
                        "\(task.name) gives programs that a text goes on from, and judges what follows; ask it "
                        + "without a chat template")
            }
        }
        self.task = task
        var options = options
        if let count = task.problemCount { options.samples = min(options.samples, count) }
        self.options = options
    }

    private static func check(
        _ holds: Bool, _ name: String, _ got: some CustomStringConvertible, _ expected: String
    ) throws(MartletError) {
        guard !holds else { return }
        throw MartletError(
            code: .invalidParameter, subject: name,
            message: "\(name): got \(got), expected \(expected); correct or remove it")
    }

    // MARK: Problems

    /// A problem as a model reads it.
    package struct Problem: Sendable {
        /// Its place, from 0.
        package let index: Int
        /// The problem.
        package let sample: TaskSample
        /// Draws its chains' random numbers.
        package let seed: UInt64
        /// The prompt.
        package let tokens: [Int32]
        /// The most tokens of a chain; 0 when the problem is not asked.
        package let limit: Int
        /// Why it is not asked: it is longer than the model's context.
        package let refusal: MartletError?
    }

    /// All problems; those that do not fit the model's context have a ``Problem/refusal`` and count as wrong. Throws
    /// `missingTokenizer`, and where no problem fits `promptTooLong` or `contextExceeded` naming the first, before
    /// anything runs.
    package func problems(for model: LoadedModel) throws(MartletError) -> [Problem] {
        var problems: [Problem] = []
        problems.reserveCapacity(options.samples)
        for index in 0..<options.samples {
            let sample = task.sample(seed: options.seed, index: index, split: .heldOut)
            let tokens = try promptTokens(sample, model.prompts)
            var seeds = TaskRandom(seed: options.seed, stream: UInt64(index))
            // 53 bits, so that every reader of JSON gets the number that was used.
            let seed = seeds.bits() >> 11
            var limit = 0
            var refusal: MartletError?
            do throws(MartletError) {
                limit = try self.limit(promptTokens: tokens.count, model)
            } catch {
                let named = MartletError(
                    code: error.code, subject: "sample \(index)",
                    message: "sample \(index) of \(sample.task): \(error.message)",
                    underlying: error)
                guard error.isBeyondContext else { throw named }
                refusal = named
            }
            problems.append(
                Problem(
                    index: index, sample: sample, seed: seed, tokens: tokens, limit: limit,
                    refusal: refusal))
        }
        // Where nothing fits, the options or the model are the matter.
        if let refusal = problems.first?.refusal, problems.allSatisfy({ $0.refusal != nil }) {
            throw refusal
        }
        return problems
    }

    /// The tokens that a model is given of a problem.
    func promptTokens(
        _ sample: TaskSample, _ prompts: PromptEncoder
    ) throws(MartletError) -> [Int32] {
        try prompts.tokens(utf8: Array(asked(sample).utf8), form: options.form)
    }

    /// What the model is given of a problem, before its template.
    func asked(_ sample: TaskSample) -> String {
        let question = sample.asked(in: options.form)
        guard options.form != .text else { return question }
        return options.instruction.map { question + "\n" + $0 } ?? question
    }

    private func limit(promptTokens: Int, _ model: LoadedModel) throws(MartletError) -> Int {
        if let wanted = options.maximumTokens {
            return try model.completionLimit(promptTokens: promptTokens, wanted: wanted)
        }
        let wanted = task.maximumCompletionLength + 2
        // Throws when not even the prompt fits; the last token that is chosen needs no position.
        _ = try model.completionLimit(promptTokens: promptTokens, wanted: 1)
        return min(wanted, model.positionLimit.map { $0 - promptTokens + 1 } ?? wanted)
    }

    /// Bytes of cache in which the problems in flight never wait for each other, or half of the
    /// machine's memory when that is less. Throws `outOfMemory` when one problem needs more than the
    /// machine has.
    package func cacheBytes(
        _ problems: [Problem], _ model: LoadedModel
    ) throws(MartletError) -> Int {
        let problems = problems.filter { $0.refusal == nil }
        let one = try model.cacheBytes(
            CacheBudget(
                promptTokens: problems.map(\.tokens.count).max() ?? 0,
                completionTokens: problems.map(\.limit).max() ?? 0, chainCount: options.width,
                chunk: model.options.maximumBatchTokens))
        let inFlight = min(options.problemsInFlight, problems.count)
        let (all, overflow) = one.multipliedReportingOverflow(by: inFlight)
        let half = Int(clamping: ProcessInfo.processInfo.physicalMemory / 2)
        return max(one, min(overflow ? .max : all, half))
    }
}

extension TaskSample {
    /// The problem as a text to go on from, or as a message.
    func asked(in form: PromptForm) -> String { form == .text ? prompt : message ?? prompt }
}

extension MartletError {
    /// Whether a prompt, or a prompt and what may follow it, is longer than the model's context.
    var isBeyondContext: Bool { code == .promptTooLong || code == .contextExceeded }
}
