/// Segments: prefix sums, means, the way back, and what trains boundaries.

import Foundation
import MartletKernels
import Testing

@testable import MartletCharacterModels
@testable import MartletTraining

@Suite struct HierarchySegmentTests {
    /// Two sequences of six: the first ends with an open segment, the second with a closed one.
    static let cuts: [Double] = [0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1]
    static let sequences = 2
    static let length = 6

    /// Rows of closed segments per sequence, as sets of tokens.
    static let members = [[[0, 1], [2, 3, 4]], [[6], [7, 8, 9, 10, 11]]]
    /// Packed rows: null, two segments, null, two segments.
    static let packed = 6

    /// The assignment of tokens to segments with weights 1 - (segment - exclusive prefix sum) in the cells
    /// that the hard boundaries choose, normalised.
    static func means(_ h: Matrix, _ null: Matrix, _ b: Matrix) -> Matrix {
        var y = Matrix(2 * (length + 1), h.columns)
        for sequence in 0..<2 {
            for c in 0..<h.columns { y[3 * sequence, c] = null[0, c] }
            for (segment, tokens) in members[sequence].enumerated() {
                var total = 0.0
                for token in tokens {
                    let before = (sequence * length..<token).reduce(0) { $0 + b.values[$1] }
                    let weight = 1 - (Double(segment) - before)
                    total += weight
                    for c in 0..<h.columns {
                        y[3 * sequence + 1 + segment, c] += weight * h[token, c]
                    }
                }
                for c in 0..<h.columns { y[3 * sequence + 1 + segment, c] /= total }
            }
        }
        return y
    }

    @Test func meansAndTheirBoundariesHaveDerivatives() throws {
        var random = CounterRandom(seed: 6)
        try OperationCheck(
            inputs: [.random(12, 3, &random), .random(1, 3, &random), Matrix(12, 1, Self.cuts)],
            rows: Self.packed
        ) { graph, x in
            let table = graph.segments(x[2], sequences: 2, length: Self.length)
            return graph.segmentMeans(x[0], null: x[1], boundaries: x[2], table)
        } reference: {
            Self.means($0[0], $0[1], $0[2])
        }.verify("means", samples: 36)
    }

    @Test func tokensReceiveWhatIsClosed() throws {
        var random = CounterRandom(seed: 7)
        let received = [0, 1, 1, 1, 2, 2, 4, 4, 4, 4, 4, 5]
        try OperationCheck(inputs: [.random(14, 3, &random)]) { graph, x in
            let cuts = graph.given(rows: 12, columns: 1, name: "cuts")
            graph.append(FillValues(y: cuts, values: Self.cuts))
            return graph.spreadSegments(
                x[0], graph.segments(cuts, sequences: 2, length: Self.length))
        } reference: { x in
            var y = Matrix(12, 3)
            for token in 0..<12 { for c in 0..<3 { y[token, c] = x[0][received[token], c] } }
            return y
        }.verify("spread", samples: 42)
    }

    /// Row-wise operations and attention over packed rows.
    @Test func packedRowsAreLikeAnyRows() throws {
        var random = CounterRandom(seed: 8)
        let widths = [(4, 4), (4, 4), (4, 4), (4, 4)]
        var inputs = [Matrix.random(12, 4, &random), .random(1, 4, &random)]
        inputs += widths.map { .random($0.0, $0.1, &random) }
        inputs += [.random(7, 4, &random), .random(1, 4, &random), .random(1, 4, &random)]
        try OperationCheck(inputs: inputs, rows: Self.packed) { graph, x in
            let cuts = graph.given(rows: 12, columns: 1, name: "cuts")
            graph.append(FillValues(y: cuts, values: Self.cuts))
            let table = graph.segments(cuts, sequences: 2, length: Self.length)
            let pooled = graph.segmentMeans(x[0], null: x[1], boundaries: cuts, table)
            let layout = table.layout
            let normed = graph.layerNorm(
                graph.add(pooled, pooled, over: layout), weight: x[7], bias: x[8], epsilon: 1e-5,
                over: layout)
            let y = graph.relativeAttention(
                RelativeInputs(
                    q: graph.linear(normed, x[2], over: layout),
                    k: graph.linear(normed, x[3], over: layout),
                    v: graph.linear(normed, x[4], bias: x[7], over: layout), r: x[6],
                    contentBias: x[7], placeBias: x[8]),
                heads: 2, places: RelativePlaces(queries: layout, keys: layout))
            return graph.gelu(
                graph.linear(y, x[5], over: layout), isApproximate: false, over: layout)
        } reference: { x in
            let pooled = Self.means(x[0], x[1], Matrix(12, 1, Self.cuts))
            var normed = Matrix(14, 4)
            for row in 0..<Self.packed {
                let line = (0..<4).map { 2 * pooled[row, $0] }
                let mean = line.reduce(0, +) / 4
                let variance = line.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4
                for c in 0..<4 {
                    normed[row, c] =
                        (line[c] - mean) / (variance + 1e-5).squareRoot() * x[7][0, c] + x[8][0, c]
                }
            }
            func times(_ a: Matrix, _ w: Matrix, _ bias: Matrix? = nil) -> Matrix {
                var y = Matrix(a.rows, w.rows)
                for row in 0..<Self.packed {
                    for c in 0..<w.rows {
                        y[row, c] = (0..<a.columns).reduce(bias?[0, c] ?? 0) {
                            $0 + a[row, $1] * w[c, $1]
                        }
                    }
                }
                return y
            }
            let y = relativeAttention(
                [
                    times(normed, x[2]), times(normed, x[3]), times(normed, x[4], x[7]), x[6], x[7],
                    x[8],
                ], [(0..<3, 0..<3), (3..<6, 3..<6)])
            var out = times(y, x[5])
            out.values = out.values.map { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }
            return out
        }.verify("packed", samples: 8)
    }

