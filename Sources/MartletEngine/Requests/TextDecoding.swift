/// From tokens to text, as little of it as the loop needs for streaming and stop strings.

/// Turns one chain's tokens into text as they come.
///
/// A piece never ends inside a character: bytes of an incomplete one are kept for the next piece.
package protocol TextDecoding: Sendable {
    /// Takes the next token and returns the text that is now complete, possibly none.
    mutating func append(_ token: Int32) -> String
    /// Returns what is left when no token follows, with incomplete characters replaced.
    mutating func finish() -> String
}
