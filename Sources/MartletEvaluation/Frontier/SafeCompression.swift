/// The highest compression without a significant loss, for each method and each kind of problem.

package import MartletFormats

/// The highest compression at which a method loses nothing significantly: the Sparse Frontier's rule (arXiv
/// 2504.17768).
///
/// It is asked at ten compressions, which are the method's measured ones interpolated by the part that goes, problem by
/// problem, from the dense cache on. A compression is safe when at no length and width the 95 % interval of the paired
/// difference from the dense cache lies below 0, and every lower one is safe too. With fewer than
/// ``leastProblems`` problems only large losses are significant, so that nothing is said.
public struct SafeCompression: Sendable, Hashable {
    /// The fewest problems of which anything is said.
    public static let leastProblems = 100
    /// The parts of the work that go at which it is asked.
    public static let sparsities = [0.0, 0.33, 0.5, 0.6, 0.7, 0.8, 0.87, 0.9, 0.93, 0.95]

    /// What is found.
    public enum Verdict: Sendable, Hashable {
        /// There are not enough problems.
        case tooFew
        /// Up to this compression. `isBound` says that the next one was not reached by anything measured; otherwise it
        /// loses.
        case upTo(Double, isBound: Bool)
        /// Even the lowest that was measured loses.
        case none
    }

    /// A verdict on some problems.
    public struct Finding: Sendable, Hashable {
        /// The kind of problem; nil for all.
        public let task: String?
        /// Problems.
        public let problems: Int
        /// What is found.
        public let verdict: Verdict

        /// The compression; nil where even the lowest loses, and where there are too few problems.
        public var ratio: Double? {
            guard case .upTo(let ratio, _) = verdict else { return nil }
            return ratio
        }
    }

    /// The method.
    public let method: String
    /// How it stores keys and values.
    public let codec: String
    /// The part of the model's work that it thins out.
    public let phase: CompressionPhase
    /// Over all problems.
    public let overall: Finding
    /// For each kind of problem, in the order in which they first come.
    public let perTask: [Finding]

    /// Over all problems; see ``Finding/ratio``.
    public var ratio: Double? { overall.ratio }

    /// For programs.
    package var json: JSONValue {
        func finding(_ each: Finding) -> [JSONObject.Member] {
            let (name, isBound): (String, Bool) =
                switch each.verdict {
                case .tooFew: ("too few", false)
                case .none: ("none", false)
                case .upTo(_, let isBound): ("safe", isBound)
                }
            return [
                .init(key: "problems", value: .integer(each.problems)),
                .init(key: "ratio", value: each.ratio.map { .number($0) } ?? .null),
                .init(key: "verdict", value: .string(name)),
                .init(key: "isBound", value: .bool(isBound)),
            ]
        }
        return .object(
            JSONObject(
                [
                    .init(key: "method", value: .string(method)),
                    .init(key: "codec", value: .string(codec)),
                    .init(key: "phase", value: .string(phase.rawValue)),
                ] + finding(overall) + [
                    .init(
                        key: "perTask",
                        value: .array(
                            perTask.map { each in
                                .object(
                                    JSONObject(
                                        [.init(key: "task", value: .string(each.task ?? ""))]
                                            + finding(each)))
                            }))
                ]))
    }
}

extension SafeCompression {
    /// Judges methods beside the dense cache.
    ///
    /// - Parameters:
    ///   - series: for each method the places of its points, and of those of the dense cache with the same codec.
    ///   - points: all points.
    ///   - draws: the bootstrap's.
    static func judged(
        _ series: [(own: [Int], dense: [Int])], of points: [FrontierPoint], _ draws: ProblemDraws
    ) -> [SafeCompression] {
        guard let tasks = points.first?.tasks else { return [] }
        var kinds: [String] = []
        for task in tasks where !kinds.contains(task) { kinds.append(task) }
        let judges = series.map { Judge($0.own, $0.dense, points) }
        /// Findings of all methods on some problems, which are drawn once for all of them.
        func findings(_ task: String?, _ problems: [Int]) -> [Finding] {
            guard problems.count >= leastProblems else {
                return series.map { _ in
                    Finding(task: task, problems: problems.count, verdict: .tooFew)
                }
            }
            let samples = ResampledAccuracies(points, draws, problems: problems)
            return judges.map {
                Finding(task: task, problems: problems.count, verdict: $0.verdict(samples))
            }
        }
        let all = findings(nil, Array(0..<(points.map(\.scores.count).min() ?? 0)))
        let perKind = kinds.map { kind in
            findings(kind, tasks.indices.filter { tasks[$0] == kind })
        }
        return series.indices.compactMap { index in
            guard let first = series[index].own.first else { return nil }
            return SafeCompression(
                method: points[first].configuration.method,
                codec: points[first].configuration.codec, phase: points[first].configuration.phase,
                overall: all[index], perTask: perKind.map { $0[index] })
        }
    }

