// A division of the training data itself.

/// The part of the training data that a source gives. Held-out data is not divided.
enum TrainingPart: Sendable {
    /// All of it.
    case all
    /// One example in five, or the last fifth of a text.
    case fifth
    /// What ``fifth`` leaves.
    case remainder

    /// Whether a problem with this fingerprint belongs to the part. The split reads the highest bits, so the two
    /// do not depend on each other.
    func contains(fingerprint: UInt64) -> Bool {
        switch self {
        case .all: true
        case .fifth: fingerprint % 5 == 0
        case .remainder: fingerprint % 5 != 0
        }
    }

    /// The part of a text of `count` tokens.
    func range(of count: Int) -> Range<Int> {
        let cut = count - count / 5
        switch self {
        case .all: return 0..<count
        case .fifth: return cut..<count
        case .remainder: return 0..<cut
        }
    }
}
