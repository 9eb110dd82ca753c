/// The accuracy of every configuration in every bootstrap draw.

/// Accuracies of points in draws that are the same for all of them, so that every comparison is a paired one.
struct ResampledAccuracies: Sendable {
    let drawCount: Int
    let pointCount: Int
    /// Draw after draw.
    private let values: [Double]

    /// - Parameters:
    ///   - points: all with scores of the same problems.
    ///   - draws: how problems are drawn.
    ///   - problems: the places of the problems that count; nil for all.
    init(_ points: [FrontierPoint], _ draws: ProblemDraws, problems: [Int]? = nil) {
        let total = points.map(\.scores.count).min() ?? 0
        let chosen = problems ?? Array(0..<total)
        pointCount = points.count
        drawCount = total > 0 && !chosen.isEmpty ? draws.count : 0
        // Models of one setting are drawn alike at every length and width.
        var settings: [Setting: Int] = [:]
        let groups = points.map { point in
            let setting = Setting(
                method: point.configuration.method, ratio: point.configuration.ratio)
            if settings[setting] == nil { settings[setting] = settings.count }
            return settings[setting] ?? 0
        }
        // Only problems that count are walked over.
        let scores = points.map { point in
            point.replicas.flatMap { replica in chosen.map { replica[$0] } }
        }
        var values: [Double] = []
        values.reserveCapacity(drawCount * pointCount)
        for draw in 0..<drawCount {
            let all = draws.weights(draw, of: chosen, total: total)
            let weights = chosen.map { all[$0] }
            let sum = weights.reduce(0, +)
            for (index, point) in points.enumerated() {
                let models = draws.modelWeights(
                    draw, group: groups[index], of: point.replicas.count)
                values.append(
                    Self.mean(scores[index], weights, models) / (sum > 0 ? sum : 1))
            }
        }
        self.values = values
    }

    private struct Setting: Hashable {
        let method: String
        let ratio: Double
    }

    /// The weighted sum of scores, model after model.
    private static func mean(_ scores: [Double], _ weights: [Double], _ models: [Double]) -> Double
    {
        scores.withUnsafeBufferPointer { scores in
            weights.withUnsafeBufferPointer { weights in
                var result = 0.0
                for (model, share) in models.enumerated() where share > 0 {
                    let first = model * weights.count
                    var sum = 0.0
                    for index in 0..<weights.count { sum += weights[index] * scores[first + index] }
                    result += share * sum
                }
                return result
            }
        }
    }

    /// Hands out the accuracies of all points in one draw.
    func withDraw<Result>(
        _ draw: Int, _ body: (UnsafeBufferPointer<Double>) -> Result
    ) -> Result {
        values.withUnsafeBufferPointer {
            body(
                UnsafeBufferPointer(
                    rebasing: $0[draw * pointCount..<(draw + 1) * pointCount]))
        }
    }

    /// The accuracies of one point in all draws.
    func draws(of point: Int) -> [Double] {
        (0..<drawCount).map { values[$0 * pointCount + point] }
    }
}