    /// Hard in forward, the relaxed sample's slope in backward.
    @Test func sampledBoundariesAreStraightThrough() throws {
        let machine = try TrainingMachine(threads: 1)
        let logits = try Parameter(name: "logits", shape: [6, 1])
        let graph = Graph()
        let noise = graph.given(rows: 6, columns: 1, name: "noise")
        let cuts = graph.boundaries(graph.parameter(logits), noise: noise)
        let loss = graph.computed(rows: 1, columns: 1, from: [cuts], name: "loss")
        let factors: [Float] = [1, -2, 3, 0.5, 1, 4]
        graph.append(WeighedSum(x: cuts, loss: loss, factors: factors))
        graph.addLoss(loss)
        let run = try GraphRun(graph, machine)
        let (x, n): ([Float], [Float]) = (
            [0.3, -1, 0.2, 2, -0.1, 0], [0.1, 0.5, -0.9, 0, 0.4, -1]
        )
        for i in 0..<6 {
            logits.values[i] = x[i]
            run[noise][i] = n[i]
        }
        run.forward()
        let hard = (0..<6).map { run[cuts][$0] }
        #expect(hard == [1, 0, 0, 1, 1, 0])
        run.backward()
        for i in 0..<6 {
            func soft(_ x: Double) -> Double { 1 / (1 + exp(-(x + Double(n[i])) / 0.5)) }
            let slope = (soft(Double(x[i]) + 1e-5) - soft(Double(x[i]) - 1e-5)) / 2e-5
            #expect(abs(Double(logits.gradient![i]) - slope * Double(factors[i])) < 1e-5)
        }
    }

    @Test func thePriorIsLeastAtItsMean() throws {
        for (length, prior) in [(100, 0.2), (100, 0.37), (384, 0.2)] {
            let losses = (0...length).map {
                BinomialPriorOperation.loss(Double($0), of: length, prior: prior)
            }
            let least = losses.indices.min { losses[$0] < losses[$1] }
            #expect(least == Int(Double(length + 1) * prior))
        }
        try OperationCheck(inputs: [Matrix(12, 1, Self.cuts)]) { graph, x in
            graph.binomialPrior(x[0], prior: 0.2, length: 6)
        } reference: { x in
            let sums = [x[0].values[0..<6].reduce(0, +), x[0].values[6..<12].reduce(0, +)]
            return Matrix(
                1, 1,
                [sums.reduce(0) { $0 + BinomialPriorOperation.loss($1, of: 6, prior: 0.2) / 2 }])
        }.verify("prior")
        #expect(abs(digamma(1) + 0.5772156649015329) < 1e-9)
        #expect(abs(digamma(0.5) + 1.9635100260214235) < 1e-9)
    }

    @Test func predictorsLearnTheirTargets() throws {
        var random = CounterRandom(seed: 9)
        let targets: [Double] = [1, 0, 0, 1, 1]
        try OperationCheck(inputs: [.random(5, 1, &random)]) { graph, x in
            let given = graph.given(rows: 5, columns: 1, name: "targets")
            graph.append(FillValues(y: given, values: targets))
            return graph.binaryCrossEntropy(x[0], targets: given)
        } reference: { x in
            let losses = zip(x[0].values, targets).map { z, y in
                -(y * log(1 / (1 + exp(-z))) + (1 - y) * log(1 - 1 / (1 + exp(-z))))
            }
            return Matrix(1, 1, [losses.reduce(0, +) / 5])
        }.verify("binary cross-entropy")
    }

    /// Entropies of 2, 1, 3, 2.5, 3.5 | 1, 2, 3, 0, 1 "bits": spikes exceed both before them.
    @Test func spikesRiseAboveTwo() throws {
        let machine = try TrainingMachine(threads: 1)
        let graph = Graph()
        let logits = graph.given(rows: 10, columns: 2, name: "logits")
        let spikes = graph.entropySpikes(logits, length: 5)
        let run = try GraphRun(graph, machine, isTraining: false)
        // A smaller difference of two logits means more entropy.
        for (row, level) in [2, 1, 3, 2.5, 3.5, 1, 2, 3, 0, 1].enumerated() {
            run[logits][2 * row] = 4 - Float(level)
            run[logits][2 * row + 1] = 0
        }
        run.forward()
        #expect((0..<10).map { run[spikes][$0] } == [0, 0, 1, 0, 1, 0, 0, 1, 0, 0])
    }
}

/// Fills a given value in forward.
struct FillValues: MartletTraining.Operation {
    let y: Value
    let values: [Double]
    var name: String { "fill" }
    var inputs: [Value] { [] }
    var outputs: [Value] { [] }
    var kept: [Value] { [] }
    func forward(_ run: GraphRun) {
        for (place, value) in values.enumerated() { run[y][place] = Float(value) }
    }
    func backward(_ run: GraphRun) {}
}
