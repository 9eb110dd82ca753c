// Attention and layers, one row after the other, with what earlier rows leave.
// This file knows caches of keys and values; it refuses to know who shortens.

import Foundation
import MartletTraining

/// One attention whose keys come one by one.
struct AttentionSteps {
    private let rows: RowArithmetic
    private let prefix: String
    /// Characters of a step of places.
    private let factor: Int
    private let places: RelativePlaces
    private var keys: [[Float]] = []
    private var values: [[Float]] = []
    /// The projected sinusoid of each distance that was met.
    private var distances: [[Float]] = []
    private var queries = 0

    init(
        _ rows: RowArithmetic, _ prefix: String, factor: Int, queryStride: Int = 1,
        keyStride: Int = 1,
        shift: Int = 0
    ) {
        self.rows = rows
        self.prefix = prefix + "attention."
        self.factor = factor
        // Only places are asked for.
        let none = RowLayout(sequences: 1, length: 1)
        places = RelativePlaces(
            queries: none, keys: none, queryStride: queryStride, keyStride: keyStride, shift: shift)
    }

    mutating func addKey(_ row: [Float]) {
        keys.append(rows.linear(row, prefix + "k", hasBias: false))
        values.append(rows.linear(row, prefix + "v", hasBias: false))
    }

    /// What the next query sees among the keys that are there.
    mutating func attend(_ row: [Float]) -> [Float] {
        let place = places.place(queries)
        let seen = places.seen(queries, of: keys.count)
        queries += 1
        let width = rows.model.shape.width
        while distances.count <= place {
            distances.append(
                rows.linear(
                    CharacterModel.sinusoid(Double(distances.count * factor), width: width),
                    prefix + "r", hasBias: false))
        }
        let q = rows.linear(row, prefix + "q", hasBias: false)
        let (u, w) = (rows.model["bias.content"].values, rows.model["bias.place"].values)
        let dimension = width / rows.model.shape.heads
        var out = [Float](repeating: 0, count: width)
        for head in 0..<rows.model.shape.heads {
            let range = head * dimension..<(head + 1) * dimension
            var scores: [Double] = []
            for key in 0..<seen {
                let distance = distances[place - key * places.keyStride]
                var sum: Float = 0
                for i in range { sum += (q[i] + u[i]) * keys[key][i] + (q[i] + w[i]) * distance[i] }
                scores.append(Double(sum) / Double(dimension).squareRoot())
            }
            let top = scores.max() ?? 0
            let weights = scores.map { exp($0 - top) }
            let total = weights.reduce(0, +)
            for key in 0..<seen {
                let weight = Float(weights[key] / total)
                for i in range { out[i] += weight * values[key][i] }
            }
        }
        return rows.linear(out, prefix + "o", hasBias: false)
    }
}

/// One stack of layers at one resolution.
struct StackSteps {
    private let rows: RowArithmetic
    private let index: Int
    private var attentions: [AttentionSteps]

    init(_ rows: RowArithmetic, _ index: Int, layers: Int, factor: Int) {
        self.rows = rows
        self.index = index
        attentions = (0..<layers).map {
            AttentionSteps(rows, "stack\(index).\($0).", factor: factor)
        }
    }

    /// The stack's output for the next row.
    mutating func step(_ row: [Float]) -> [Float] {
        let isPre = rows.model.plan.norm == .pre
        var x = row
        for layer in attentions.indices {
            let prefix = "stack\(index).\(layer)."
            let input = isPre ? rows.norm(x, prefix + "attention.norm") : x
            attentions[layer].addKey(input)
            x = RowArithmetic.sum(x, attentions[layer].attend(input))
            if isPre {
                let normed = rows.norm(x, prefix + "feed.norm")
                x = RowArithmetic.sum(x, rows.inner(normed, prefix))
            } else {
                x = rows.norm(x, prefix + "attention.norm")
                x = rows.norm(RowArithmetic.sum(x, rows.inner(x, prefix)), prefix + "feed.norm")
            }
        }
        return isPre ? rows.norm(x, "stack\(index).norm") : x
    }
}
