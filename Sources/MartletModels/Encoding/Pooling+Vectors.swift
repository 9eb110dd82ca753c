// Vectors of tokens to the vector of a text.

extension Pooling {
    /// Whether it reads the last token alone.
    package var readsLastOnly: Bool { self == .last }

    /// The vector of a text of at least one token. Sums ascend over the tokens, in double precision.
    package func pooled(_ vectors: UnsafeBufferPointer<Float>, width: Int) -> [Float] {
        let count = vectors.count / width
        precondition(count > 0, "Pooling: no tokens")
        switch self {
        case .cls: return Array(vectors[..<width])
        case .last: return Array(vectors[((count - 1) * width)...])
        case .max:
            var result = Array(vectors[..<width])
            result.withUnsafeMutableBufferPointer { result in
                for row in 1..<Swift.max(1, count) {
                    for channel in 0..<width {
                        result[channel] = Swift.max(result[channel], vectors[row * width + channel])
                    }
                }
            }
            return result
        case .mean, .meanSqrtLength, .weightedMean:
            var sums = [Double](repeating: 0, count: width)
            let isWeighted = self == .weightedMean
            sums.withUnsafeMutableBufferPointer { sums in
                for row in 0..<count {
                    let weight = isWeighted ? Double(row + 1) : 1
                    for channel in 0..<width {
                        sums[channel] += weight * Double(vectors[row * width + channel])
                    }
                }
            }
            let total = Double(count)
            let divisor =
                switch self {
                case .meanSqrtLength: total.squareRoot()
                case .weightedMean: total * (total + 1) / 2
                default: total
                }
            return sums.map { Float($0 / divisor) }
        }
    }
}
