// What happens to text before it is cut into words.

import Foundation

/// One step of a normaliser, on UTF-8.
enum NormalizationStep: Sendable, Equatable {
    /// Unicode canonical composition.
    case composed
    /// Puts bytes before a text that is not empty.
    case prepend([UInt8])
    /// Replaces every occurrence, left to right; the pattern is not empty.
    case replace([UInt8], with: [UInt8])

    /// The text after this step, or nil when it stays as it is.
    func apply(_ text: UnsafeBufferPointer<UInt8>, classes: UnsafePointer<UInt8>) -> [UInt8]? {
        guard let base = text.baseAddress, !text.isEmpty else { return nil }
        switch self {
        case .composed:
            return ClassifiedText(base: base, count: text.count, classes: classes).composed()
        case .prepend(let prefix):
            return prefix + text
        case .replace(let pattern, let replacement):
            return NormalizationStep.replacing(pattern, with: replacement, in: text)
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
}

extension String {
    /// Unicode's NFC.
    ///
    /// Foundation's composition alone leaves a Hangul syllable and a trailing jamo apart, and its
    /// decomposition does not order the parts of U+0F73 and its like among others; decomposing
    /// twice first makes both right.
    var canonicallyComposed: String {
        decomposedStringWithCanonicalMapping.decomposedStringWithCanonicalMapping
            .precomposedStringWithCanonicalMapping
    }

    /// The same text up to canonical equivalence, with each run of marks apart and in canonical order:
    /// Foundation takes the square of a run's length to order it.
    fileprivate var orderingMarks: String {
        var result = String.UnicodeScalarView()
        var run: [(scalar: Unicode.Scalar, order: UInt8)] = []
        func finish() {
            // Stable: marks of one class keep their order.
            for (_, mark) in run.enumerated().sorted(by: {
                ($0.element.order, $0.offset) < ($1.element.order, $1.offset)
            }) { result.append(mark.scalar) }
            run.removeAll(keepingCapacity: true)
        }
        func add(_ scalar: Unicode.Scalar) {
            let order = scalar.properties.canonicalCombiningClass.rawValue
            if order == 0 {
                finish()
                result.append(scalar)
            } else {
                run.append((scalar, order))
            }
        }
        for scalar in unicodeScalars {
            // Three vowels that are no marks themselves, but come apart into two; four marks of which
            // Foundation loses all after some thirty in a run.
            switch scalar {
            case "\u{340}": add("\u{300}")
            case "\u{341}": add("\u{301}")
            case "\u{343}": add("\u{313}")
            case "\u{344}": ["\u{308}", "\u{301}"].forEach(add)
            case "\u{F73}": ["\u{F71}", "\u{F72}"].forEach(add)
            case "\u{F75}": ["\u{F71}", "\u{F74}"].forEach(add)
            case "\u{F81}": ["\u{F71}", "\u{F80}"].forEach(add)
            default: add(scalar)
            }
        }
        finish()
        return String(result)
    }
}

extension Unicode.Scalar {
    /// Foundation loses runs of it.
    fileprivate var isLost: Bool { value >= 0x340 && value <= 0x344 && value != 0x342 }
}

extension ClassifiedText {
    /// Bytes from which on a stretch for Foundation ends at the next character that starts afresh: what it
    /// takes for each character grows with the stretch.
    private static let stretch = 1024

    /// The canonical composition, or nil when the text is composed already as far as the quick
    /// check can tell.
    ///
    /// A character without the composing bit starts afresh: nothing before it can change it or
    /// pass it. So only the runs of composing characters, each with the character before it, go
    /// through Foundation.
    func composed() -> [UInt8]? {
        var result: [UInt8]?
        var copied = 0
        var position = 0
        var lastInert = 0
        while position < count {
            // Everything below U+0300 is inert; 0xCC leads U+0300.
            if base[position] < 0xCC {
                lastInert = position
                position &+= base[position] < 0x80 ? 1 : 2
                continue
            }
            let (bits, length) = character(at: position)
            if bits & CharacterClass.composing == 0 {
                lastInert = position
                position &+= length
                continue
            }
            // From the inert character before to the next two inert ones in a row, so that
            // densely marked text is one call.
            let start = lastInert
            var end = position
            var inert = false
            while end < count {
                let (bits, length) = character(at: end)
                let isInert = bits & CharacterClass.composing == 0
                if isInert {
                    if inert { break }
                    lastInert = end
                    if end &- start >= ClassifiedText.stretch { break }
                }
                inert = isInert
                end &+= length
            }
            if inert { end = lastInert }
            let region = UnsafeBufferPointer(start: base + start, count: end &- start)
            var characters = String(decoding: region, as: UTF8.self)
            if region.count > 2 * ClassifiedText.stretch
                || region.contains(0xCD) && characters.unicodeScalars.contains(where: \.isLost)
            {
                characters = characters.orderingMarks
            }
            let composed = characters.canonicallyComposed
            if result == nil {
                result = []
                result?.reserveCapacity(count + 16)
            }
            result?.append(
                contentsOf: UnsafeBufferPointer(start: base + copied, count: start &- copied))
            result?.append(contentsOf: composed.utf8)
            copied = end
            position = end
        }
        result?.append(
            contentsOf: UnsafeBufferPointer(start: base + copied, count: count &- copied))
        return result
    }
}
