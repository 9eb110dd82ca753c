/// Draws with repetition, first of seeds, then of problems, and the intervals that they give.

import MartletTasks

/// Where the problems of a sweep come from, which says how they are drawn anew: seed after seed, each with as many
/// problems.
public struct ProblemDraws: Sendable, Hashable {
    /// Seeds.
    public var seedCount: Int
    /// Whether all seeds ask the same problems, so that a draw takes the same ones of each.
    public var sharesProblems: Bool
    /// Bootstrap draws.
    public var count: Int
    /// The seed of the draws.
    public var seed: UInt64

    /// Describes draws.
    public init(
        seedCount: Int = 1, sharesProblems: Bool = false, count: Int = 1000, seed: UInt64 = 0
    ) {
        self.seedCount = seedCount
        self.sharesProblems = sharesProblems
        self.count = count
        self.seed = seed
    }

    /// How often each problem is drawn.
    ///
    /// As many seeds as there are, with repetition; of each as many of its problems as it has, with repetition. A
    /// function of the seed and the draw's number alone.
    ///
    /// - Parameters:
    ///   - number: the draw's.
    ///   - problems: the places of the problems that are looked at, rising.
    ///   - total: problems of all seeds together.
    func weights(_ number: Int, of problems: [Int], total: Int) -> [Double] {
        var random = TaskRandom(seed: seed, stream: UInt64(number))
        var weights = [Double](repeating: 0, count: total)
        let size = max(1, total / max(1, seedCount))
        var groups = [[Int]](repeating: [], count: max(1, seedCount))
        for problem in problems { groups[min(problem / size, groups.count - 1)].append(problem) }
        groups.removeAll(where: \.isEmpty)
        guard !groups.isEmpty else { return weights }
        // Places within a seed, where all ask the same.
        let same =
            sharesProblems ? groups[0].indices.map { _ in random.below(groups[0].count) } : nil
        for _ in groups.indices {
            let group = groups[random.below(groups.count)]
            for index in group.indices {
                let place = same.map { $0[index % $0.count] % group.count }
                weights[group[place ?? random.below(group.count)]] += 1
            }
        }
        return weights
    }

    /// Which of several models that were made for one setting a draw takes, how often each.
    ///
    /// - Parameters:
    ///   - number: the draw's.
    ///   - group: the setting's number, so that settings are drawn apart.
    ///   - models: how many there are.
    func modelWeights(_ number: Int, group: Int, of models: Int) -> [Double] {
        guard models > 1 else { return [1] }
        var random = TaskRandom(
            seed: seed &+ 0x5EED &* UInt64(group + 1), stream: UInt64(number))
        var weights = [Double](repeating: 0, count: models)
        for _ in 0..<models { weights[random.below(models)] += 1 / Double(models) }
        return weights
    }
}

/// The intervals that draws give.
enum Bootstrap {
    /// The middle 95 % of values.
    static func interval(_ values: [Double]) -> ClosedRange<Double>? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let cut = Int((0.025 * Double(sorted.count)).rounded(.down))
        return sorted[cut]...sorted[sorted.count - 1 - cut]
    }
}
