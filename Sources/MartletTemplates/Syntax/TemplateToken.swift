/// What the lexer finds in a template.

/// A piece of a template.
struct TemplateToken: Sendable {
    enum Kind: Sendable, Equatable {
        /// Text outside of tags.
        case data(String)
        case variableBegin, variableEnd, blockBegin, blockEnd
        case name(String)
        case string(String)
        case integer(Int)
        case number(Double)
        /// An operator or a bracket, as it is written.
        case symbol(String)
        case end
    }

    let kind: Kind
    let position: SourcePosition

    /// How a message calls it.
    var description: String {
        switch kind {
        case .data: "text"
        case .variableBegin: "'{{'"
        case .variableEnd: "'}}'"
        case .blockBegin: "'{%'"
        case .blockEnd: "'%}'"
        case .name(let name): "'\(name)'"
        case .string: "a string"
        case .integer(let value): "'\(value)'"
        case .number(let value): "'\(value)'"
        case .symbol(let text): "'\(text)'"
        case .end: "the end of the template"
        }
    }
}
