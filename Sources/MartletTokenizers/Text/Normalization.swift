// What happens to text before it is cut into words.

/// One step of a normaliser, on UTF-8.
enum NormalizationStep: Sendable, Equatable {
    /// A normal form of Unicode.
    case form(NormalForm)
    /// Puts bytes before a text that is not empty.
    case prepend([UInt8])
    /// Replaces every occurrence, left to right; the pattern is not empty.
    case replace([UInt8], with: [UInt8])
    /// Replaces every match.
    case replaceRuns(CharacterRuns, with: [UInt8])
    /// Small letters.
    case lowercase
    /// Takes out marks.
    case stripAccents
    /// What BERT's tokenizers do.
    case bert(BertNormalization)
    /// SentencePiece's table.
    case map(CharacterMap)
    /// Takes white space from the ends.
    case strip(left: Bool, right: Bool)
    /// Control characters go, unusual spaces become usual ones.
    case nmt
    /// Single spaces only, and none at the ends.
    case collapseSpaces

    static let composed = NormalizationStep.form(.composed)

    /// The text after this step, or nil when it stays as it is.
    func apply(_ text: UnsafeBufferPointer<UInt8>, classes: UnsafePointer<CharacterClass.Bits>)
        -> [UInt8]?
    {
        guard let base = text.baseAddress, !text.isEmpty else { return nil }
        let classified = ClassifiedText(base: base, count: text.count, classes: classes)
        switch self {
        case .form(let form): return UnicodeNormalization.shared.normalized(classified, form)
        case .prepend(let prefix): return prefix + text
        case .replace(let pattern, let replacement):
            return NormalizationStep.replacing(pattern, with: replacement, in: text)
        case .replaceRuns(let runs, let replacement):
            var result: [UInt8] = []
            var position = 0
            classified.forEachMatch(.runs(runs), from: 0, to: text.count) { start, end in
                result.append(contentsOf: UnsafeBufferPointer(rebasing: text[position..<start]))
                result.append(contentsOf: replacement)
                position = end
            }
            guard position > 0 else { return nil }
            return result + text[position...]
        case .lowercase: return NormalizationStep.lowercased(text)
        case .stripAccents:
            return classified.without(BertNormalization.accents)
        case .bert(let normalization): return normalization.apply(classified)
        case .map(let map): return map.apply(classified)
        case .strip(let left, let right):
            var start = 0
            var end = text.count
            if left { start = classified.endOfRun(CharacterClass.space, from: 0, to: end) }
            while right, end > start {
                let last = classified.start(before: end)
                guard classified.character(at: last).bits & CharacterClass.space != 0 else { break }
                end = last
            }
            return Array(text[start..<end])
        case .nmt: return NormalizationStep.cleaned(classified)
        case .collapseSpaces:
            var result: [UInt8] = []
            result.reserveCapacity(text.count)
            for byte in text where byte != 0x20 || result.last ?? 0x20 != 0x20 {
                result.append(byte)
            }
            if result.last == 0x20 { result.removeLast() }
            return result
        }
    }

    static func apply(_ steps: [NormalizationStep], to text: [UInt8]) -> [UInt8] {
        CharacterClasses.shared.table.withUnsafeBufferPointer { classes in
            steps.reduce(text) { text, step in
                text.withUnsafeBufferPointer {
                    step.apply($0, classes: classes.baseAddress.unsafelyUnwrapped)
                } ?? text
            }
        }
    }

    static func replacing(
        _ pattern: [UInt8], with replacement: [UInt8], in text: UnsafeBufferPointer<UInt8>
    ) -> [UInt8]? {
        guard let first = pattern.first, text.contains(first) else { return nil }
        var result: [UInt8] = []
        // Words have about five letters: one space in six bytes becomes three bytes.
        result.reserveCapacity(text.count + text.count / 2 + 16)
        var position = 0
        var copied = 0
        while position < text.count {
            if text[position] == first, position &+ pattern.count <= text.count,
                pattern.count == 1
                    || text[position..<position + pattern.count].elementsEqual(pattern)
            {
                result.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<position]))
                result.append(contentsOf: replacement)
                position &+= pattern.count
                copied = position
            } else {
                position &+= 1
            }
        }
        result.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied...]))
        return result
    }

    static func lowercased(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard let base = text.baseAddress else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(text.count + 8)
        var position = 0
        while position < text.count {
            let byte = text[position]
            if byte < 0x80 {
                result.append(0x41...0x5A ~= byte ? byte | 0x20 : byte)
                position &+= 1
            } else {
                let (scalar, length) = UTF8Text.scalar(base, position)
                UnicodeNormalization.shared.appendLowercase(scalar, to: &result)
                position &+= length
            }
        }
        return result
    }

    /// The rules that SentencePiece calls `nmt`.
    private static func cleaned(_ text: ClassifiedText) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var position = 0
        while position < text.count {
            let (scalar, length) = text.scalar(at: position)
            switch scalar {
            case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: break
            case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF,
                0xFFFD:
                result.append(0x20)
            default: text.append(position, length, to: &result)
            }
            position &+= length
        }
        return result
    }
}

extension ClassifiedText {
    /// Appends the bytes of a character.
    @inline(__always)
    func append(_ position: Int, _ length: Int, to result: inout [UInt8]) {
        for index in position..<position &+ length { result.append(base[index]) }
    }

    /// The text without the characters of a set, or nil when it has none beyond ASCII.
    func without(_ set: ScalarSet) -> [UInt8]? {
        guard UnsafeBufferPointer(start: base, count: count).contains(where: { $0 >= 0x80 }) else {
            return nil
        }
        var result: [UInt8] = []
        result.reserveCapacity(count)
        var position = 0
        while position < count {
            let (scalar, length) = scalar(at: position)
            if scalar < 0x80 || !set.contains(scalar) { append(position, length, to: &result) }
            position &+= length
        }
        return result
    }
}
