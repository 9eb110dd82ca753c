/// The text in which a user writes a task, as a tree; knows the grammar, not the tasks.

/// A name with what stands in its brackets.
///
/// The grammar, with blanks allowed between tokens:
/// ```
/// task     = name [ "(" [ argument { "," argument } ] ")" ]
/// argument = name "=" integer [ ".." integer ] | task
/// name     = letter { letter | digit | "_" | "-" }
/// ```
struct TaskExpression {
    let name: String
    var arguments: [(name: String, value: TaskRange)] = []
    var components: [TaskExpression] = []

    /// Throws ``TaskError/malformed(text:column:got:expected:)``.
    init(_ text: String) throws(TaskError) {
        var parser = TaskParser(text)
        self = try parser.parse()
    }

    fileprivate init(name: String) { self.name = name }
}

/// A recursive descent over the characters of one task's text.
private struct TaskParser {
    /// Longer and deeper than any task needs; they bound work and stack on hostile text.
    static let longest = 4096
    static let deepest = 8

    let text: String
    let characters: [Character]
    var index = 0

    init(_ text: String) {
        self.text = text
        characters = text.utf8.count <= Self.longest ? Array(text) : []
    }

    mutating func parse() throws(TaskError) -> TaskExpression {
        guard text.utf8.count <= Self.longest else {
            throw failure(
                at: 0, "\(text.utf8.count) bytes of text", "at most \(Self.longest) bytes")
        }
        let expression = try task(depth: 0)
        skipBlanks()
        guard index == characters.count else { throw failure("the end of the text") }
        return expression
    }

    mutating func task(depth: Int) throws(TaskError) -> TaskExpression {
        guard depth < Self.deepest else {
            throw failure(at: index, "more nesting", "at most \(Self.deepest) levels")
        }
        var expression = TaskExpression(name: try name("a task's name"))
        guard take("(") else { return expression }
        var isFirst = true
        while !take(")") {
            if !isFirst {
                guard take(",") else { throw failure("\",\" or \")\"") }
            }
            isFirst = false
            skipBlanks()
            let start = index
            let word = try name("parameter=value or a task")
            guard take("=") else {
                index = start
                expression.components.append(try task(depth: depth + 1))
                continue
            }
            guard !expression.arguments.contains(where: { $0.name == word }) else {
                throw failure(at: start, "\(word) again", "each parameter once")
            }
            expression.arguments.append((word, try range()))
        }
        return expression
    }

    mutating func range() throws(TaskError) -> TaskRange {
        skipBlanks()
        let start = index
        let lower = try integer()
        guard peek == "." else { return TaskRange(lower) }
        index += 1
        guard peek == "." else { throw failure("\"..\" and the range's upper end") }
        index += 1
        let upper = try integer()
        guard lower <= upper else {
            throw failure(at: start, "\(lower)..\(upper)", "a range with its lower end first")
        }
        return TaskRange(lower, upper)
    }

    mutating func integer() throws(TaskError) -> Int {
        let start = index
        if peek == "-" { index += 1 }
        let firstDigit = index
        while let next = peek, Self.isDigit(next) { index += 1 }
        guard index > firstDigit else { throw failure("an integer, or a range like 4..8") }
        let literal = String(characters[start..<index])
        guard let value = Int(literal) else {
            throw failure(at: start, TaskError.clipped(literal), "an integer within 64 bits")
        }
        return value
    }

    mutating func name(_ expected: String) throws(TaskError) -> String {
        skipBlanks()
        let start = index
        guard let first = peek, Self.isLetter(first) else { throw failure(expected) }
        while let next = peek,
            Self.isLetter(next) || Self.isDigit(next) || next == "_"
                || next == "-"
        {
            index += 1
        }
        return String(characters[start..<index])
    }

    var peek: Character? { index < characters.count ? characters[index] : nil }

    mutating func skipBlanks() {
        while let next = peek, next.isWhitespace { index += 1 }
    }

    mutating func take(_ expected: Character) -> Bool {
        skipBlanks()
        guard peek == expected else { return false }
        index += 1
        return true
    }

    // ASCII only: Character compares a digit with a combining mark as a digit too.
    static func isDigit(_ character: Character) -> Bool {
        character.isASCII && character.isWholeNumber
    }
    static func isLetter(_ character: Character) -> Bool {
        character.isASCII && character.isLetter
    }

    func failure(_ expected: String) -> TaskError {
        failure(
            at: index, peek.map { TaskError.quoted("\($0)") } ?? "the end of the text", expected)
    }

    func failure(at index: Int, _ got: String, _ expected: String) -> TaskError {
        .malformed(text: text, column: index + 1, got: got, expected: expected)
    }
}