    /// Looks at one method's points at each length and width.
    private struct Judge {
        /// For each length and width the dense cache, then the method by the part of the work that goes.
        private let curves: [[(sparsity: Double, point: Int)]]

        init(_ own: [Int], _ dense: [Int], _ points: [FrontierPoint]) {
            curves = dense.map { reference in
                let shape = points[reference].configuration
                let measured = own.filter {
                    let c = points[$0].configuration
                    return c.length == shape.length && c.width == shape.width
                }.map { index -> (sparsity: Double, point: Int) in
                    let point = points[index]
                    // What was not measured is taken as it was asked for.
                    let ratio =
                        point.measured.of(point.configuration.phase) ?? point.configuration.ratio
                    return (max(0, 1 - 1 / max(1, ratio)), index)
                }
                return [(0, reference)]
                    + measured.sorted { ($0.sparsity, $0.point) < ($1.sparsity, $1.point) }
            }.filter { $0.count > 1 }
        }

        func verdict(_ samples: ResampledAccuracies) -> Verdict {
            var best: Double?
            for sparsity in SafeCompression.sparsities.dropFirst() {
                let reached = curves.filter { curve in
                    // Budgets are whole tokens: what was asked for is met to within a hundredth.
                    curve.last.map { $0.sparsity >= sparsity - 0.01 } ?? false
                }
                guard !reached.isEmpty, reached.count == curves.count else {
                    return best.map { .upTo($0, isBound: true) } ?? lowest(samples)
                }
                guard !reached.contains(where: { loses($0, at: sparsity, samples) }) else {
                    return best.map { .upTo($0, isBound: false) } ?? .none
                }
                // Where a level was only met to within a hundredth, what was met is what is known.
                let met = curves.compactMap { $0.last?.sparsity }.min() ?? sparsity
                best = 1 / (1 - min(sparsity, met))
            }
            return best.map { .upTo($0, isBound: true) } ?? .none
        }

        /// Where not even the first compression was reached: whether what was measured loses.
        private func lowest(_ samples: ResampledAccuracies) -> Verdict {
            let isLost = curves.contains { curve in
                curve.dropFirst().contains { loses($0.point, beside: curve[0].point, samples) }
            }
            return isLost || curves.isEmpty ? .none : .upTo(1, isBound: true)
        }

        /// Whether the difference of two points lies below 0.
        private func loses(
            _ point: Int, beside dense: Int, _ samples: ResampledAccuracies
        ) -> Bool {
            let differences = zip(samples.draws(of: point), samples.draws(of: dense)).map {
                $0 - $1
            }
            return (Bootstrap.interval(differences)?.upperBound ?? 0) < -1e-12
        }

        /// Whether the difference from the dense cache lies below 0 at a part of the work that goes.
        private func loses(
            _ curve: [(sparsity: Double, point: Int)], at sparsity: Double,
            _ samples: ResampledAccuracies
        ) -> Bool {
            let upper = curve.firstIndex { $0.sparsity >= sparsity } ?? curve.count - 1
            let (a, b) = (curve[max(0, upper - 1)], curve[upper])
            let span = b.sparsity - a.sparsity
            let share = span > 0 ? min(1, max(0, (sparsity - a.sparsity) / span)) : 1
            let dense = samples.draws(of: curve[0].point)
            let (low, high) = (samples.draws(of: a.point), samples.draws(of: b.point))
            let differences = dense.indices.map {
                (1 - share) * low[$0] + share * high[$0] - dense[$0]
            }
            // Equal accuracies may differ in their last bit.
            return (Bootstrap.interval(differences)?.upperBound ?? 0) < -1e-12
        }
    }
}
