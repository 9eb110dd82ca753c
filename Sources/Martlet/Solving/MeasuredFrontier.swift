/// How right a model was with so many chains of such a length, as a sweep measured it; knows no cost.

import Foundation

/// The accuracies of one form of a model; see ``MeasuredSweep``.
///
/// Between the measured lengths and widths accuracy is interpolated on a logarithmic scale, and beyond the last it
/// stays: a sweep's last figure is all that is known. What a longer chain seems to lose is noise of the sweep, since
/// a chain may end before its limit: along lengths accuracies are made monotone by pooling neighbours (isotonic
/// regression).
struct MeasuredFrontier: Sendable {
    /// A configuration and what it came to.
    struct Point {
        let width: Int
        let length: Int
        let accuracy: Double
        /// The mean of the tokens that a chain wrote; nil where that was not recorded.
        var tokens: Double?
    }

    /// Widths in rising order, each with its lengths in rising order.
    private let rows: [(width: Int, points: [(length: Int, accuracy: Double)])]
    /// Lengths in rising order with the share of them that chains wrote.
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

    /// The most chains that were measured.
    var widest: Int { rows.last?.width ?? 1 }

    /// The accuracy to expect, from 0 to 1.
    func accuracy(width: Int, length: Int) -> Double {
        Self.interpolate(rows.map { ($0.width, Self.reach($0.points, length)) }, at: width)
    }

    /// The tokens that a chain is expected to write of the most that it may: most end long before.
    func expectedTokens(length: Int) -> Int {
        let share = shares.isEmpty ? 1 : Self.interpolate(shares, at: length)
        // Beyond the longest measured length chains write no more than there.
        let most = shares.last.map { Double($0.at) * $0.value } ?? .infinity
        let isBeyond = shares.last.map { length > $0.at } ?? false
        return Int((isBeyond ? most : share * Double(length)).rounded(.up))
    }

    /// Below the shortest measured length fewer and fewer chains come to an end: down to nothing at no length.
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

    /// The nearest sequence, in squares, that never falls: neighbours that do are pooled.
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
