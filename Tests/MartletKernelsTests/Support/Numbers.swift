// Random vectors and comparisons that the kernel tests share.

import Foundation
import MartletKernels

/// Sizes around the edges of lanes, blocks and tiles.
let awkwardCounts = [1, 2, 15, 16, 17, 31, 32, 33, 64, 65, 100, 1000]

/// Largest |got - expected|; NaN counts as infinite.
func worstError(_ got: some Sequence<Float>, _ expected: some Sequence<Double>) -> Double {
    var worst = 0.0
    for (a, b) in zip(got, expected) {
        let error = abs(Double(a) - b)
        worst = error <= worst ? worst : error.isNaN ? .infinity : error
    }
    return worst
}

/// Whether `count` floats have the same bits.
func sameBits(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Bool {
    memcmp(a, b, count * 4) == 0
}

func sameBits(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && memcmp(a, b, a.count * 4) == 0
}
