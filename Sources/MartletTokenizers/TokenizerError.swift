// What can go wrong between text and tokens; one sentence each.

import MartletJSON

/// A tokenizer file that cannot be used, or input that has no tokens.
public enum TokenizerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A file or directory could not be read.
    case unreadable(file: String, reason: String)
    /// A file was read and its content is wrong; the reason names place, got and expected.
    case malformed(file: String, reason: String)
    /// A file asks for something this module does not do.
    case unsupported(file: String, feature: String, supported: String)
    /// A token id that the vocabulary does not have.
    case unknownToken(id: Int32, vocabularySize: Int)
    /// Bytes given as text are not UTF-8; the offset is that of the first wrong byte.
    case invalidUTF8(offset: Int)
    /// A character of a text has no token, nor have its bytes, and the vocabulary has none for the unknown.
    case missingToken(character: [UInt8])

    /// One sentence: what, where, got, expected, what to do.
    public var description: String {
        switch self {
        case .unreadable(let file, let reason):
            "Cannot read \(file): \(reason)."
        case .malformed(let file, let reason):
            "\(file) is not a usable tokenizer file: \(reason)."
        case .unsupported(let file, let feature, let supported):
            "\(file) uses \(excerpt(feature)), which is not supported; supported: \(supported)."
        case .unknownToken(let id, let size):
            "Token id \(id) is not in the vocabulary of \(size) tokens; "
                + "pass ids from 0 to \(size - 1) that this tokenizer produced."
        case .invalidUTF8(let offset):
            "The text is not valid UTF-8 at byte \(offset); convert it to UTF-8 first."
        case .missingToken(let character):
            "The vocabulary has no token for '\(String(decoding: character, as: UTF8.self))' (bytes "
                + character.map { String($0, radix: 16) }.joined(separator: " ")
                + "); leave it out of the text, or use a model whose vocabulary has it."
        }
    }
}
