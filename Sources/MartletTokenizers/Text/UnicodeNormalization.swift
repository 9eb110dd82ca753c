// Unicode's normal forms and small letters, in time that grows like the text.

/// A number for some scalars, in pages of 256; 0 for all others.
struct ScalarMap: Sendable {
    private var pages = [UInt16](repeating: 0, count: 0x1100)
    private var cells = [Int32](repeating: 0, count: 256)

    subscript(scalar: UInt32) -> Int32 {
        get { cells[Int(pages[Int(scalar >> 8)]) << 8 | Int(scalar & 0xFF)] }
        set {
            if pages[Int(scalar >> 8)] == 0 {
                pages[Int(scalar >> 8)] = UInt16(cells.count >> 8)
                cells.append(contentsOf: repeatElement(0, count: 256))
            }
            cells[Int(pages[Int(scalar >> 8)]) << 8 | Int(scalar & 0xFF)] = newValue
        }
    }
}

/// A normal form of Unicode.
enum NormalForm: Sendable, Equatable {
    case composed
    case decomposed
    case compatibleComposed
    case compatibleDecomposed

    var composes: Bool { self == .composed || self == .compatibleComposed }
    var isCompatible: Bool { self == .compatibleComposed || self == .compatibleDecomposed }
}

/// Decompositions, compositions and the order of marks.
struct UnicodeNormalization: Sendable {
    static let shared = UnicodeNormalization()

    /// For each mapping its number of scalars, then these.
    private var parts: [UInt32] = [0]
    private var canonical = ScalarMap()
    private var compatible = ScalarMap()
    private var lowercase = ScalarMap()
    private var ranks = ScalarMap()
    private var pairs: [UInt64: UInt32] = [:]

    private init() {
        var made: [(scalar: UInt32, parts: ArraySlice<UInt32>)] = []
        func read(_ text: StaticString, into map: inout ScalarMap) {
            let numbers = ScalarSet.numbers(text)
            var index = 0
            while index + 1 < numbers.count {
                let count = numbers[index + 1] % 100
                let mapped = numbers[(index + 2)..<(index + 2 + Int(count))]
                if numbers[index + 1] >= 100 { made.append((numbers[index], mapped)) }
                map[numbers[index]] = Int32(parts.count)
                parts.append(count)
                parts.append(contentsOf: mapped)
                index += 2 + Int(count)
            }
        }
        read(UnicodeDecompositions.canonical, into: &canonical)
        read(UnicodeDecompositions.compatibility, into: &compatible)
        read(UnicodeDecompositions.lowercase, into: &lowercase)
        let marks = ScalarSet.numbers(UnicodeDecompositions.marks)
        for index in stride(from: 0, to: marks.count - 1, by: 2) {
            ranks[marks[index]] = Int32(marks[index + 1])
        }
        // A composite is that of all its parts but the last, and the last: shorter ones first.
        for (scalar, mapped) in made.sorted(by: { $0.parts.count < $1.parts.count }) {
            var first = mapped[mapped.startIndex]
            for part in mapped.dropFirst().dropLast() {
                guard let next = pairs[UnicodeNormalization.key(first, part)] else { break }
                first = next
            }
            pairs[UnicodeNormalization.key(first, mapped[mapped.endIndex - 1])] = scalar
        }
    }

    private static func key(_ first: UInt32, _ second: UInt32) -> UInt64 {
        UInt64(first) << 32 | UInt64(second)
    }

    /// The small letters of a scalar are appended.
    func appendLowercase(_ scalar: UInt32, to result: inout [UInt8]) {
        let index = Int(lowercase[scalar])
        guard index > 0 else { return UTF8Text.append(scalar, to: &result) }
        for part in parts[(index + 1)...(index + Int(parts[index]))] {
            UTF8Text.append(part, to: &result)
        }
    }

    private func appendDecomposition(
        _ scalar: UInt32, _ form: NormalForm, to result: inout [UInt32]
    ) {
        if 0xAC00..<0xD7A4 ~= scalar {
            let index = scalar - 0xAC00
            result.append(0x1100 + index / 588)
            result.append(0x1161 + index % 588 / 28)
            if index % 28 > 0 { result.append(0x11A7 + index % 28) }
            return
        }
        var index = form.isCompatible ? Int(compatible[scalar]) : 0
        if index == 0 { index = Int(canonical[scalar]) }
        guard index > 0 else { return result.append(scalar) }
        result.append(contentsOf: parts[(index + 1)...(index + Int(parts[index]))])
    }

    private func compose(_ first: UInt32, _ second: UInt32) -> UInt32? {
        if 0x1100..<0x1113 ~= first, 0x1161..<0x1176 ~= second {
            return 0xAC00 + ((first - 0x1100) * 21 + second - 0x1161) * 28
        }
        if 0xAC00..<0xD7A4 ~= first, (first - 0xAC00) % 28 == 0, 0x11A8..<0x11C3 ~= second {
            return first + second - 0x11A7
        }
        return pairs[UnicodeNormalization.key(first, second)]
    }

