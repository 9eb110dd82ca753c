/// Times of the last minutes, counted so that quantiles can be told of them.

/// A histogram of times that forgets: what is older than five minutes does not count. A plain value; the moment is handed to it.
///
/// ```
/// now − 300 s                                       now
///   | 10 s | 10 s |  …  30 slots of counts  …  | 10 s |
/// ```
/// A count's time is known to 1/32: sixteen equal parts of each power of two.
struct LatencyWindow: Sendable {
    /// Seconds that are remembered.
    static let seconds = slotSeconds * slotCount
    private static let slotSeconds = 10
    private static let slotCount = 30
    private static let parts = 16
    /// What is shorter counts as this, and what is longer as the other: 8 µs, and more than an hour.
    private static let exponents = -17...12

    private struct Slot {
        var period = Int.min
        var counts: [Int: Int] = [:]
    }
    private var slots = [Slot](repeating: Slot(), count: slotCount)

    /// Counts a time. Moments do not go back by more than the window.
    mutating func note(_ time: Duration, at now: Duration) {
        let period = Self.period(now)
        let place = period % Self.slotCount
        if slots[place].period != period { slots[place] = Slot(period: period) }
        slots[place].counts[Self.part(of: time / .seconds(1)), default: 0] += 1
    }

    /// What was counted in the last minutes.
    func quantiles(at now: Duration) -> LatencyQuantiles {
        let period = Self.period(now)
        var counts: [Int: Int] = [:]
        for slot in slots where slot.period > period - Self.slotCount {
            counts.merge(slot.counts, uniquingKeysWith: +)
        }
        return LatencyQuantiles(
            counts: counts.sorted { $0.key < $1.key }.map { (Self.seconds(of: $0.key), $0.value) })
    }

    private static func period(_ now: Duration) -> Int {
        Int(max(.zero, now).components.seconds) / slotSeconds
    }

    private static func part(of seconds: Double) -> Int {
        let least = Double(sign: .plus, exponent: exponents.lowerBound, significand: 1)
        let most = Double(sign: .plus, exponent: exponents.upperBound, significand: 1)
        let bounded = max(least, min(most, seconds))
        return Int(bounded.exponent) * parts + Int((bounded.significand - 1) * Double(parts))
    }

    /// The middle of a part.
    private static func seconds(of part: Int) -> Double {
        let exponent = part >> 4
        let place = Double(part - exponent << 4) + 0.5
        return Double(
            sign: .plus, exponent: exponent, significand: 1 + place / Double(parts))
    }
}

/// Quantiles of what a window counted.
struct LatencyQuantiles: Sendable {
    /// How many times there are.
    let count: Int
    private let counts: [(seconds: Double, count: Int)]

    /// Of counts that are in the order of their times.
    fileprivate init(counts: [(seconds: Double, count: Int)]) {
        self.counts = counts
        count = counts.reduce(0) { $0 + $1.count }
    }

    /// The least time in seconds that at least this share of all is no longer than; nil without any.
    func quantile(_ share: Double) -> Double? {
        let rank = max(1, Int((share * Double(count)).rounded(.up)))
        var seen = 0
        for (seconds, some) in counts {
            seen += some
            if seen >= rank { return seconds }
        }
        return nil
    }
}
