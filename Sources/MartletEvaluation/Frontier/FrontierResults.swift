/// What a sweep measured, problem by problem and without a word of an answer: all that its report is computed from.

package import MartletFormats

/// The results of a sweep, small enough to be kept beside its report. Everything in a report is computed from them.
public struct FrontierResults: Sendable, Equatable {
    /// A model's arithmetic and its prompts.
    struct ModelFacts: Sendable, Hashable {
        let model: String
        /// Operations of a token and of a KV read; see ``FlopCount``.
        let perToken: Double
        let perRead: Double
        /// Elements that a step moves of the weights, and attending to a cached token of the cache; see
        /// ``SparseAttentionCost``. Nil in results of versions that did not count them.
        let movedByStep: Double?
        let movedByRead: Double?
        /// Tokens of each problem's prompt.
        let prompts: ResultColumn
    }

    /// One configuration's results.
    struct Row: Sendable, Hashable {
        /// Its place in the plan, from 0.
        let place: Int
        let configuration: FrontierConfiguration
        /// How keys and values were stored, in words.
        let storage: String
        /// Seconds, and the problems that they were spent on.
        let seconds: Double
        let timedProblems: Int
        /// From 0 to 1.
        let scores: [Double]
        let tokens: ResultColumn
        let kvReads: ResultColumn
        /// Nil in records of versions that did not count them.
        let bytesMoved: ResultColumn?
        let peakTokens: ResultColumn
        let bytes: ResultColumn
        /// What a dense cache would have read and held; nil in records without the chains' lengths.
        let denseReads: ResultColumn?
        let denseTokens: ResultColumn?
    }

    /// What was run and how: `martlet`, `machine`, `command`, `models` with their files, `weights`.
    package var facts: JSONObject
    /// The grid.
    public let plan: FrontierPlan
    /// The most tokens of a prompt, by which budgets were set.
    let promptBound: Int
    /// The part of the plan that was measured here; nil for all of it.
    let shard: FrontierShard?
    /// Whether every seed asks the same problems.
    let sharesProblems: Bool
    /// The kinds of problems.
    let kinds: [String]
    /// The kind of each problem, seed after seed.
    let kindOf: [UInt16]
    let models: [ModelFacts]
    /// In the order of the plan.
    let rows: [Row]

    /// The name of the file in a sweep's folder.
    public static let fileName = "results.jsonl"

    /// Every configuration of the plan.
    package var configurations: [FrontierConfiguration] {
        plan.configurations(promptTokens: promptBound)
    }
}

extension FrontierResults {
    /// The measured configurations, models that were made for one and the same joined into one point.
    public var points: [FrontierPoint] {
        var order: [Key] = []
        var groups: [Key: [Row]] = [:]
        for row in rows {
            let key = Key(row.configuration)
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append(row)
        }
        let tasks = kindOf.map { kinds[Int($0)] }
        return order.compactMap { key in groups[key].flatMap { point(of: $0, tasks) } }
    }

    /// What rows of one point have in common.
    private struct Key: Hashable {
        let method, codec: String
        let length, width: Int
        let ratio: Double

        init(_ configuration: FrontierConfiguration) {
            (method, codec) = (configuration.method, configuration.codec)
            (length, width) = (configuration.length, configuration.width)
            ratio = configuration.ratio
        }
    }

    private func point(of rows: [Row], _ tasks: [String]) -> FrontierPoint? {
        guard let first = rows.first else { return nil }
        let count = Double(rows.count)
        func mean(_ value: (Row) -> Double) -> Double {
            rows.reduce(0) { $0 + value($1) } / count
        }
        var costs: [FrontierCost: Double] = [
            .kvReads: mean { $0.kvReads.mean }, .peakTokens: mean { $0.peakTokens.mean },
            .bytes: mean { $0.bytes.mean },
        ]
        // Seconds of a few problems at the end of a sweep that was killed, or of several machines, compare nothing.
        let isTimed = rows.allSatisfy { $0.timedProblems >= $0.scores.count }
        if isTimed, facts["machines"] == nil {
            costs[.seconds] = mean { $0.seconds / Double(max(1, $0.timedProblems)) }
        }
        if rows.allSatisfy({ $0.bytesMoved != nil }) {
            costs[.bytesMoved] = mean { $0.bytesMoved?.mean ?? 0 }
        }
        let owners = rows.compactMap { row in
            models.first { $0.model == row.configuration.model }
        }
        if owners.count == rows.count {
            costs[.flops] = zip(rows, owners).reduce(0) { $0 + Self.flops($1.0, $1.1) } / count
            costs[.isoCost] = Self.moved(zip(rows, owners).map { $0 }).map { $0 / count }
        }
        func ratio(_ dense: (Row) -> ResultColumn?, _ own: (Row) -> ResultColumn) -> Double? {
            let (all, part) = (rows.compactMap { dense($0)?.sum }, rows.map { own($0).sum })
            guard all.count == rows.count, part.allSatisfy({ $0 > 0 }) else { return nil }
            return all.reduce(0, +) / part.reduce(0, +)
        }
        let scores = rows.map(\.scores)
        return FrontierPoint(
            first.configuration,
            scores: scores[0].indices.map { index in
                scores.reduce(0) { $0 + $1[index] } / count
            },
            tasks: tasks, promptTokens: owners.first.map(\.prompts.mean),
            tokens: mean { $0.tokens.mean }, costs: costs, replicas: scores,
            measured: MeasuredCompression(
                held: ratio(\.denseTokens, \.peakTokens), read: ratio(\.denseReads, \.kvReads)))
    }

    private static func flops(_ row: Row, _ facts: ModelFacts) -> Double {
        row.scores.indices.reduce(0) { sum, index in
            sum
                + FlopCount.flops(
                    facts.perToken, facts.perRead, prompt: facts.prompts[index],
                    tokens: row.tokens[index], reads: row.kvReads[index])
        } / Double(row.scores.count)
    }

    /// The elements that answers moved by the Sparse Frontier's model, summed over models; nil where a model's are not known.
    private static func moved(_ rows: [(row: Row, facts: ModelFacts)]) -> Double? {
        var sum = 0.0
        for (row, facts) in rows {
            guard let step = facts.movedByStep, let read = facts.movedByRead else { return nil }
            sum += step * row.tokens.mean + read * row.kvReads.mean
        }
        return sum
    }
}
