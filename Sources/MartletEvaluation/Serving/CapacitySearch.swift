/// The highest rate of requests at which a target is still met; knows not how a rate is measured.

/// Searches by bisection on a logarithmic scale, each rate measured once.
public struct CapacitySearch: Sendable {
    /// The part of requests that must be fluid (Etalon, arXiv 2407.07000, section 4).
    public static let fluidShare = 0.99

    /// The first rate that is tried, in requests a second.
    public var start: Double
    /// The ratio of rates at which the search ends.
    public var precision: Double
    /// The most rates that are measured.
    public var most: Int

    /// Describes a search.
    public init(start: Double = 1, precision: Double = 1.1, most: Int = 16) {
        self.start = start
        self.precision = precision
        self.most = most
    }

    /// A rate that was measured, and whether it met the target.
    public struct Trial: Sendable, Hashable {
        /// Requests a second.
        public let rate: Double
        /// Whether the target was met.
        public let isMet: Bool
    }

    /// What was found.
    public struct Result: Sendable, Hashable {
        /// The highest rate that met the target; nil where none did.
        public let capacity: Double?
        /// In the order in which they were measured.
        public let trials: [Trial]
    }

    /// Looks for the capacity, from the first rate upwards or downwards in steps of two, and then between.
    ///
    /// - Parameter measure: whether a rate meets the target.
    public func run(_ measure: (Double) async throws -> Bool) async rethrows -> Result {
        var trials: [Trial] = []
        var (met, missed): (Double?, Double?)
        var rate = start
        while trials.count < most, met == nil || missed == nil {
            let isMet = try await measure(rate)
            trials.append(Trial(rate: rate, isMet: isMet))
            if isMet {
                met = rate
                rate *= 2
            } else {
                missed = rate
                rate /= 2
            }
        }
        while trials.count < most, let low = met, let high = missed, high / low > precision {
            let middle = (low * high).squareRoot()
            let isMet = try await measure(middle)
            trials.append(Trial(rate: middle, isMet: isMet))
            if isMet { met = middle } else { missed = middle }
        }
        return Result(capacity: met, trials: trials)
    }
}
