/// The time of a step as a linear function of its rows and reads, fitted to measurements.

/// A linear model of a step's time: fixed part, tokens computed, cached tokens read.
///
/// A step of a few rows waits for weights to arrive, which is the fixed part; further rows add arithmetic;
/// every row reads the cached tokens it attends to. Times are seconds.
public struct StepCost: Sendable, Hashable {
    /// Seconds of a step without rows.
    public var fixed: Double
    /// Seconds for each token computed.
    public var perToken: Double
    /// Seconds for each cached token that a row reads (averaged over layers and KV heads).
    public var perRead: Double

    /// A model of these coefficients.
    public init(fixed: Double, perToken: Double, perRead: Double) {
        self.fixed = fixed
        self.perToken = perToken
        self.perRead = perRead
    }

    /// The cost with all three coefficients multiplied by `factor`.
    public func scaled(by factor: Double) -> StepCost {
        StepCost(fixed: fixed * factor, perToken: perToken * factor, perRead: perRead * factor)
    }

    /// Seconds of one step.
    ///
    /// - Parameters:
    ///   - tokens: rows of the step.
    ///   - reads: cached tokens read by all rows together.
    public func seconds(tokens: Int, reads: Double) -> Double {
        fixed + perToken * Double(tokens) + perRead * reads
    }

    /// Seconds to compute a prompt in chunks.
    public func prefillSeconds(tokens: Int, chunk: Int) -> Double {
        guard tokens > 0 else { return 0 }
        let steps = (tokens + chunk - 1) / max(1, chunk)
        // A prompt's token reads all before it.
        let reads = Double(tokens) * Double(tokens) / 2
        return Double(steps) * fixed + Double(tokens) * perToken + reads * perRead
    }

    /// Seconds to compute `tokens` tokens of a prompt after its first `start`, in chunks.
    public func prefillSeconds(from start: Int, tokens: Int, chunk: Int) -> Double {
        guard tokens > 0 else { return 0 }
        return prefillSeconds(tokens: tokens, chunk: chunk)
            + perRead * Double(start) * Double(tokens)
    }

    /// Seconds to decode `width` chains of `length` tokens each after a prompt of `promptTokens`
    /// tokens. A step reads `readShare` of a chain's tokens (1: all of them).
    public func decodeSeconds(
        width: Int, length: Int, promptTokens: Int, readShare: Double = 1
    ) -> Double {
        let rows = Double(width) * Double(length)
        let reads = rows * (Double(promptTokens) + Double(length) / 2) * readShare
        return Double(length) * fixed + rows * perToken + reads * perRead
    }

    /// One measured step.
    public struct Measurement: Sendable, Hashable {
        /// Rows of the step.
        public let tokens: Int
        /// Cached tokens read by all rows together.
        public let reads: Double
        /// What it took.
        public let seconds: Double

        /// Describes a measurement.
        public init(tokens: Int, reads: Double, seconds: Double) {
            self.tokens = tokens
            self.reads = reads
            self.seconds = seconds
        }
    }

    /// The coefficients that fit measurements best, each at least zero: least squares of relative errors,
    /// so that short steps count as much as long ones. Nil without measurements.
    public init?(fitting measurements: [Measurement]) {
        let usable = measurements.filter { $0.seconds > 0 && $0.seconds.isFinite }
        guard !usable.isEmpty else { return nil }
        var best: (error: Double, values: [Double])?
        // Tries every set of coefficients that may be above zero: there are seven.
        for kept in 1..<8 {
            let columns = (0..<3).filter { kept & (1 << $0) != 0 }
            guard let values = Self.solve(usable, columns), values.allSatisfy({ $0 >= 0 }) else {
                continue
            }
            let error = usable.reduce(0) { sum, each in
                let difference = zip(values, Self.features(each)).reduce(-1) { $0 + $1.0 * $1.1 }
                return sum + difference * difference
            }
            if best.map({ error < $0.error }) ?? true { best = (error, values) }
        }
        guard let best else { return nil }
        self.init(fixed: best.values[0], perToken: best.values[1], perRead: best.values[2])
    }

    /// The factors of the three coefficients (1, rows, reads), divided by the measured time, so that the fit is to 1.
    private static func features(_ each: Measurement) -> [Double] {
        [1 / each.seconds, Double(each.tokens) / each.seconds, each.reads / each.seconds]
    }

    /// Least squares over some columns, by elimination; nil when they do not determine it.
    private static func solve(_ measurements: [Measurement], _ columns: [Int]) -> [Double]? {
        let size = columns.count
        var rows = [[Double]](repeating: [Double](repeating: 0, count: size + 1), count: size)
        for each in measurements {
            let all = features(each)
            for i in 0..<size {
                for j in 0..<size { rows[i][j] += all[columns[i]] * all[columns[j]] }
                rows[i][size] += all[columns[i]]
            }
        }
        for pivot in 0..<size {
            let largest =
                (pivot..<size).max { abs(rows[$0][pivot]) < abs(rows[$1][pivot]) } ?? pivot
            rows.swapAt(pivot, largest)
            let scale = rows[pivot].dropLast().map { abs($0) }.max() ?? 0
            guard abs(rows[pivot][pivot]) > 1e-12 * scale, scale > 0 else { return nil }
            for row in 0..<size where row != pivot {
                let factor = rows[row][pivot] / rows[pivot][pivot]
                for column in pivot...size { rows[row][column] -= factor * rows[pivot][column] }
            }
        }
        var values = [0.0, 0, 0]
        for (place, column) in columns.enumerated() {
            values[column] = rows[place][size] / rows[place][place]
        }
        return values
    }
}
