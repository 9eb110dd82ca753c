/// How right answers are that were found inside a budget; knows no planning, only what searches came to.

package import Martlet

/// Held-out problems of a task, solved one after the other as a user would, each with the whole budget.
package struct SolveEvaluation: Sendable {
    private let task: any EvaluationTask
    private let solver: Solver
    private let budget: SolveBudget
    private let options: SolveOptions
    private let seed: UInt64

    /// - Parameter seed: problem `i` is the task's `i`-th of this seed, and its chains have the seed `seed + i`.
    package init(
        _ task: any EvaluationTask, solver: Solver, budget: SolveBudget, options: SolveOptions,
        seed: UInt64
    ) {
        self.task = task
        self.solver = solver
        self.budget = budget
        self.options = options
        self.seed = seed
    }

    /// A problem and what came of it.
    package struct Sample: Sendable {
        /// Its place, from 0.
        package let index: Int
        /// The problem.
        package let sample: TaskSample
        /// What the search found, and what that took; nil when the problem was not asked.
        package let result: SolveResult?
        /// Why it was not asked: it is longer than the model's context.
        package let refusal: String?
        /// How right it is, from 0 to 1.
        package let score: Double
    }

    /// Solves at most `count` problems; fewer when the task has no more, or when it is cancelled: the problem that
    /// was being solved then does not count. No checker helps. A problem that is longer than the model's context scores
    /// 0; where all are, and for what else a search throws, the first error is thrown.
    package func run(
        _ count: Int, _ each: @Sendable (Sample) -> Void = { _ in }
    ) async throws(MartletError) -> SolveEvaluationReport {
        try await solver.prepare(options, before: budget.deadline)
        var report = SolveEvaluationReport(budget: budget)
        var refusal: MartletError?
        for index in 0..<min(count, task.problemCount ?? count) {
            let sample = task.sample(seed: seed, index: index, split: .heldOut)
            let result: SolveResult?
            do throws(MartletError) {
                result = try await solve(sample, seed: seed &+ UInt64(index))
            } catch {
                guard error.isBeyondContext else { throw error }
                refusal = refusal ?? error
                report.addRefused()
                each(
                    Sample(
                        index: index, sample: sample, result: nil, refusal: error.message, score: 0)
                )
                continue
            }
            guard let result, result.ending != .cancelled else { break }
            let text = result.answer.map(sample.layout.framed) ?? ""
            let score = await task.judged(text, sample)
            report.add(result, score: score)
            each(
                Sample(index: index, sample: sample, result: result, refusal: nil, score: score))
        }
        if let refusal, report.refusedCount == report.scores.count { throw refusal }
        return report
    }

    /// Nil when it was cancelled.
    private func solve(
        _ sample: TaskSample, seed: UInt64
    ) async throws(MartletError) -> SolveResult? {
        var options = options
        options.seed = seed
        options.look(for: sample)
        var answer: SolveResult?
        let prompt = sample.asked(in: options.form)
        for try await event in solver.solve(prompt, budget: budget, options: options) {
            if case .answer(let result) = event { answer = result }
        }
        return answer
    }
}

/// What searches inside one budget came to. Figures of cost are means over problems.
package struct SolveEvaluationReport: Sendable {
    private let budget: SolveBudget
    private var milliseconds = 0.0
    private var reads = 0.0
    private var moved = 0.0
    private var counts: [String: Int] = [:]
    /// How right each answer is.
    package private(set) var scores: [Double] = []
    /// The most bytes that the cache of any search held.
    package private(set) var peakCacheBytes = 0
    /// Answers that came after the deadline; nil without one.
    package private(set) var late: Int?
    /// Answers of forms that can change results.
    package private(set) var lossyCount = 0
    /// Problems that were not asked, because they are longer than the model's context.
    package private(set) var refusedCount = 0

    init(budget: SolveBudget) {
        self.budget = budget
        late = budget.deadline.map { _ in 0 }
    }

    mutating func addRefused() {
        scores.append(0)
        refusedCount += 1
    }

    mutating func add(_ result: SolveResult, score: Double) {
        scores.append(score)
        milliseconds += result.elapsed.seconds * 1000
        reads += result.kvReads
        moved += Double(result.bytesMoved)
        peakCacheBytes = max(peakCacheBytes, result.peakCacheBytes)
        if let deadline = budget.deadline, result.elapsed > deadline { late = (late ?? 0) + 1 }
        counts[result.configuration.label, default: 0] += 1
        if !result.configuration.lossyMethods.isEmpty { lossyCount += 1 }
    }

    /// The mean score.
    package var accuracy: Double { mean(scores.reduce(0, +)) }
    /// Its 95 % interval.
    package var interval: AccuracyInterval { AccuracyInterval(scores: scores) }
    /// Milliseconds to the answer.
    package var meanMilliseconds: Double { mean(milliseconds) }
    /// Cached tokens attended, averaged over layers and KV heads.
    package var kvReads: Double { mean(reads) }
    /// Bytes of cache that decode steps moved; see `Usage.bytesMoved`.
    package var bytesMoved: Double { mean(moved) }

    /// How often each configuration was chosen, by ``Martlet/SolveConfiguration/label``, the most frequent first.
    package var configurations: [(label: String, count: Int)] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { (label: $0.key, count: $0.value) }
    }

    private func mean(_ sum: Double) -> Double { scores.isEmpty ? 0 : sum / Double(scores.count) }
}

extension SolveConfiguration {
    /// Model, policy without parameters, codec where the policy says one, length and width: `builtin-cr4 dms 466-8`,
    /// `builtin dense q4 466-8`.
    package var label: String {
        let codec = policy.firstMatch(of: /(?:^|[^a-z])kv\(([a-z0-9]+)/).map { " \($0.1)" } ?? ""
        return "\(model) \(policy.prefix { $0 != "(" && $0 != " " })\(codec) \(length)-\(width)"
    }
}

extension SolveOptions {
    /// Looks for an answer where and as a problem has it.
    fileprivate mutating func look(for sample: TaskSample) {
        extraction = sample.layout.extraction
        kind = sample.kind
        // What ends the answer of a text that goes on does not end that of a message.
        guard form == .text else { return }
        stop += sample.layout.stop
        stopsAfterText = sample.layout.stopsAfterText
    }

    /// Judges answers to a prompt as a task does, and ends chains where its solutions end.
    package mutating func judge(by task: any EvaluationTask, prompt: String) {
        let sample = task.sample(seed: 0, index: 0, split: .heldOut)
        let layout = sample.layout
        look(for: sample)
        guard task.isVerified(layout.framed(""), prompt: prompt) != nil else { return }
        checker = { answer in
            task.isVerified(layout.framed(answer), prompt: prompt) ?? false
        }
    }
}
