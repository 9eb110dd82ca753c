/// Shifts, groups and attention between resolutions.

import Foundation
import MartletKernels
import Testing

@testable import MartletCharacterModels
@testable import MartletTraining

@Suite struct HierarchyResamplingTests {
    @Test func shiftsStayInTheirSequences() throws {
        var random = CounterRandom(seed: 1)
        try OperationCheck(inputs: [.random(8, 3, &random)]) { graph, x in
            graph.shift(x[0], by: 2, length: 4)
        } reference: { x in
            var y = Matrix(8, 3)
            for row in 0..<8 where row % 4 >= 2 {
                for column in 0..<3 { y[row, column] = x[0][row - 2, column] }
            }
            return y
        }.verify("shift")
    }

    @Test func groupsAreAveragedAndRepeated() throws {
        var random = CounterRandom(seed: 2)
        try OperationCheck(inputs: [.random(6, 3, &random)]) { graph, x in
            graph.averagePool(x[0], factor: 3)
        } reference: { x in
            var y = Matrix(2, 3)
            for row in 0..<6 { for c in 0..<3 { y[row / 3, c] += x[0][row, c] / 3 } }
            return y
        }.verify("average")
        try OperationCheck(inputs: [.random(2, 3, &random)]) { graph, x in
            graph.repeatRows(x[0], factor: 3)
        } reference: { x in
            var y = Matrix(6, 3)
            for row in 0..<6 { for c in 0..<3 { y[row, c] = x[0][row / 3, c] } }
            return y
        }.verify("repeat")
    }

    @Test func groupsAreMappedLinearly() throws {
        var random = CounterRandom(seed: 3)
        try OperationCheck(
            inputs: [.random(6, 4, &random), .random(4, 12, &random), .random(1, 4, &random)]
        ) { graph, x in
            graph.linearPool(x[0], x[1], bias: x[2], factor: 3)
        } reference: { x in
            var y = Matrix(2, 4)
            for row in 0..<2 {
                for c in 0..<4 {
                    y[row, c] = x[2][0, c]
                    for i in 0..<12 { y[row, c] += x[1][c, i] * x[0].values[row * 12 + i] }
                }
            }
            return y
        }.verify("linear pool")
        try OperationCheck(
            inputs: [.random(2, 4, &random), .random(12, 4, &random), .random(1, 12, &random)]
        ) { graph, x in
            graph.linearSpread(x[0], x[1], bias: x[2], factor: 3)
        } reference: { x in
            var y = Matrix(6, 4)
            for row in 0..<2 {
                for c in 0..<12 {
                    var sum = x[2][0, c]
                    for i in 0..<4 { sum += x[1][c, i] * x[0][row, i] }
                    y.values[row * 12 + c] = sum
                }
            }
            return y
        }.verify("linear spread")
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let queries: Int
        let keys: Int
        var queryStride = 1
        var keyStride = 1
        var shift = 0
        var sequences = 2
        var testDescription: String {
            "\(queries) x \(keys), \(queryStride), \(keyStride), \(shift)"
        }
    }

    static let cases = [
        Case(queries: 5, keys: 5), Case(queries: 66, keys: 66, sequences: 1),
        Case(queries: 3, keys: 9, queryStride: 3, shift: 2),
        Case(queries: 8, keys: 2, keyStride: 4),
    ]

    /// Two heads of three channels; the long one has a second block of queries.
    @Test(arguments: cases)
    func attentionKnowsDistances(_ shape: Case) throws {
        var random = CounterRandom(seed: 4)
        let last = (shape.queries - 1) * shape.queryStride + shape.shift
        let places = RelativePlaces(
            queries: RowLayout(sequences: shape.sequences, length: shape.queries),
            keys: RowLayout(sequences: shape.sequences, length: shape.keys),
            queryStride: shape.queryStride,
            keyStride: shape.keyStride, shift: shape.shift)
        try OperationCheck(
            inputs: [
                .random(shape.sequences * shape.queries, 6, &random),
                .random(shape.sequences * shape.keys, 6, &random),
                .random(shape.sequences * shape.keys, 6, &random), .random(last + 1, 6, &random),
                .random(1, 6, &random), .random(1, 6, &random),
            ]
        ) { graph, x in
            graph.relativeAttention(
                RelativeInputs(
                    q: x[0], k: x[1], v: x[2], r: x[3], contentBias: x[4], placeBias: x[5]),
                heads: 2, places: places)
        } reference: { x in
            let ranges = (0..<shape.sequences).map { s in
                (
                    s * shape.queries..<(s + 1) * shape.queries,
                    s * shape.keys..<(s + 1) * shape.keys
                )
            }
            return relativeAttention(
                x, ranges, queryStride: shape.queryStride, keyStride: shape.keyStride,
                shift: shape.shift)
        }.verify("\(shape)", samples: 3)
    }
}

/// Two heads; sequences as rows of queries and of keys.
func relativeAttention(
    _ x: [Matrix], _ sequences: [(Range<Int>, Range<Int>)], queryStride: Int = 1,
    keyStride: Int = 1,
    shift: Int = 0
) -> Matrix {
    let dimension = x[0].columns / 2
    var y = Matrix(x[0].rows, x[0].columns)
    for (queries, keys) in sequences {
        for head in 0..<2 {
            let columns = head * dimension..<(head + 1) * dimension
            for (i, query) in queries.enumerated() {
                var weights: [Double] = []
                for (j, key) in keys.enumerated() {
                    let distance = i * queryStride + shift - j * keyStride
                    guard distance >= 0 else { break }
                    let row = x[3].rows - 1 - distance
                    var sum = 0.0
                    for c in columns {
                        sum += (x[0][query, c] + x[4][0, c]) * x[1][key, c]
                        sum += (x[0][query, c] + x[5][0, c]) * x[3][row, c]
                    }
                    weights.append(exp(sum / Double(dimension).squareRoot()))
                }
                let total = weights.reduce(0, +)
                for (j, weight) in weights.enumerated() {
                    for c in columns {
                        y[query, c] += weight / total * x[2][keys.lowerBound + j, c]
                    }
                }
            }
        }
    }
    return y
}
