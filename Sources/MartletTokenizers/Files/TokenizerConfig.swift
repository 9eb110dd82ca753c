// tokenizer_config.json and the two files beside it: which class, which special tokens, what goes around a text.

import MartletJSON

/// The parts of `tokenizer_config.json` that change tokens, with those of the files from before it listed
/// added tokens: `special_tokens_map.json` and `added_tokens.json`.
///
/// What wins follows transformers: where `added_tokens_decoder` stands, it wins over the flags that
/// `tokenizer.json` gives a token, and the two older files are not read; else the names of
/// `special_tokens_map.json` win over those here, and `tokenizer.json` wins over `added_tokens.json`.
struct TokenizerConfig {
    var tokenizerClass: String?
    var addsBos: Bool?
    var addsEos: Bool?
    var prefixesSpace: Bool?
    var bos: String?
    var eos: String?
    /// The named special tokens (bos, eos, unk, pad, additional ones and so on) by the key that names them,
    /// with the flags that go with the name; their ids are not known here and are -1.
    private(set) var named: [(key: String, token: AddedToken)] = []
    private(set) var addedTokens: [AddedToken] = []
    /// `addedTokens` are those of `added_tokens_decoder`.
    private(set) var listsAddedTokens = false
    /// How errors call the configuration, and the file that `addedTokens` come from.
    private(set) var file = "tokenizer_config.json"
    private(set) var addedTokensFile = "tokenizer_config.json"

    private static let names = [
        "bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token",
    ]
    private static let lists = ["additional_special_tokens", "extra_special_tokens"]

    init() {}

    init(bytes: [UInt8], file: String) throws(TokenizerError) {
        self.file = file
        addedTokensFile = file
        let document = try TokenizerConfig.object(bytes, file)
        func member(_ key: String) -> JSONNode? { document.member(key, of: document.root) }
        tokenizerClass = document.string(member("tokenizer_class"))
        addsBos = document.bool(member("add_bos_token"))
        addsEos = document.bool(member("add_eos_token"))
        prefixesSpace = document.bool(member("add_prefix_space"))
        try readNames(document, file)
        listsAddedTokens = member("added_tokens_decoder") != nil
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

    /// Takes in `special_tokens_map.json`, whose names win.
    mutating func read(specialTokensMap bytes: [UInt8], file: String) throws(TokenizerError) {
        try readNames(try TokenizerConfig.object(bytes, file), file)
    }

    /// Takes in `added_tokens.json`, token to id. A token is special where it is named, and is looked for
    /// in normalised text where it is not.
    mutating func read(addedTokens bytes: [UInt8], file: String) throws(TokenizerError) {
        let document = try TokenizerConfig.object(bytes, file)
        addedTokensFile = file
        let entries = try document.tokenEntries(
            of: document.root, place: "it", file: file)
        for entry in entries {
            let content = String(decoding: entry.text, as: UTF8.self)
            let isNamed = isNamed(content)
            addedTokens.append(
                AddedToken(
                    id: Int32(entry.id), content: content, normalized: !isNamed, special: isNamed))
        }
        addedTokens.sort { $0.id < $1.id }
    }

    /// Whether a special token is spelled so.
    func isNamed(_ content: String) -> Bool {
        named.contains { $0.token.content.utf8.elementsEqual(content.utf8) }
    }

    /// Names a special token where the files do not.
    mutating func name(_ content: String, _ key: String) {
        guard !isNamed(content) else { return }
        named.append((key, AddedToken(id: -1, content: content, special: true)))
        for index in addedTokens.indices
        where !listsAddedTokens && addedTokens[index].content.utf8.elementsEqual(content.utf8) {
            addedTokens[index].special = true
            addedTokens[index].normalized = false
        }
    }

    /// Added tokens are looked for in the text as given, as where the normaliser belongs to the model's file.
    mutating func findAddedTokensAsWritten() {
        for index in addedTokens.indices { addedTokens[index].normalized = false }
        for index in named.indices { named[index].token.normalized = false }
    }

    private static func object(_ bytes: [UInt8], _ file: String) throws(TokenizerError)
        -> JSONDocument
    {
        let document = try JSONDocument(parsing: bytes, file: file)
        guard document.kind(document.root) == .object else {
            throw .malformed(
                file: file,
                reason: "it holds \(document.summary(document.root)), expected an object")
        }
        return document
    }

    private mutating func readNames(_ document: JSONDocument, _ file: String)
        throws(TokenizerError)
    {
        func member(_ key: String) -> JSONNode? { document.member(key, of: document.root) }
        func token(_ value: JSONNode?, _ key: String) throws(TokenizerError) -> AddedToken? {
            if let text = document.string(value) {
                return AddedToken(id: -1, content: text, special: true)
            }
            guard let value, document.kind(value) == .object else { return nil }
            var token = try AddedToken(document, value, id: -1, place: key, file: file)
            token.special = true
            return token
        }
        for key in TokenizerConfig.names {
            guard let token = try token(member(key), key) else { continue }
            named.removeAll { $0.key == key }
            named.append((key, token))
            if key == "bos_token" { bos = token.content }
            if key == "eos_token" { eos = token.content }
        }
        for key in TokenizerConfig.lists {
            guard let list = member(key) else { continue }
            let values =
                document.kind(list) == .object
                ? document.members(list).map(\.value) : Array(document.elements(list))
            for value in values {
                guard let token = try token(value, key), !isNamed(token.content) else { continue }
                named.append((key, token))
            }
        }
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
                reason:
                    "\(place) holds \(document.summary(value))\(id < 0 ? "" : " for id \(id)"), "
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