    /// Marks in a row come in the order of their classes, those of one class as they were.
    private func order(_ scalars: inout [UInt32]) {
        var start = 0
        while start < scalars.count {
            guard ranks[scalars[start]] > 0 else {
                start += 1
                continue
            }
            var end = start
            while end < scalars.count, ranks[scalars[end]] > 0 { end += 1 }
            if end - start > 1 {
                let run = scalars[start..<end].enumerated().sorted {
                    (ranks[$0.element], $0.offset) < (ranks[$1.element], $1.offset)
                }
                scalars.replaceSubrange(start..<end, with: run.map(\.element))
            }
            start = end
        }
    }

    private func composeAll(_ scalars: inout [UInt32]) {
        var starter = -1
        var last: Int32 = 0
        var count = 0
        for index in scalars.indices {
            let scalar = scalars[index]
            let rank = ranks[scalar]
            if starter >= 0, last < rank || last == 0 && starter == count - 1,
                let made = compose(scalars[starter], scalar)
            {
                scalars[starter] = made
                continue
            }
            if rank == 0 { starter = count }
            last = rank
            scalars[count] = scalar
            count += 1
        }
        scalars.removeSubrange(count...)
    }

    /// A text in a normal form, or nil when it is in it as far as a quick look can tell.
    ///
    /// Only a character that may change, and all after the last one before it that starts afresh, is looked at.
    func normalized(_ text: ClassifiedText, _ form: NormalForm) -> [UInt8]? {
        guard firstChange(text, form) < text.count else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(text.count + text.count / 8)
        var scalars: [UInt32] = []
        var position = 0
        while position < text.count {
            if text.base[position] < 0x80 {
                var end = position &+ 1
                while end < text.count, text.base[end] < 0x80 { end &+= 1 }
                // The last of them may take marks.
                if end < text.count { end &-= 1 }
                result.append(
                    contentsOf: UnsafeBufferPointer(
                        start: text.base + position, count: end &- position))
                position = end
                if position == text.count { break }
            }
            scalars.removeAll(keepingCapacity: true)
            var (scalar, length) = text.scalar(at: position)
            var end = position
            repeat {
                appendDecomposition(scalar, form, to: &scalars)
                end &+= length
                guard end < text.count else { break }
                (scalar, length) = text.scalar(at: end)
            } while !startsAfresh(scalar, text.character(at: end).bits, form)
            if form.composes, end == position + UTF8Text.sequenceLength(text.base[position]),
                startsAfresh(
                    text.scalar(at: position).0, text.character(at: position).bits, form)
            {
                result.append(
                    contentsOf: UnsafeBufferPointer(
                        start: text.base + position, count: end &- position))
            } else {
                order(&scalars)
                if form.composes { composeAll(&scalars) }
                for scalar in scalars { UTF8Text.append(scalar, to: &result) }
            }
            position = end
        }
        return result
    }

    /// Nothing before a character that starts afresh can change it or pass it.
    private func startsAfresh(
        _ scalar: UInt32, _ bits: CharacterClass.Bits, _ form: NormalForm
    ) -> Bool {
        bits & CharacterClass.composing == 0 && !(form.isCompatible && compatible[scalar] > 0)
    }

    /// Where the first character is that may not stay as it is.
    private func firstChange(_ text: ClassifiedText, _ form: NormalForm) -> Int {
        // Everything below U+0300 starts afresh; 0xCC leads U+0300.
        let inert: UInt8 = form == .composed ? 0xCC : 0x80
        var position = 0
        while position < text.count {
            let byte = text.base[position]
            if byte < inert {
                position &+= byte < 0x80 ? 1 : 2
                continue
            }
            let (bits, length) = text.character(at: position)
            if form != .composed || bits & CharacterClass.composing != 0 { return position }
            position &+= length
        }
        return text.count
    }
}

extension UTF8Text {
    /// Appends a scalar as UTF-8.
    static func append(_ scalar: UInt32, to result: inout [UInt8]) {
        if scalar < 0x80 {
            result.append(UInt8(scalar))
        } else if scalar < 0x800 {
            result.append(UInt8(0xC0 | scalar >> 6))
            result.append(UInt8(0x80 | scalar & 0x3F))
        } else {
            if scalar < 0x10000 {
                result.append(UInt8(0xE0 | scalar >> 12))
            } else {
                result.append(UInt8(0xF0 | (scalar >> 18) & 7))
                result.append(UInt8(0x80 | scalar >> 12 & 0x3F))
            }
            result.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            result.append(UInt8(0x80 | scalar & 0x3F))
        }
    }
}

extension String {
    /// Unicode's NFC.
    var canonicallyComposed: String {
        String(
            decoding: NormalizationStep.apply([.form(.composed)], to: Array(utf8)), as: UTF8.self)
    }
}
