/// How far a sweep is, and how long the rest will take.

import Martlet

/// What a sweep says before it measures a configuration.
public struct FrontierProgress: Sendable {
    /// What is measured now.
    public let configuration: FrontierConfiguration
    /// Its place among those that are measured here, from 1.
    public let number: Int
    /// All of these.
    public let count: Int
    /// The part of the work that is done, by the tokens that chains may write.
    public let doneShare: Double
    /// What the rest takes at the pace so far; nil before anything was measured.
    public let secondsLeft: Double?
    /// What the model and its cache have to say, as ``LoadedModel/notes``.
    public let notes: [String]
}

/// Work that is done and to be done, and the pace of it.
struct SweepClock {
    private let work: [Double]
    private let total: Double
    private let start = ContinuousClock.now
    private var done = 0.0

    /// - Parameter work: of each configuration, 0 for what was measured before.
    init(_ work: [Double]) {
        self.work = work
        total = work.reduce(0, +)
    }

    mutating func finish(_ index: Int) { done += work[index] }

    var doneShare: Double { total > 0 ? min(1, done / total) : 1 }

    var secondsLeft: Double? { secondsLeft(after: (ContinuousClock.now - start).seconds) }

    /// The same for a time that has passed.
    func secondsLeft(after seconds: Double) -> Double? {
        done > 0 ? seconds / done * max(0, total - done) : nil
    }
}
