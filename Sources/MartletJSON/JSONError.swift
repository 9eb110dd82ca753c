/// What is wrong with a text that is not JSON.

/// Why a text was not read as JSON: the place, what stands there, and what was expected.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name of the text.
    public let file: String
    /// The byte, counted from the beginning of the text.
    public let offset: Int
    /// What stands there.
    public let got: String
    /// What was expected.
    public let expected: String

    /// Describes an error.
    public init(file: String, offset: Int, got: String, expected: String) {
        self.file = file
        self.offset = offset
        self.got = got
        self.expected = expected
    }

    /// What, where, got, expected and what to do, in one sentence.
    public var description: String {
        "\(printable(file)) is not valid JSON at byte \(offset), got \(got), expected "
            + "\(expected): correct the text or download the file again"
    }
}
