/// Text to tokens and back for every kind of model, those without a tokenizer included.

import Foundation
import MartletCache
import MartletEngine
package import MartletFormats
package import MartletTemplates
package import MartletTokenizers

/// How a model's text becomes tokens and back.
package enum TextCodec: Sendable {
    /// The tokenizer of the model's directory.
    case tokenizer(Tokenizer)
    /// A random model: a byte of the text is the token of that number, modulo the vocabulary, and a
    /// token prints as its number in angle brackets, because it means nothing.
    case bytes(vocabularySize: Int)
    /// A directory without tokenizer files: only token ids go in.
    case none(name: String)

    /// Reads the tokenizer that belongs to a model; a random model of an unknown vocabulary takes
    /// bytes as they are.
    package init(_ source: ModelSource, vocabularySize: Int = 256) throws(MartletError) {
        switch source {
        case .random: self = .bytes(vocabularySize: vocabularySize)
        case .gguf(let path):
            let file: GGUFFile
            do { file = try GGUFFile(path: path) } catch { throw MartletError(error) }
            try self.init(metadata: file)
        case .directory(let path):
            let files = TokenizerFiles(directory: path)
            guard files.isComplete else {
                self = .none(name: path)
                return
            }
            do { self = .tokenizer(try Tokenizer.load(files)) } catch { throw MartletError(error) }
        }
    }

    /// Reads the tokenizer of a model whose weights are open: of a GGUF file what is read already, else the files of `source`.
    package init(_ source: ModelSource, of checkpoint: Checkpoint) throws(MartletError) {
        if let metadata = checkpoint.metadata {
            try self.init(metadata: metadata)
        } else {
            try self.init(source)
        }
    }

    /// Reads the tokenizer that a GGUF file holds.
    private init(metadata file: GGUFFile) throws(MartletError) {
        guard let metadata = TokenizerMetadata(file) else {
            self = .none(name: file.file.path)
            return
        }
        do { self = .tokenizer(try Tokenizer(metadata: metadata)) } catch {
            throw MartletError(error)
        }
    }

    /// The codec of a model that need not be loaded. Throws `fileNotFound` when there is no directory.
    package init(directory name: String) throws(MartletError) {
        let source = try ModelSource(name)
        var isDirectory = ObjCBool(false)
        if case .directory(let path) = source {
            let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
            guard exists, isDirectory.boolValue else {
                throw MartletError(
                    code: .fileNotFound, subject: path,
                    message: "no model directory at \(path); give builtin, a directory in the "
                        + "Hugging Face layout, a GGUF file, or random:SHAPE")
            }
        }
        try self.init(source)
    }

    /// What it is, in words.
    var summary: String {
        switch self {
        case .tokenizer(let tokenizer):
            "\(tokenizer.kind), \(tokenizer.vocabularySize) tokens"
        case .bytes: "none: bytes are tokens"
        case .none: "none"
        }
    }

    /// The tokens of a text, with those that the model wants around it.
    package func encode(utf8 text: [UInt8]) throws(MartletError) -> [Int32] {
        switch self {
        case .tokenizer(let tokenizer):
            do { return try tokenizer.encode(utf8: text) } catch { throw MartletError(error) }
        case .bytes(let vocabularySize):
            return text.map { Int32(Int($0) % vocabularySize) }
        case .none(let name): throw .missingTokenizer(name)
        }
    }

    /// The same of a text that begins with one that is encoded already, which need not be encoded again.
    func encode(utf8 text: [UInt8], continuing earlier: EncodedText) throws(MartletError) -> [Int32]
    {
        switch self {
        case .tokenizer(let tokenizer):
            do { return try tokenizer.encode(utf8: text, continuing: earlier) } catch {
                throw MartletError(error)
            }
        case .bytes, .none:
            // A byte is a token, or nothing is one.
            return try encode(utf8: text)
        }
    }

    /// The tokens of a prompt. What came from the conversation holds no special tokens, whatever it spells.
    package func encode(_ prompt: RenderedPrompt) throws(MartletError) -> [Int32] {
        guard case .tokenizer(let tokenizer) = self else {
            return try encode(utf8: Array(prompt.text.utf8))
        }
        var bytes: [UInt8] = []
        var literal: [Range<Int>] = []
        for segment in prompt.segments {
            let start = bytes.count
            bytes += segment.text.utf8
            if segment.fromInput { literal.append(start..<bytes.count) }
        }
        do { return try tokenizer.encode(utf8: bytes, literal: literal) } catch {
            throw MartletError(error)
        }
    }

    /// The tokenizer; throws where there is none.
    package func requireTokenizer() throws(MartletError) -> Tokenizer {
        switch self {
        case .tokenizer(let tokenizer): return tokenizer
        case .bytes: throw .missingTokenizer("a random model")
        case .none(let name): throw .missingTokenizer(name)
        }
    }

    /// A decoder of an answer that shows special tokens, which tell its parts; nil where the text of a token is its number.
    func makeAnswerDecoder() -> StreamDecoder? {
        guard case .tokenizer(let tokenizer) = self else { return nil }
        var decoder = tokenizer.makeStreamDecoder(skipSpecialTokens: false)
        if let primer = tokenizer.encode("a", addSpecialTokens: false).last {
            _ = decoder.append(primer)
        }
        return decoder
    }

    /// Whether a token marks structure, and is left out of the text of answers.
    func isSpecial(_ token: Int32) -> Bool {
        if case .tokenizer(let tokenizer) = self { tokenizer.isSpecial(token) } else { false }
    }

    /// The text of tokens.
    package func decode(_ tokens: [Int32]) throws(MartletError) -> String {
        switch self {
        case .tokenizer(let tokenizer):
            do { return try tokenizer.decode(tokens, skipSpecialTokens: true) } catch {
                throw MartletError(error)
            }
        case .bytes: return tokens.map { "<\($0)>" }.joined()
        case .none(let name): throw .missingTokenizer(name)
        }
    }

    /// The text that each token adds to those before it, for showing; what is no text prints as a number.
    package func pieces(_ tokens: [Int32]) -> [String] {
        guard case .tokenizer(let tokenizer) = self else { return tokens.map { "<\($0)>" } }
        func text(_ ids: [Int32]) -> String {
            (try? tokenizer.decode(ids, skipSpecialTokens: false)) ?? ""
        }
        return tokens.indices.map { index in
            guard index > 0 else { return text([tokens[index]]) }
            // A token's space may depend on there being one before it.
            let before = text([tokens[index - 1]])
            let both = text([tokens[index - 1], tokens[index]])
            return both.hasPrefix(before)
                ? String(both.dropFirst(before.count)) : text([tokens[index]])
        }
    }

    /// Tokens that end a sentence: those whose text ends in a full stop, a question or exclamation mark,
    /// a semicolon or a line break. Of a random model the bytes of the same characters.
    func sentenceTokens(vocabularySize: Int) -> Set<Int32> {
        let ends = ".?!;\n。！？；…"
        switch self {
        case .bytes: return Set(ends.utf8.filter { $0 < 128 }.map { Int32($0) })
        case .none: return []
        case .tokenizer(let tokenizer):
            return Set(
                (0..<Int32(vocabularySize)).filter { id in
                    guard let text = try? tokenizer.decode([id], skipSpecialTokens: true) else {
                        return false
                    }
                    let last = text.last { $0 != " " && $0 != "\"" && $0 != "'" && $0 != ")" }
                    return last.map { ends.contains($0) || $0.isNewline } ?? false
                })
        }
    }

    /// Tokens that ask for a text to be said again, in KVzip's words; none for a random model.
    var repeatInstruction: RepeatInstruction {
        guard case .tokenizer(let tokenizer) = self else { return RepeatInstruction() }
        func tokens(_ text: String) -> [Int32] { tokenizer.encode(text, addSpecialTokens: false) }
        return RepeatInstruction(
            first: tokens("\n\nRepeat the previous context exactly."),
            later: tokens("\n\nRepeat the part of the previous context exactly, starting with"),
            suffix: tokens("\n"))
    }

    /// Tokens that end a text, besides those of the model's configuration.
    var endTokens: [Int32] {
        if case .tokenizer(let tokenizer) = self { tokenizer.eosTokens } else { [] }
    }

    /// Makes decoders for text that continues other text.
    ///
    /// Some tokenizers drop the space of a text's very first token. A completion is not the start of
    /// a text, so each decoder is given one token whose text is thrown away.
    var makeContinuationDecoder: @Sendable () -> any TextDecoding {
        guard case .tokenizer(let tokenizer) = self else { return { TokenNumbers() } }
        var start = tokenizer.makeStreamDecoder()
        if let primer = tokenizer.encode("a", addSpecialTokens: false).last {
            _ = start.append(primer)
        }
        return { [start] in start }
    }
}

/// Prints tokens as numbers: what there is to say of a model without a tokenizer.
struct TokenNumbers: TextDecoding {
    mutating func append(_ token: Int32) -> String { "<\(token)>" }
    mutating func finish() -> String { "" }
}
