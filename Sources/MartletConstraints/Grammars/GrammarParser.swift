/// What notations of grammars have in common: alternatives of parts one after another.

/// A parser of one notation.
protocol GrammarParser {
    var scanner: GrammarScanner { get set }
    /// What ends a sequence.
    static var ends: String { get }
    /// Takes the mark before another alternative, where there is one.
    mutating func takeBar(isGroup: Bool) -> Bool
    /// A part with its repetitions; nil for what stands for none.
    mutating func part() throws(ConstraintError) -> GrammarPart?
}

extension GrammarParser {
    /// Alternatives. In a group they may stand on several lines.
    mutating func choice(isGroup: Bool) throws(ConstraintError) -> GrammarPart {
        try scanner.enter()
        defer { scanner.leave() }
        var parts = [try sequence(isGroup: isGroup)]
        while takeBar(isGroup: isGroup) { parts.append(try sequence(isGroup: isGroup)) }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func sequence(isGroup: Bool) throws(ConstraintError) -> GrammarPart {
        var parts: [GrammarPart] = []
        while let next = scanner.peek(), !Self.ends.unicodeScalars.contains(next) {
            if next == "\n" || next == "\r" {
                guard isGroup else { break }
                scanner.skipSpace(lines: true)
                continue
            }
            if let part = try part() { parts.append(part) }
            scanner.skipSpace(lines: isGroup)
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    /// A group after its opening bracket.
    mutating func group(closing mark: String, _ name: String) throws(ConstraintError) -> GrammarPart
    {
        scanner.skipSpace(lines: true)
        let inner = try choice(isGroup: true)
        guard scanner.take(mark) else { throw scanner.error("\(name) without its \(mark)") }
        return inner
    }
}
