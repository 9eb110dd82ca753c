// The bytes that each token stands for when tokens become text.

/// Output bytes of every token, decoded once at load.
struct OutputTable: Sendable {
    private enum Kind {
        static let absent: UInt8 = 0
        static let ordinary: UInt8 = 1
        static let special: UInt8 = 2
    }

    private var kinds: [UInt8]
    private var offsets: [Int32] = [0]
    private var text: [UInt8] = []
    /// For decoders of Metaspace and WordPiece: the first token's bytes, when they differ.
    private var firstText: [Int32: [UInt8]] = [:]
    let strippedSpaces: Int

    /// One more than the highest id.
    var count: Int { kinds.count }

    init(
        _ vocabulary: Vocabulary, _ added: [AddedToken], _ decoding: TokenizerDefinition.Decoding,
        normalization: [NormalizationStep]
    ) {
        strippedSpaces = decoding.strippedSpaces
        let count = max(vocabulary.count, added.map { Int($0.id) + 1 }.max() ?? 0)
        kinds = Array(repeating: Kind.absent, count: count)
        offsets.reserveCapacity(count + 1)
        text.reserveCapacity(vocabulary.text.count)
        let addedByID = Dictionary(
            added.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for id in 0..<Int32(count) {
            if let token = addedByID[id] {
                kinds[Int(id)] = token.special ? Kind.special : Kind.ordinary
                if decoding.byteFallback,
                    let byte = BPEModel.byte(ofToken: Array(token.content.utf8)[...])
                {
                    text.append(byte)
                } else if token.normalized, !decoding.byteLevel {
                    // The match included what normalisation added to the content, for instance a space.
                    let content = NormalizationStep.apply(
                        normalization, to: Array(token.content.utf8))
                    OutputTable.append(content[...], decoding.replacements, to: &text)
                } else if let spaces = decoding.spaces {
                    text.append(
                        contentsOf: OutputTable.spaced(Array(token.content.utf8)[...], spaces))
                    firstText[id] = OutputTable.cleanedUp(Array(token.content.utf8), spaces)
                } else {
                    text.append(contentsOf: token.content.utf8)
                }
            } else if let spelling = vocabulary.bytes(of: id) {
                kinds[Int(id)] = Kind.ordinary
                if decoding.byteLevel {
                    ByteAlphabet.appendBytes(of: spelling, to: &text)
                } else if decoding.byteFallback, let byte = BPEModel.byte(ofToken: spelling) {
                    text.append(byte)
                } else if let spaces = decoding.spaces {
                    text.append(contentsOf: OutputTable.spaced(spelling, spaces))
                    firstText[id] = OutputTable.cleanedUp(Array(spelling), spaces)
                } else {
                    let start = text.count
                    OutputTable.append(spelling, decoding.replacements, to: &text)
                    OutputTable.strip(&text, from: start, decoding.strips)
                    if decoding.dropsFirstMetaspace, text.count > start {
                        let bare = OutputTable.withoutMetaspace(spelling)
                        if bare.count < spelling.count { firstText[id] = bare }
                    }
                }
            }
            offsets.append(Int32(text.count))
        }
    }

    private static func append(
        _ spelling: ArraySlice<UInt8>, _ replacements: [NormalizationStep], to text: inout [UInt8]
    ) {
        guard !replacements.isEmpty else {
            text.append(contentsOf: spelling)
            return
        }
        var bytes = Array(spelling)
        for case .replace(let pattern, let replacement) in replacements {
            bytes =
                bytes.withUnsafeBufferPointer {
                    NormalizationStep.replacing(pattern, with: replacement, in: $0)
                } ?? bytes
        }
        text.append(contentsOf: bytes)
    }

    private static func strip(
        _ text: inout [UInt8], from start: Int, _ strips: [TokenizerDefinition.Decoding.Strip]
    ) {
        for strip in strips where !strip.content.isEmpty {
            for _ in 0..<strip.start where text[start...].starts(with: strip.content) {
                text.removeSubrange(start..<start + strip.content.count)
            }
            for _ in 0..<strip.stop
            where text.count - start >= strip.content.count
                && text.suffix(strip.content.count).elementsEqual(strip.content)
            { text.removeLast(strip.content.count) }
        }
    }

    /// A token after others: with a space, or without what pieces that go on begin with.
    private static func spaced(
        _ spelling: ArraySlice<UInt8>, _ spaces: TokenizerDefinition.Decoding.Spaces
    ) -> [UInt8] {
        let goesOn = !spaces.prefix.isEmpty && spelling.starts(with: spaces.prefix)
        return cleanedUp(
            goesOn ? Array(spelling.dropFirst(spaces.prefix.count)) : [0x20] + spelling, spaces)
    }

    /// What the clean-up of `tokenizers` replaces in a token, in its order.
    private static let cleanUps: [(from: [UInt8], to: [UInt8])] = [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
        (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ].map { (Array($0.0.utf8), Array($0.1.utf8)) }

    private static func cleanedUp(
        _ text: [UInt8], _ spaces: TokenizerDefinition.Decoding.Spaces
    ) -> [UInt8] {
        guard spaces.cleansUp else { return text }
        return cleanUps.reduce(text) { text, pair in
            text.withUnsafeBufferPointer {
                NormalizationStep.replacing(pair.from, with: pair.to, in: $0)
            } ?? text
        }
    }

    private static func withoutMetaspace(_ spelling: ArraySlice<UInt8>) -> [UInt8] {
        let bytes = Array(spelling)
        return bytes.withUnsafeBufferPointer {
            NormalizationStep.replacing(TokenizerDefinition.metaspaceBytes, with: [], in: $0)
        } ?? bytes
    }

    func contains(_ id: Int32) -> Bool {
        id >= 0 && Int(id) < kinds.count && kinds[Int(id)] != Kind.absent
    }

    func isSpecial(_ id: Int32) -> Bool { contains(id) && kinds[Int(id)] == Kind.special }

    /// The bytes of a token that `contains`.
    func bytes(of id: Int32) -> ArraySlice<UInt8> {
        text[Int(offsets[Int(id)])..<Int(offsets[Int(id) + 1])]
    }

    /// How much of the start of an output has been seen: what its leading space depends on.
    struct Progress: Sendable {
        var spacesToStrip: Int
        var isFirst = true
    }

    func start() -> Progress { Progress(spacesToStrip: strippedSpaces) }

    /// Appends a token that `contains` to an output in progress.
    func append(_ id: Int32, to output: inout [UInt8], _ progress: inout Progress) {
        if progress.isFirst, let bare = firstText[id] {
            progress.isFirst = false
            output.append(contentsOf: bare)
            return
        }
        progress.isFirst = false
        var bytes = bytes(of: id)
        while progress.spacesToStrip > 0, let first = bytes.first {
            if first == 0x20 {
                bytes.removeFirst()
                progress.spacesToStrip -= 1
            } else {
                progress.spacesToStrip = 0
            }
        }
        output.append(contentsOf: bytes)
    }
}
