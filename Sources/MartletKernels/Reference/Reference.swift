// The plain definition of every kernel, which the tests hold the C code against.

/// The scalar twin of each kernel: one obvious loop per formula, in Swift, with sums in `Double`.
///
/// Nothing here calls C, is fast, or runs outside tests. A kernel and its twin share only the
/// documented layouts and formulas, so a mistake in one does not hide in the other.
package enum Reference {}
