/// How fast a machine multiplies, as output says it.

import MartletKernels

/// The most multiplications of one kind that a machine makes in a second, each with its addition.
package struct MultiplicationRate: Sendable, Hashable {
    /// What is multiplied: `floats`, `pairs` of 16-bit integers or `bytes`.
    package let kind: String
    /// Multiplications a second of all threads together.
    package let perSecond: Double

    static func all(of peak: ArithmeticPeak) -> [MultiplicationRate] {
        ProductKind.allCases.compactMap { kind in
            peak.perSecond[kind].map { MultiplicationRate(kind: kind.rawValue, perSecond: $0) }
        }
    }
}
