/// What a GGUF file says of its tokenizer.

import MartletFormats
import MartletTokenizers

extension TokenizerMetadata {
    /// The keys `tokenizer.ggml.…` of a file; nil when it has no tokenizer.
    init?(_ file: GGUFFile) {
        func key(_ name: String) -> GGUFValue? { file["tokenizer.ggml." + name] }
        func id(_ name: String) -> Int? { key(name + "_token_id")?.int }
        guard let kind = key("model")?.text, kind != "none", kind != "no_vocab",
            let tokens = key("tokens")?.array?.strings()
        else { return nil }
        self.init(source: file.file.path, kind: kind, tokens: tokens)
        preTokenizer = key("pre")?.text
        scores = key("scores")?.array?.floats() ?? []
        types = (key("token_type")?.array?.integers() ?? []).map { Int32(clamping: $0) }
        merges = key("merges")?.array?.strings() ?? []
        (bos, eos) = (id("bos"), id("eos"))
        (endOfTurn, endOfMessage) = (id("eot"), id("eom"))
        (unknown, padding, mask) = (id("unknown"), id("padding"), id("mask"))
        // Files spell it so.
        separator = id("seperator")
        classification = id("cls")
        addsBos = key("add_bos_token")?.bool
        addsEos = key("add_eos_token")?.bool
        addsSeparator = key("add_sep_token")?.bool
        prefixesSpace = key("add_space_prefix")?.bool
        removesExtraWhitespace = key("remove_extra_whitespaces")?.bool
        lowercases = key("normalizer.lowercase")?.bool
        stripsAccents = key("normalizer.strip_accents")?.bool
        charsmap = (key("precompiled_charsmap")?.array?.integers() ?? []).map {
            UInt8(truncatingIfNeeded: $0)
        }
    }
}

extension TokenizerMetadata {
    /// The same as keys to write.
    var keys: [(key: String, value: GGUFValueToWrite)] {
        var keys: [(key: String, value: GGUFValueToWrite)] = []
        func add(_ name: String, _ value: GGUFValueToWrite?) {
            if let value { keys.append(("tokenizer.ggml." + name, value)) }
        }
        func id(_ id: Int?) -> GGUFValueToWrite? { id.map { .uint32(UInt32(clamping: $0)) } }
        add("model", .string(kind))
        add("pre", preTokenizer.map { .string($0) })
        add("tokens", .strings(tokens))
        if !scores.isEmpty { add("scores", .floats(scores)) }
        if !types.isEmpty { add("token_type", .integers(types)) }
        // Readers want the list of byte pairs even where there are none.
        if !merges.isEmpty || (preTokenizer != nil && scores.isEmpty) {
            add("merges", .strings(merges))
        }
        for (name, value) in [
            ("bos", bos), ("eos", eos), ("eot", endOfTurn), ("eom", endOfMessage),
            ("unknown", unknown), ("padding", padding), ("seperator", separator),
            ("cls", classification), ("mask", mask),
        ] { add(name + "_token_id", id(value)) }
        for (name, value) in [
            ("add_bos_token", addsBos), ("add_eos_token", addsEos),
            ("add_sep_token", addsSeparator), ("add_space_prefix", prefixesSpace),
            ("remove_extra_whitespaces", removesExtraWhitespace),
            ("normalizer.lowercase", lowercases), ("normalizer.strip_accents", stripsAccents),
        ] { add(name, value.map { .bool($0) }) }
        if !charsmap.isEmpty { add("precompiled_charsmap", .bytes(charsmap)) }
        return keys
    }
}
