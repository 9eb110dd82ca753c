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

    /// The members of an object of token to id; `place` is what errors call it.
    func tokenEntries(
        of object: JSONNode, place: String, file: String
    ) throws(TokenizerError) -> [(text: ArraySlice<UInt8>, id: Int)] {
        var entries: [(text: ArraySlice<UInt8>, id: Int)] = []
        entries.reserveCapacity(count(object))
        for (key, value) in members(object) {
            guard let id = integer(value), id >= 0, id < Vocabulary.idLimit else {
                throw .malformed(
                    file: file,
                    reason: "\(place) gives '\(Vocabulary.printable(key))' the id "
                        + "\(summary(value)), expected 0 to \(Vocabulary.idLimit - 1)")
            }
            entries.append((key, id))
        }
        return entries
    }
}
