/// From patterns to expressions over bytes: how characters are spelled, and what anchors mean.

/// How the characters of a text are written.
enum Spelling: Hashable, Sendable {
    /// As UTF-8.
    case plain
    /// As UTF-8 inside a JSON string, with an escape where there must be one.
    case json
}

/// Makes expressions of patterns.
struct PatternCompiler {
    let automaton: Automaton
    let spelling: Spelling
    private var known: [ScalarSet: Expression] = [:]

    init(_ automaton: Automaton, _ spelling: Spelling) {
        self.automaton = automaton
        self.spelling = spelling
    }

    /// The texts that a pattern matches from beginning to end.
    mutating func whole(_ pattern: Pattern, place: String) throws(ConstraintError) -> Expression {
        let ways = try ways(pattern, place: place)
        return automaton.choice(ways.all)
    }

    /// The texts in which a pattern matches somewhere.
    mutating func anywhere(_ pattern: Pattern, place: String) throws(ConstraintError) -> Expression
    {
        let ways = try ways(pattern, place: place)
        let any = automaton.repeated(scalars(.all), 0)
        return automaton.choice([
            automaton.sequence([any, ways[false, false], any]),
            automaton.sequence(ways[true, false], any),
            automaton.sequence(any, ways[false, true]),
            ways[true, true],
        ])
    }

    /// What a pattern matches, by whether the match must lie at the text's start and at its end.
    private struct Ways {
        var all = [Expression](repeating: .nothing, count: 4)

        subscript(start: Bool, end: Bool) -> Expression {
            get { all[(start ? 1 : 0) + (end ? 2 : 0)] }
            set { all[(start ? 1 : 0) + (end ? 2 : 0)] = newValue }
        }
    }

    private static let flags: [(start: Bool, end: Bool)] = [
        (false, false), (true, false), (false, true), (true, true),
    ]

    private mutating func ways(_ pattern: Pattern, place: String) throws(ConstraintError) -> Ways {
        var ways = Ways()
        switch pattern {
        case .empty: ways[false, false] = .empty
        case .start: ways[true, false] = .empty
        case .end: ways[false, true] = .empty
        case .scalars(let set): ways[false, false] = scalars(set)
        case .choice(let parts):
            for part in parts {
                let other = try self.ways(part, place: place)
                for (start, end) in Self.flags {
                    ways[start, end] = automaton.choice([ways[start, end], other[start, end]])
                }
            }
        case .sequence(let parts):
            ways[false, false] = .empty
            for part in parts.reversed() { ways = joined(try self.ways(part, place: place), ways) }
        case .repetition(let part, let least, let most):
            let inner = try self.ways(part, place: place)
            guard inner.all[1...].allSatisfy({ $0 == .nothing }) else {
                throw ConstraintError(
                    place: place,
                    problem: "regular expression: a repeated group with an anchor is not supported")
            }
            ways[false, false] = automaton.repeated(
                inner[false, false], Int32(least), most.map(Int32.init) ?? Automaton.endless)
        }
        return ways
    }

    /// One after the other. What must lie at the start follows only the empty text, and likewise at the end.
    private func joined(_ first: Ways, _ second: Ways) -> Ways {
        var result = Ways()
        for one in Self.flags where first[one.start, one.end] != .nothing {
            for two in Self.flags where second[two.start, two.end] != .nothing {
                var (left, right) = (first[one.start, one.end], second[two.start, two.end])
                if two.start { left = automaton.isNullable(left) ? .empty : .nothing }
                if one.end { right = automaton.isNullable(right) ? .empty : .nothing }
                let (start, end) = (one.start || two.start, one.end || two.end)
                result[start, end] = automaton.choice([
                    result[start, end], automaton.sequence(left, right),
                ])
            }
        }
        return result
    }

    // MARK: Characters

    /// One character of a set.
    mutating func scalars(_ set: ScalarSet) -> Expression {
        if let known = known[set] { return known }
        let made: Expression
        switch spelling {
        case .plain: made = utf8(set)
        case .json:
            let escaped = JSONSpelling.escaped
            var parts = [utf8(set.intersection(escaped.inverted))]
            for range in set.intersection(escaped).ranges {
                for scalar in range { parts.append(JSONSpelling.escape(scalar, automaton)) }
            }
            made = automaton.choice(parts)
        }
        known[set] = made
        return made
    }

    /// The UTF-8 of a set's characters.
    private func utf8(_ set: ScalarSet) -> Expression {
        var parts: [Expression] = []
        let lengths: [(ClosedRange<UInt32>, Int)] = [
            (0...0x7F, 1), (0x80...0x7FF, 2), (0x800...0xFFFF, 3), (0x10000...0x10FFFF, 4),
        ]
        for (span, length) in lengths {
            for range in set.intersection(ScalarSet([span])).ranges {
                append(range.lowerBound, range.upperBound, length, to: &parts)
            }
        }
        return automaton.choice(parts)
    }

    /// Splits a range of scalars of equal length until each byte has a range of its own.
    private func append(_ low: UInt32, _ high: UInt32, _ length: Int, to parts: inout [Expression])
    {
        for index in stride(from: length - 1, to: 0, by: -1) {
            let mask = (UInt32(1) << UInt32(6 * index)) - 1
            guard low & ~mask != high & ~mask else { continue }
            if low & mask != 0 {
                append(low, low | mask, length, to: &parts)
                append((low | mask) + 1, high, length, to: &parts)
                return
            }
            if high & mask != mask {
                append(low, (high & ~mask) - 1, length, to: &parts)
                append(high & ~mask, high, length, to: &parts)
                return
            }
        }
        let (first, last) = (bytes(low, length), bytes(high, length))
        parts.append(
            automaton.sequence((0..<length).map { automaton.range(first[$0]...last[$0]) }))
    }

    private func bytes(_ scalar: UInt32, _ length: Int) -> [UInt8] {
        if length == 1 { return [UInt8(scalar)] }
        var result = [UInt8](repeating: 0, count: length)
        for index in 0..<length {
            result[length - 1 - index] = 0x80 | UInt8(scalar >> UInt32(6 * index) & 0x3F)
        }
        let lead: [UInt8] = [0, 0, 0xC0, 0xE0, 0xF0]
        result[0] = lead[length] | UInt8(scalar >> UInt32(6 * (length - 1)))
        return result
    }
}
