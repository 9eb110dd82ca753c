// Tokens to text, all at once or as they come.

extension Tokenizer {
    /// The text of tokens; bytes that are not UTF-8 become U+FFFD.
    ///
    /// - Parameters:
    ///   - tokens: Ids, in order.
    ///   - skipSpecialTokens: Leave out tokens that mark structure.
    /// - Throws: `TokenizerError.unknownToken` for the first id without a token. A model may have
    ///   more output rows than its tokenizer has tokens; `StreamDecoder` tolerates those.
    public func decode(_ tokens: [Int32], skipSpecialTokens: Bool = false)
        throws(TokenizerError) -> String
    {
        String(
            decoding: try decodeBytes(tokens, skipSpecialTokens: skipSpecialTokens), as: UTF8.self)
    }

    /// The output bytes of tokens, which may begin or end inside a character.
    ///
    /// - Throws: `TokenizerError.unknownToken` for the first id without a token.
    public func decodeBytes(_ tokens: [Int32], skipSpecialTokens: Bool = false)
        throws(TokenizerError) -> [UInt8]
    {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(tokens.count * 5)
        var progress = model.output.start()
        for id in tokens {
            guard model.output.contains(id) else {
                throw .unknownToken(id: id, vocabularySize: vocabularySize)
            }
            if skipSpecialTokens, model.output.isSpecial(id) { continue }
            model.output.append(id, to: &bytes, &progress)
        }
        return bytes
    }

    /// A decoder for tokens that arrive one by one.
    public func makeStreamDecoder(skipSpecialTokens: Bool = true) -> StreamDecoder {
        StreamDecoder(output: model.output, skipSpecialTokens: skipSpecialTokens)
    }
}

/// Turns tokens into text as they come, whole characters only.
///
/// The pieces joined are what `Tokenizer.decode` gives for all tokens at once.
public struct StreamDecoder: Sendable {
    private let output: OutputTable
    private let skipSpecialTokens: Bool
    private var progress: OutputTable.Progress
    /// At most three bytes of a character whose rest has not come yet.
    private var pending: [UInt8] = []

    init(output: OutputTable, skipSpecialTokens: Bool) {
        self.output = output
        self.skipSpecialTokens = skipSpecialTokens
        progress = output.start()
    }

    /// The text that this token completes; empty while a character is incomplete.
    ///
    /// An id without a token gives U+FFFD: a model may have more output rows than its tokenizer
    /// has tokens, and a stream must survive one being sampled.
    public mutating func append(_ id: Int32) -> String {
        if output.contains(id) {
            if skipSpecialTokens, output.isSpecial(id) { return "" }
            output.append(id, to: &pending, &progress)
        } else {
            pending.append(contentsOf: [0xEF, 0xBF, 0xBD])
        }
        let held = UTF8Text.incompleteSuffixLength(pending)
        let text = String(decoding: pending[..<(pending.count - held)], as: UTF8.self)
        pending.removeFirst(pending.count - held)
        return text
    }

    /// Ends the stream: U+FFFD when a character stayed incomplete, else nothing.
    public mutating func finish() -> String {
        defer {
            pending = []
            progress = output.start()
        }
        return String(decoding: pending, as: UTF8.self)
    }
}
