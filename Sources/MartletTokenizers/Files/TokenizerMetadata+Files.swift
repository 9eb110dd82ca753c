// A model's tokenizer files as metadata, for writing a GGUF file.

extension TokenizerMetadata {
    /// Reads the tokenizer of a model's files as metadata that make the same one.
    ///
    /// - Throws: `TokenizerError.unsupported` for a tokenizer that the metadata have no words for, and what
    ///   ``Tokenizer/load(_:)`` throws.
    public init(of files: TokenizerFiles) throws(TokenizerError) {
        let read = try Tokenizer.definition(of: files)
        let definition = read.definition
        let model = try TokenizerModel(definition, read.config, eosTokens: read.eos)
        func refuse(_ feature: String) -> TokenizerError {
            .unsupported(
                file: definition.file, feature: feature,
                supported:
                    "byte-level BPE with a published pre-tokenizer, and SentencePiece's BPE, in GGUF"
            )
        }
        guard case .pairs = definition.model else { throw refuse("an algorithm other than BPE") }
        let isByte: (ArraySlice<UInt8>) -> Bool = {
            $0.count == 6 && $0.starts(with: "<0x".utf8) && $0.last == UInt8(ascii: ">")
        }
        // Ids that no token has are written as padding, as converters do.
        let last = (definition.entries.map(\.id) + model.addedTokens.map { Int($0.id) }).max() ?? -1
        var tokens = (0...max(0, last)).map { ArraySlice("[PAD\($0)]".utf8) }
        var types = [Int32](repeating: 5, count: tokens.count)
        for entry in definition.entries where tokens.indices.contains(entry.id) {
            tokens[entry.id] = entry.text
            types[entry.id] = definition.byteFallback && isByte(entry.text) ? 6 : 1
        }
        for token in model.addedTokens where tokens.indices.contains(Int(token.id)) {
            tokens[Int(token.id)] = ArraySlice(token.content.utf8)
            types[Int(token.id)] = token.special ? 3 : 4
        }
        switch definition.merges {
        case .pairs(let pairs):
            guard definition.byteLevel else {
                throw refuse("BPE that is neither of bytes nor scored")
            }
            // `Digits` asks another edition of Unicode what a number is; names know the class alone.
            let digits = PreTokenizer.Step.split(.runs(.one(CharacterClass.numeric)))
            let numbers = WordExpression(#"\p{N}"#).map { PreTokenizer.Step.split($0) }
            let steps = model.preTokenizer.steps.filter { $0 != .prefixSpace && $0 != .spell }
                .map { $0 == digits ? numbers ?? $0 : $0 }
            guard
                let entry = PreTokenizerNames.all.first(where: {
                    $0.byteLevel && $0.steps == steps
                        && $0.ignoresMerges == definition.ignoresMerges
                }), let name = entry.names.first
            else { throw refuse("a pre-tokenizer that GGUF has no name for") }
            self.init(source: definition.file, kind: "gpt2", tokens: tokens)
            preTokenizer = name
            merges = pairs.map { $0.left + [0x20] + $0.right }
            prefixesSpace = model.preTokenizer.steps.contains(.prefixSpace)
        case .scores(let given):
            self.init(source: definition.file, kind: "llama", tokens: tokens)
            scores = tokens.indices.map { given[Int32($0)] ?? 0 }
            let mark = TokenizerDefinition.metaspaceBytes
            prefixesSpace = definition.normalization.contains(.prepend(mark))
            let name = definition.unknownToken.map { Array($0.utf8) }
            if let id = tokens.firstIndex(where: { Array($0) == name }) {
                unknown = id
                types[id] = 2
            }
        }
        self.types = types
        bos = model.bos.map(Int.init)
        eos = model.eos.first.map(Int.init)
        addsBos = model.bos.map { model.prefix.contains($0) } ?? false
        addsEos = !model.suffix.isEmpty
    }
}
