// The greedy choice.

extension Reference {
    /// Index of the largest value, the lowest on ties; nil when a value is NaN or there is none.
    package static func argmax(_ x: [Float]) -> Int? {
        guard var best = x.indices.first, !x.contains(where: \.isNaN) else { return nil }
        for i in x.indices where x[i] > x[best] { best = i }
        return best
    }
}
