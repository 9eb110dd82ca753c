/// Logistic regression of counts, by Newton's method; knows no names of columns.

import Foundation

/// The coefficients under which counts of right answers are likeliest.
struct BinomialRegression {
    /// One for each column.
    private(set) var coefficients: [Double]
    /// The coefficients' standard errors.
    private(set) var errors: [Double]

    /// Steps after which the search ends; with a pull it is concave and takes about ten.
    private static let mostSteps = 100

    /// Fits coefficients to counts.
    ///
    /// - Parameters:
    ///   - rows: the columns' values for each count.
    ///   - right: right answers of each row.
    ///   - problems: problems of each row.
    ///   - pull: the weight of half a coefficient's square; above 0, so that a maximum exists.
    init(rows: [[Double]], right: [Double], problems: [Double], pull: Double) {
        let count = rows.first?.count ?? 0
        coefficients = [Double](repeating: 0, count: count)
        errors = coefficients
        var likelihood = Self.likelihood(coefficients, rows, right, problems, pull)
        for _ in 0..<Self.mostSteps {
            let (gradient, information) = Self.derivatives(
                coefficients, rows, right, problems, pull)
            guard let step = SymmetricSystem(information)?.solve(gradient) else { break }
            var scale = 1.0
            var next = coefficients
            var value = -Double.infinity
            // Far from the maximum a whole step may overshoot.
            while scale > 1e-6 {
                next = zip(coefficients, step).map { $0 + scale * $1 }
                value = Self.likelihood(next, rows, right, problems, pull)
                if value >= likelihood { break }
                scale /= 2
            }
            guard value >= likelihood else { break }
            let change = zip(next, coefficients).map { abs($0 - $1) }.max() ?? 0
            coefficients = next
            likelihood = value
            if change < 1e-10 { break }
        }
        let (_, information) = Self.derivatives(coefficients, rows, right, problems, pull)
        let scatter = max(1, self.scatter(rows, right, problems))
        if let system = SymmetricSystem(information) {
            for column in 0..<count {
                var unit = [Double](repeating: 0, count: count)
                unit[column] = 1
                errors[column] = (scatter * max(0, system.solve(unit)[column])).squareRoot()
            }
        }
    }

    /// Pearson's sum of squares over its degrees of freedom: 1 where rows scatter as binomial numbers do.
    private func scatter(_ rows: [[Double]], _ right: [Double], _ problems: [Double]) -> Double {
        let freedom = rows.count - coefficients.count
        guard freedom > 0 else { return 1 }
        var sum = 0.0
        for (index, row) in rows.enumerated() {
            let p = Self.probability(coefficients, row)
            let difference = right[index] - problems[index] * p
            sum += difference * difference / max(problems[index] * p * (1 - p), 1e-9)
        }
        return sum / Double(freedom)
    }

    private static func product(_ coefficients: [Double], _ row: [Double]) -> Double {
        zip(coefficients, row).reduce(0) { $0 + $1.0 * $1.1 }
    }

    private static func probability(_ coefficients: [Double], _ row: [Double]) -> Double {
        1 / (1 + exp(-product(coefficients, row)))
    }

    private static func likelihood(
        _ coefficients: [Double], _ rows: [[Double]], _ right: [Double], _ problems: [Double],
        _ pull: Double
    ) -> Double {
        var sum = -pull * coefficients.reduce(0) { $0 + $1 * $1 }
        for (index, row) in rows.enumerated() {
            let z = product(coefficients, row)
            // k·z − n·log(1 + e^z), without overflow for great z.
            sum += right[index] * z - problems[index] * (max(z, 0) + log1p(exp(-abs(z))))
        }
        return sum
    }

    private static func derivatives(
        _ coefficients: [Double], _ rows: [[Double]], _ right: [Double], _ problems: [Double],
        _ pull: Double
    ) -> (gradient: [Double], information: [[Double]]) {
        let count = coefficients.count
        var gradient = coefficients.map { -2 * pull * $0 }
        var information = [[Double]](
            repeating: [Double](repeating: 0, count: count), count: count)
        for column in 0..<count { information[column][column] = 2 * pull }
        for (index, row) in rows.enumerated() {
            let p = probability(coefficients, row)
            let (difference, weight) = (
                right[index] - problems[index] * p, problems[index] * p * (1 - p)
            )
            for a in 0..<count where row[a] != 0 {
                gradient[a] += difference * row[a]
                for b in 0..<count { information[a][b] += weight * row[a] * row[b] }
            }
        }
        return (gradient, information)
    }
}

/// Equations with a symmetric positive matrix, solved by Cholesky's factors.
struct SymmetricSystem {
    private let factor: [[Double]]

    /// Nil where the matrix is not positive.
    init?(_ matrix: [[Double]]) {
        var factor = matrix
        for column in matrix.indices {
            for row in column..<matrix.count {
                var sum = matrix[row][column]
                for k in 0..<column { sum -= factor[row][k] * factor[column][k] }
                if row == column {
                    guard sum > 0 else { return nil }
                    factor[row][row] = sum.squareRoot()
                } else {
                    factor[row][column] = sum / factor[column][column]
                }
            }
        }
        self.factor = factor
    }

    func solve(_ right: [Double]) -> [Double] {
        var x = right
        for row in factor.indices {
            for k in 0..<row { x[row] -= factor[row][k] * x[k] }
            x[row] /= factor[row][row]
        }
        for row in factor.indices.reversed() {
            for k in (row + 1)..<factor.count { x[row] -= factor[k][row] * x[k] }
            x[row] /= factor[row][row]
        }
        return x
    }
}
