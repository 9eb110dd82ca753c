/// Swift source as a list of tokens: enough of the language to tell code from comments and texts.

/// One token and the line where it begins, counted from 1.
struct SwiftToken: Equatable {
    enum Kind: Equatable {
        /// An identifier, a keyword or a number.
        case word(String)
        /// The content of a string literal as written, escapes included. What stands in an
        /// interpolation follows as tokens of its own.
        case text(String)
        /// A run of operator characters, such as `==` or `->`.
        case operation(String)
        /// Any other character: brackets, commas, colons, dots.
        case mark(Character)
    }

    var kind: Kind
    var line: Int

    var word: String? { if case .word(let word) = kind { word } else { nil } }
    var text: String? { if case .text(let text) = kind { text } else { nil } }

    func isMark(_ character: Character) -> Bool { kind == .mark(character) }
    func isOperation(_ operation: String) -> Bool { kind == .operation(operation) }
}

/// Reads tokens. Comments are dropped, and so are the contents of regular expressions.
struct SwiftScanner {
    private let source: [UInt8]
    private var place = 0
    private var line = 1
    private var tokens: [SwiftToken] = []

    private init(_ source: [UInt8]) { self.source = source }

    static func tokens(of source: String) -> [SwiftToken] {
        var scanner = SwiftScanner(Array(source.utf8))
        scanner.scan(insideInterpolation: false)
        return scanner.tokens
    }

    private func byte(_ offset: Int = 0) -> UInt8 {
        place + offset < source.count ? source[place + offset] : 0
    }

    private mutating func advance() {
        if byte() == UInt8(ascii: "\n") { line += 1 }
        place += 1
    }

    /// To the end of the source or, in an interpolation, past the bracket that closes it.
    private mutating func scan(insideInterpolation: Bool) {
        var depth = 0
        while place < source.count {
            let current = byte()
            switch current {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                advance()
            case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"):
                while place < source.count, byte() != UInt8(ascii: "\n") { place += 1 }
            case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"):
                skipBlockComment()
            case UInt8(ascii: "/") where skipRegularExpression():
                break
            case UInt8(ascii: "\""):
                scanText(pounds: 0)
            case UInt8(ascii: "#"):
                scanPound()
            case UInt8(ascii: "`"):
                place += 1
            case let first where Self.isWord(first):
                scanWord()
            case let first where Self.isOperator(first):
                scanOperator()
            default:
                if current == UInt8(ascii: "(") { depth += 1 }
                if current == UInt8(ascii: ")") {
                    depth -= 1
                    if insideInterpolation, depth < 0 {
                        place += 1
                        return
                    }
                }
                append(.mark(Character(UnicodeScalar(current))))
                place += 1
            }
        }
    }

    private mutating func append(_ kind: SwiftToken.Kind) {
        tokens.append(SwiftToken(kind: kind, line: line))
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...:
            true
        default: false
        }
    }

    private static let operators = Set("=!<>+-*/%&|^~?".utf8)

    private static func isOperator(_ byte: UInt8) -> Bool { operators.contains(byte) }

    private mutating func scanWord() {
        let start = place
        while Self.isWord(byte()) { place += 1 }
        append(.word(String(decoding: source[start..<place], as: UTF8.self)))
    }

    private mutating func scanOperator() {
        let start = place
        while Self.isOperator(byte()) {
            if byte() == UInt8(ascii: "/"),
                byte(1) == UInt8(ascii: "/") || byte(1) == UInt8(ascii: "*")
            {
                break
            }
            place += 1
        }
        append(.operation(String(decoding: source[start..<place], as: UTF8.self)))
    }

    private mutating func skipBlockComment() {
        var depth = 0
        repeat {
            if byte() == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
                depth += 1
                place += 2
            } else if byte() == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
                depth -= 1
                place += 2
            } else {
                advance()
            }
        } while depth > 0 && place < source.count
    }

    /// Whether a regular expression began here; it is then behind us. A slash begins one after an
    /// opening bracket, a comma, a colon or a lone `=`, with something beside it that is no space,
    /// if another slash closes it on the same line.
    private mutating func skipRegularExpression() -> Bool {
        switch tokens.last?.kind {
        case .mark("("), .mark("["), .mark(","), .mark(":"), .operation("="): break
        default: return false
        }
        guard byte(1) != UInt8(ascii: " ") else { return false }
        var end = place + 1
        while end < source.count, source[end] != UInt8(ascii: "\n") {
            if source[end] == UInt8(ascii: "/") {
                place = end + 1
                return true
            }
            end += source[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        return false
    }

    /// A raw text such as `#"…"#`, or the `#` of a macro or a condition.
    private mutating func scanPound() {
        var pounds = 0
        while byte(pounds) == UInt8(ascii: "#") { pounds += 1 }
        if byte(pounds) == UInt8(ascii: "\"") {
            place += pounds
            scanText(pounds: pounds)
        } else {
            append(.mark("#"))
            place += 1
        }
    }

    /// From an opening quotation mark past the closing one.
    private mutating func scanText(pounds: Int) {
        let quote = UInt8(ascii: "\"")
        let quotes = byte(1) == quote && byte(2) == quote ? 3 : 1
        let first = line
        place += quotes
        var content: [UInt8] = []
        var inner: [SwiftToken] = []
        while place < source.count {
            if isRun(of: quote, quotes, then: pounds) {
                place += quotes + pounds
                break
            }
            if byte() == UInt8(ascii: "\\"), isRun(of: UInt8(ascii: "\\"), 1, then: pounds) {
                if byte(1 + pounds) == UInt8(ascii: "(") {
                    place += 2 + pounds
                    var outer: [SwiftToken] = []
                    swap(&outer, &tokens)
                    scan(insideInterpolation: true)
                    swap(&outer, &tokens)
                    inner += outer
                    content += "\\()".utf8
                    continue
                }
                content.append(contentsOf: source[place..<min(place + 1 + pounds, source.count)])
                place += 1 + pounds
            }
            content.append(byte())
            advance()
        }
        tokens.append(
            SwiftToken(kind: .text(String(decoding: content, as: UTF8.self)), line: first))
        tokens += inner
    }

    private func isRun(of character: UInt8, _ count: Int, then pounds: Int) -> Bool {
        (0..<count).allSatisfy { byte($0) == character }
            && (0..<pounds).allSatisfy { byte(count + $0) == UInt8(ascii: "#") }
    }
}
