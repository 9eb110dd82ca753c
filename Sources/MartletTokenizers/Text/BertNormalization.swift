// What BERT's tokenizers do to a text before they cut it.

/// The steps of `BertNormalizer`, each of which may be off.
struct BertNormalization: Sendable, Equatable {
    /// Control characters go, white space becomes spaces.
    var cleansText = true
    /// Spaces around CJK ideographs.
    var isolatesIdeographs = true
    /// Marks go.
    var stripsAccents = true
    var lowercases = true

    /// What `StripAccents` takes out, and what `strip_accents` does.
    static let accents = ScalarSet(UnicodeRanges.accents)
    private static let marks = ScalarSet(UnicodeRanges.bertAccents)
    private static let cleaned = ScalarSet(UnicodeRanges.cleaned)

    /// The ideographs: those of the reference implementation, which misses U+2B820 to U+2B91F.
    private static func isIdeograph(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF,
            0x2A700...0x2B81F, 0x2B920...0x2CEAF, 0x2F800...0x2FA1F:
            true
        default: false
        }
    }

    func apply(_ text: ClassifiedText) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count + 16)
        var hasOthers = false
        var position = 0
        while position < text.count {
            let byte = text.base[position]
            if byte < 0x80 {
                position &+= 1
                switch byte {
                case 0x09, 0x0A, 0x0D: result.append(cleansText ? 0x20 : byte)
                case 0x00...0x1F, 0x7F: if !cleansText { result.append(byte) }
                case 0x41...0x5A: result.append(lowercases ? byte | 0x20 : byte)
                default: result.append(byte)
                }
                continue
            }
            let (scalar, length) = text.scalar(at: position)
            hasOthers = true
            if cleansText, BertNormalization.cleaned.contains(scalar) {
            } else if cleansText,
                text.character(at: position).bits & CharacterClass.space != 0
            {
                result.append(0x20)
            } else if isolatesIdeographs, BertNormalization.isIdeograph(scalar) {
                result.append(0x20)
                text.append(position, length, to: &result)
                result.append(0x20)
            } else {
                text.append(position, length, to: &result)
            }
            position &+= length
        }
        guard hasOthers else { return result }
        if stripsAccents {
            result = NormalizationStep.apply([.form(.decomposed)], to: result)
            result =
                result.withUnsafeBufferPointer { buffer in
                    buffer.baseAddress.flatMap {
                        ClassifiedText(base: $0, count: buffer.count, classes: text.classes)
                            .without(BertNormalization.marks)
                    }
                } ?? result
        }
        if lowercases { result = NormalizationStep.apply([.lowercase], to: result) }
        return result
    }
}
