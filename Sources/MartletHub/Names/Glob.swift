/// Patterns of file names, as every tool of the hub reads them.

/// A pattern: `*` is any text, folders included, `?` one character, `[a-z]` and `[!a-z]` one of a set.
package struct Glob: Sendable {
    private enum Part: Sendable {
        case literal(Unicode.Scalar)
        case one
        case any
        case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    }

    private let parts: [Part]

    /// Reads a pattern. One that ends in `/` is everything in that folder.
    package init(_ pattern: String) {
        var scalars = Array(pattern.unicodeScalars)
        if scalars.last == "/" { scalars.append("*") }
        var parts: [Part] = []
        var index = 0
        while index < scalars.count {
            let scalar = scalars[index]
            index += 1
            switch scalar {
            case "*":
                if case .any? = parts.last { continue }
                parts.append(.any)
            case "?": parts.append(.one)
            case "[":
                if let (set, next) = Self.set(scalars, index) {
                    parts.append(set)
                    index = next
                } else {
                    parts.append(.literal(scalar))
                }
            default: parts.append(.literal(scalar))
            }
        }
        self.parts = parts
    }

    /// The set that begins at `start`, and what comes after it; nil when it does not end.
    private static func set(_ scalars: [Unicode.Scalar], _ start: Int) -> (Part, Int)? {
        var index = start
        let isNegated = index < scalars.count && scalars[index] == "!"
        if isNegated { index += 1 }
        let first = index
        // A bracket that comes first belongs to the set.
        var end = index
        if end < scalars.count, scalars[end] == "]" { end += 1 }
        while end < scalars.count, scalars[end] != "]" { end += 1 }
        guard end < scalars.count else { return nil }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        index = first
        while index < end {
            let lower = scalars[index]
            if index + 2 < end, scalars[index + 1] == "-" {
                let upper = scalars[index + 2]
                if lower <= upper { ranges.append(lower...upper) }
                index += 3
            } else {
                ranges.append(lower...lower)
                index += 1
            }
        }
        return (.set(ranges, isNegated: isNegated), end + 1)
    }

    /// Whether all of `text` is what the pattern says. Takes time proportional to both lengths' product at most.
    package func matches(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        var (place, part) = (0, 0)
        // Where to go on when what follows the last star did not fit.
        var retry: (place: Int, part: Int)?
        while true {
            if part < parts.count, case .any = parts[part] {
                retry = (place, part)
                part += 1
            } else if place < scalars.count, part < parts.count, fits(parts[part], scalars[place]) {
                place += 1
                part += 1
            } else if place == scalars.count, part == parts.count {
                return true
            } else if let last = retry, last.place < scalars.count {
                retry = (last.place + 1, last.part)
                (place, part) = (last.place + 1, last.part + 1)
            } else {
                return false
            }
        }
    }

    private func fits(_ part: Part, _ scalar: Unicode.Scalar) -> Bool {
        switch part {
        case .literal(let wanted): scalar == wanted
        case .one, .any: true
        case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
        }
    }
}
