// vocab.json with merges.txt: the files from before tokenizer.json.

import MartletJSON

/// Reads `vocab.json` (token to id) and `merges.txt` (one pair a line, the first merges first).
enum MergesFile {
    /// The two tokens of a line, or nil when it does not have exactly one space between two.
    static func pair(_ line: ArraySlice<UInt8>) -> (
        left: ArraySlice<UInt8>, right: ArraySlice<UInt8>
    )? {
        guard let space = line.firstIndex(of: 0x20), space > line.startIndex,
            space + 1 < line.endIndex, !line[(space + 1)...].contains(0x20)
        else { return nil }
        return (line[..<space], line[(space + 1)...])
    }

    static func pairs(_ bytes: [UInt8], file: String) throws(TokenizerError)
        -> [(left: ArraySlice<UInt8>, right: ArraySlice<UInt8>)]
    {
        var result: [(left: ArraySlice<UInt8>, right: ArraySlice<UInt8>)] = []
        var number = 0
        for var line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            if line.last == 0x0D { line.removeLast() }
            if line.isEmpty || number == 1 && line.starts(with: "#version".utf8) { continue }
            guard let pair = pair(line) else {
                throw .malformed(
                    file: file,
                    reason: "line \(number) is '\(Vocabulary.printable(line))', "
                        + "expected two tokens with one space between them")
            }
            result.append(pair)
        }
        return result
    }

    static func definition(
        vocabulary: [UInt8], merges: [UInt8], scheme: Tokenizer.Scheme, vocabularyFile: String,
        mergesFile: String
    ) throws(TokenizerError) -> TokenizerDefinition {
        let document = try JSONDocument(parsing: vocabulary, file: vocabularyFile)
        guard document.kind(document.root) == .object else {
            throw .malformed(
                file: vocabularyFile,
                reason: "it holds \(document.summary(document.root)), "
                    + "expected an object of token to id")
        }
        var definition = TokenizerDefinition(file: vocabularyFile)
        definition.entries = try document.tokenEntries(
            of: document.root, place: "it", file: vocabularyFile)
        definition.merges = .pairs(try pairs(merges, file: mergesFile))
        definition.mergesFile = mergesFile
        definition.byteLevel = true
        definition.decoding.byteLevel = true
        switch scheme {
        case .gpt2:
            definition.preTokenizer = .gpt2
        case .qwen2:
            definition.preTokenizer = .words1
            definition.normalization = [.composed]
        case .llama3:
            definition.preTokenizer = .words3
            definition.ignoresMerges = true
        }
        return definition
    }
}
