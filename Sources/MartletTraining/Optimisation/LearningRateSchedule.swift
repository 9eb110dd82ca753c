// Learning rates as a function of progress.

import Foundation

/// A learning rate for every point of a run.
///
/// A pure function of the step and the number of steps, neither of which need be whole: a trainer
/// that counts reference-system time (Kaddour et al. 2023, arXiv 2307.06440, section 3) passes the
/// step that its time corresponds to. Step 0 is the first update.
public struct LearningRateSchedule: Sendable, Hashable {
    /// What follows the warm-up.
    public enum Shape: Sendable, Hashable {
        /// The peak.
        case constant
        /// A line from the peak to the minimum.
        case linear
        /// Half a cosine from the peak to the minimum (Loshchilov & Hutter 2017, arXiv 1608.03983,
        /// eq. 5, without restarts).
        case cosine
        /// The peak until the last `decayFraction` of all steps, then down to the minimum
        /// (Hu et al. 2024, MiniCPM, arXiv 2404.06395, section 4).
        case warmUpStableDecay(decayFraction: Double, decay: Decay)
        /// peak · √(timescale / max(step, timescale)), and a line to the minimum over the last
        /// `finalFraction` of all steps (Raffel et al. 2020, arXiv 1910.10683, section 3.1.2).
        case inverseSquareRoot(timescale: Double, finalFraction: Double)
    }

    /// How a warm-up-stable-decay schedule goes down, x from 0 to 1.
    public enum Decay: String, Sendable, Hashable, CaseIterable {
        /// 1 - x
        case linear
        /// (1 + cos πx) / 2
        case cosine
        /// 1 - √x (Hägele et al. 2024, arXiv 2405.18392)
        case oneMinusRoot = "1-sqrt"
    }

    /// How long the learning rate rises.
    public enum WarmUp: Sendable, Hashable {
        /// This many steps.
        case steps(Double)
        /// This share of all steps.
        case fraction(Double)
    }

    /// The largest learning rate.
    public let peak: Double
    /// What follows the warm-up.
    public let shape: Shape
    /// How long the learning rate rises.
    public let warmUp: WarmUp
    /// The learning rate of step 0 divided by the peak, when there is a warm-up.
    public let warmUpStart: Double
    /// The learning rate at the end; a floor for ``Shape/inverseSquareRoot(timescale:finalFraction:)``.
    public let minimum: Double

    /// A schedule whose values are in their ranges.
    ///
    /// - Throws: `OptimiserError.badHyperParameter` naming the first that is not.
    public init(
        peak: Double, shape: Shape = .constant, warmUp: WarmUp = .steps(0),
        warmUpStart: Double = 0, minimum: Double = 0
    ) throws(OptimiserError) {
        let ranges = HyperParameters(subject: "learning rate schedule")
        try ranges.requirePositive("peak", peak)
        try ranges.require("minimum", minimum, in: 0...peak)
        try ranges.require("warm-up start", warmUpStart, in: 0...1)
        switch warmUp {
        case .steps(let steps): try ranges.requireNotNegative("warm-up steps", steps)
        case .fraction(let share): try ranges.require("warm-up fraction", share, in: 0...1)
        }
        switch shape {
        case .constant, .linear, .cosine: break
        case .warmUpStableDecay(let fraction, _):
            try ranges.require("decay fraction", fraction, in: 0...1)
        case .inverseSquareRoot(let timescale, let fraction):
            try ranges.requirePositive("timescale", timescale)
            try ranges.require("final fraction", fraction, in: 0...1)
            // A shorter one would end the warm-up with a fall.
            if case .steps(let steps) = warmUp, steps > timescale {
                throw .badHyperParameter(
                    subject: ranges.subject, name: "timescale", got: "\(timescale)",
                    expected: "at least the \(steps) warm-up steps")
            }
        }
        self.peak = peak
        self.shape = shape
        self.warmUp = warmUp
        self.warmUpStart = warmUpStart
        self.minimum = minimum
    }

    /// The learning rate of the update after `step` of `total` steps. Beyond `total` it is that of
    /// the end.
    public func rate(at step: Double, of total: Double) -> Double {
        let total = max(0, total)
        let step = min(max(0, step), total)
        let warm =
            switch warmUp {
            case .steps(let steps): steps
            case .fraction(let share): share * total
            }
        if step < warm {
            return peak * (warmUpStart + (1 - warmUpStart) * step / warm)
        }
        /// How far `step` is on the way from `start` to the end.
        func progress(from start: Double) -> Double {
            total > start ? (step - start) / (total - start) : 1
        }
        switch shape {
        case .constant: return peak
        case .linear: return between(Decay.linear.remaining(progress(from: warm)))
        case .cosine: return between(Decay.cosine.remaining(progress(from: warm)))
        case .warmUpStableDecay(let fraction, let decay):
            let start = max(warm, total * (1 - fraction))
            return step < start ? peak : between(decay.remaining(progress(from: start)))
        case .inverseSquareRoot(let timescale, let fraction):
            let start = max(warm, total * (1 - fraction))
            let root = peak * (timescale / max(min(step, start), timescale)).squareRoot()
            let value = max(minimum, root)
            guard fraction > 0, step >= start else { return value }
            return minimum + (value - minimum) * (1 - progress(from: start))
        }
    }

    private func between(_ share: Double) -> Double { minimum + (peak - minimum) * share }
}

extension LearningRateSchedule.Decay {
    fileprivate func remaining(_ x: Double) -> Double {
        switch self {
        case .linear: 1 - x
        case .cosine: 0.5 * (1 + cos(.pi * x))
        case .oneMinusRoot: 1 - x.squareRoot()
        }
    }
}
