// The JSON of tokenizer files, refused with the errors of this module.

import MartletJSON

extension JSONDocument {
    /// Parses a whole file, which may begin with a byte order mark; errors name the file and the byte offset.
    init(parsing bytes: [UInt8], file: String) throws(TokenizerError) {
        do throws(JSONError) {
            try self.init(bytes.span, file: file, allowsByteOrderMark: true)
        } catch {
            throw .malformed(
                file: file,
                reason: "its JSON breaks at byte \(error.offset): got \(error.got), expected "
                    + error.expected)
        }
    }
}
