/// Which problems may be trained on; knows fingerprints, not tasks.

/// The two halves of every task's problems.
///
/// A problem belongs to a split by what it says, not by the seed that drew it: a hash of its
/// content decides, so no choice of seeds can show a held-out problem to a training run. About one
/// problem in eight is held out.
public enum TaskSplit: String, Sendable, Hashable, CaseIterable {
    /// Problems to train on.
    case training
    /// Problems to measure with.
    case heldOut

    /// The split of the problem with this ``TaskSample/fingerprint``.
    public init(fingerprint: UInt64) {
        self = fingerprint >> 61 == 0 ? .heldOut : .training
    }

    /// The hash of a problem's content. `content` must be the same for all spellings of a problem
    /// (3+4 and 4+3), or one spelling would give away the answer to the other.
    static func fingerprint(family: String, content: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for part in [family, content] {
            for byte in part.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
            hash = (hash ^ 0xFF) &* 0x0000_0100_0000_01B3
        }
        // FNV's high bits depend too little on the last bytes; the split is read from them.
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return hash ^ (hash >> 31)
    }
}
