// How a finished model's matrices are written.

/// The type of matrices in a finished model's file; vectors are always f32.
public enum StoredWeights: String, Sendable, CaseIterable {
    /// As they were trained.
    case f32
    /// Rounded to 16 bits.
    case bf16
    /// Integers with a scale for each block of 32 columns, which only Martlet reads.
    case q8
}
