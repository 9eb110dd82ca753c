// tokenizer_config.json: which class, which special tokens, what goes around a text.

import MartletJSON

/// The parts of `tokenizer_config.json` that change tokens.
struct TokenizerConfig {
    var tokenizerClass: String?
    var addsBos: Bool?
    var addsEos: Bool?
    var prefixesSpace: Bool?
    var bos: String?
    var eos: String?
    /// The named special tokens (bos, eos, unk, pad, additional), without ids.
    var specialTokens: [String] = []
    var addedTokens: [AddedToken] = []

    init() {}

    init(bytes: [UInt8], file: String) throws(TokenizerError) {
        let document = try JSONDocument(parsing: bytes, file: file)
        guard document.kind(document.root) == .object else {
            throw .malformed(
                file: file,
                reason: "it holds \(document.summary(document.root)), expected an object")
        }
        func member(_ key: String) -> JSONNode? { document.member(key, of: document.root) }
        func content(_ key: String) -> String? {
            let value = member(key)
            return document.string(value) ?? document.string(document.member("content", of: value))
        }
        tokenizerClass = document.string(member("tokenizer_class"))
        addsBos = document.bool(member("add_bos_token"))
        addsEos = document.bool(member("add_eos_token"))
        prefixesSpace = document.bool(member("add_prefix_space"))
        bos = content("bos_token")
        eos = content("eos_token")
        specialTokens = ["bos_token", "eos_token", "unk_token", "pad_token"].compactMap(content)
        for value in document.elements(member("additional_special_tokens")) {
            if let text = document.string(value)
                ?? document.string(document.member("content", of: value))
            {
                specialTokens.append(text)
            }
        }
        for (key, value) in document.members(member("added_tokens_decoder")) {
            let name = String(decoding: key, as: UTF8.self)
            guard let id = Int32(name), id >= 0, id < Vocabulary.idLimit else {
                throw .malformed(
                    file: file,
                    reason: "added_tokens_decoder has the id '\(name.prefix(40))', "
                        + "expected 0 to \(Vocabulary.idLimit - 1)")
            }
            addedTokens.append(
                try AddedToken(document, value, id: id, place: "added_tokens_decoder", file: file))
        }
        addedTokens.sort { $0.id < $1.id }
    }
}

extension AddedToken {
    /// Reads the fields that `tokenizer.json` and `tokenizer_config.json` share.
    init(_ document: JSONDocument, _ value: JSONNode, id: Int32, place: String, file: String)
        throws(TokenizerError)
    {
        guard let content = document.string(document.member("content", of: value)) else {
            throw .malformed(
                file: file,
                reason: "\(place) holds \(document.summary(value)) for id \(id), "
                    + "expected an object with a content string")
        }
        func flag(_ key: String) -> Bool {
            document.bool(document.member(key, of: value)) ?? false
        }
        self.init(
            id: id, content: content, singleWord: flag("single_word"), stripsLeft: flag("lstrip"),
            stripsRight: flag("rstrip"), normalized: flag("normalized"), special: flag("special"))
    }
}
