/// Small vector operations that several compressors share.

import Foundation

extension UnsafeBufferPointer<Float> {
    /// Euclidean norm, with the bits of ``Swift/Array/norms(of:)``.
    var norm: Float {
        var sum: Float = 0
        for value in self { sum += value * value }
        return sum.squareRoot()
    }
}

extension [Float] {
    /// Euclidean norms of consecutive vectors of `dimension` values.
    func norms(of dimension: Int) -> [Float] {
        (0..<count / dimension).map { index in
            var sum: Float = 0
            for i in index * dimension..<(index + 1) * dimension { sum += self[i] * self[i] }
            return sum.squareRoot()
        }
    }

    /// Replaces the values by their softmax.
    mutating func softmax() {
        let largest = self.max() ?? 0
        var sum: Float = 0
        for index in indices {
            self[index] = exp(self[index] - largest)
            sum += self[index]
        }
        for index in indices { self[index] /= sum }
    }
}
