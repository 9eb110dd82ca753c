// Whether a file of merges is whole.

extension BPEModel {
    /// Refuses merges that lack some: a token of two tokens is one that a merge makes.
    ///
    /// Left out are added tokens, and spellings in angle or square brackets, which are made by hand.
    func checkMerges(
        _ vocabulary: Vocabulary, added: [AddedToken], file: String
    ) throws(TokenizerError) {
        var isMade = [Bool](repeating: false, count: vocabulary.count)
        pairs.forEach { _, _, _, merged in isMade[Int(merged)] = true }
        for token in added where isMade.indices.contains(Int(token.id)) {
            isMade[Int(token.id)] = true
        }
        var first: (id: Int32, split: Int)?
        var missing = 0
        for id in 0..<Int32(vocabulary.count) {
            guard let text = vocabulary.bytes(of: id) else { continue }
            let isBracketed =
                text.first == UInt8(ascii: "<") && text.last == UInt8(ascii: ">")
                || text.first == UInt8(ascii: "[") && text.last == UInt8(ascii: "]")
            guard !isMade[Int(id)], !isBracketed else { continue }
            let split = text.indices.dropFirst().first {
                vocabulary.id(of: text[..<$0]) >= 0 && vocabulary.id(of: text[$0...]) >= 0
            }
            guard let split else { continue }
            missing += 1
            if first == nil { first = (id, split) }
        }
        guard let first, let text = vocabulary.bytes(of: first.id) else { return }
        throw .malformed(
            file: file,
            reason:
                "it has no merge that makes '\(Vocabulary.printable(text))' (id \(first.id)) of "
                + "'\(Vocabulary.printable(text[..<first.split]))' and "
                + "'\(Vocabulary.printable(text[first.split...]))' or other parts, nor one for "
                + "\(missing - 1) more of the vocabulary's tokens, expected one for each; it may have been "
                + "cut, fetch it again")
    }
}
