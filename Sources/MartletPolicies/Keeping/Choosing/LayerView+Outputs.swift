// What the values of a layer become behind its output projection.

import MartletCache

/// How long a vector is.
enum VectorNorm: Sendable, Hashable {
    /// The sum of absolute values.
    case l1
    /// The root of the sum of squares.
    case l2
}

extension LayerView {
    /// Tokens that share a pass over the projection's rows.
    private static let block = 256

    /// Norms of what each token held by a KV head adds to the residual stream for a weight of 1,
    /// `[query head of the group][length]`. The projection's bias is no part of it. Needs
    /// ``PromptSignals/readsOutputs``.
    func outputNorms(_ head: Int, _ norm: VectorNorm) -> [[Float]] {
        guard let outputs else { preconditionFailure("LayerView: no output projection") }
        let values = values(head)
        let length = values.count / dimension
        var result = [[Float]](repeating: [Float](repeating: 0, count: length), count: group)
        var row = [Float](repeating: 0, count: headCount * group * dimension)
        // Lanes are tokens, so that a token's sums are in the order of dimensions and channels.
        var columns = [Float](repeating: 0, count: dimension * Self.block)
        var product = [Float](repeating: 0, count: Self.block)
        for first in stride(from: 0, to: length, by: Self.block) {
            let count = min(Self.block, length - first)
            for token in 0..<count {
                for i in 0..<dimension {
                    columns[i * Self.block + token] = values[(first + token) * dimension + i]
                }
            }
            for channel in 0..<outputs.channels {
                row.withUnsafeMutableBufferPointer {
                    outputs.read(layer: layer, channel: channel, into: $0)
                }
                for member in 0..<group {
                    let start = (head * group + member) * dimension
                    Self.multiply(row[start..<start + dimension], columns, into: &product)
                    result[member].withUnsafeMutableBufferPointer { sums in
                        for token in 0..<count {
                            let x = product[token]
                            sums[first + token] += norm == .l1 ? abs(x) : x * x
                        }
                    }
                }
            }
        }
        guard norm == .l2 else { return result }
        return result.map { $0.map { $0.squareRoot() } }
    }

    /// product[token] = the sum over i of row[i] times columns[i][token].
    private static func multiply(
        _ row: ArraySlice<Float>, _ columns: [Float], into product: inout [Float]
    ) {
        row.withUnsafeBufferPointer { row in
            columns.withUnsafeBufferPointer { columns in
                product.withUnsafeMutableBufferPointer { product in
                    guard let target = product.baseAddress, let source = columns.baseAddress else {
                        return
                    }
                    for token in 0..<block { target[token] = 0 }
                    for i in 0..<row.count {
                        let (factor, column) = (row[i], source + i * block)
                        for token in 0..<block { target[token] += factor * column[token] }
                    }
                }
            }
        }
    }
}
