/// The accuracy that a sweep measured at each width and length of chains; knows no cost.

import Foundation

/// The measured accuracies of one form of a model, by width (chains) and length (tokens); see ``MeasuredSweep``.
///
/// Between measured lengths and widths the accuracy is interpolated on a logarithmic scale; beyond the last one it
/// stays the same. A longer limit cannot lower the accuracy, because a chain may end before its limit: where the sweep
/// says otherwise it is noise, and neighbouring lengths are pooled until the accuracy no longer falls (isotonic regression).
struct MeasuredFrontier: Sendable {
    /// One measured configuration.
    struct Point {
        let width: Int
        let length: Int
        let accuracy: Double
        /// Mean tokens of a chain; nil when the sweep did not record them.
        var tokens: Double?
    }

    /// Widths in rising order, each with its lengths in rising order.
    private let rows: [(width: Int, points: [(length: Int, accuracy: Double)])]
    /// For each length, in rising order, the mean part of it that a chain wrote (0 to 1).
    private let shares: [(at: Int, value: Double)]

    /// Nil without points.
    init?(_ points: [Point]) {
        guard !points.isEmpty else { return nil }
        rows = Dictionary(grouping: points, by: \.width).sorted { $0.key < $1.key }.map {
            width, points in
            let sorted = points.sorted { $0.length < $1.length }
            let values = Self.monotone(sorted.map(\.accuracy))
            return (width, zip(sorted, values).map { ($0.length, $1) })
        }
        shares = Dictionary(grouping: points, by: \.length).sorted { $0.key < $1.key }
            .compactMap { length, points in
                let tokens = points.compactMap(\.tokens)
                guard !tokens.isEmpty else { return nil }
                let mean = tokens.reduce(0, +) / Double(tokens.count)
                return (length, min(1, mean / Double(length)))
            }
    }

    /// The largest measured width.
    var widest: Int { rows.last?.width ?? 1 }

    /// The expected accuracy, from 0 to 1.
    func accuracy(width: Int, length: Int) -> Double {
        Self.interpolate(rows.map { ($0.width, Self.reach($0.points, length)) }, at: width)
    }

    /// The tokens that a chain with a limit of `length` tokens is expected to write; most chains end before it.
    func expectedTokens(length: Int) -> Int {
        let share = shares.isEmpty ? 1 : Self.interpolate(shares, at: length)
        // With a higher limit than any measured one, chains are taken to write no more than with that one.
        let most = shares.last.map { Double($0.at) * $0.value } ?? .infinity
        let isBeyond = shares.last.map { length > $0.at } ?? false
        let tokens = (isBeyond ? most : share * Double(length)).rounded(.up)
        // No chain writes more than its limit, which may be the largest of all numbers.
        return tokens < Double(length) ? max(0, Int(tokens)) : length
    }

    /// The accuracy at one width. Below the shortest measured length it falls in proportion, to 0 at length 0, because
    /// chains no longer finish.
    private static func reach(
        _ points: [(length: Int, accuracy: Double)], _ length: Int
    ) -> Double {
        guard let first = points.first, length < first.length else {
            return interpolate(points.map { ($0.length, $0.accuracy) }, at: length)
        }
        return first.accuracy * Double(max(0, length)) / Double(first.length)
    }

    private static func interpolate(_ points: [(at: Int, value: Double)], at place: Int) -> Double {
        guard let upper = points.firstIndex(where: { $0.at >= place }) else {
            return points.last?.value ?? 0
        }
        guard upper > 0, points[upper].at > place else { return points[upper].value }
        let (a, b) = (points[upper - 1], points[upper])
        let share = log(Double(place) / Double(a.at)) / log(Double(b.at) / Double(a.at))
        return a.value + share * (b.value - a.value)
    }

    /// The closest sequence, by least squares, that never falls. A value below the one before it is averaged with it.
    private static func monotone(_ values: [Double]) -> [Double] {
        var pools: [(mean: Double, count: Int)] = []
        for value in values {
            pools.append((value, 1))
            while pools.count > 1, pools[pools.count - 2].mean > pools[pools.count - 1].mean {
                let (b, a) = (pools.removeLast(), pools.removeLast())
                let count = a.count + b.count
                pools.append(
                    ((a.mean * Double(a.count) + b.mean * Double(b.count)) / Double(count), count))
            }
        }
        return pools.flatMap { Array(repeating: $0.mean, count: $0.count) }
    }
}
