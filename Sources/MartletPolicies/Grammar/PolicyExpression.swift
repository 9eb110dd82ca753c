/// The text in which a user writes a cache policy, as a tree; knows the grammar, not the policies.

/// A policy as it is written everywhere: `window(sinks=4, recent=1024)`, several joined by `+`,
/// a wrapper with the policy it wraps as its first argument.
///
/// The grammar, with spaces allowed between tokens:
/// ```
/// expression = term { "+" term }
/// term       = name [ "(" [ argument { "," argument } ] ")" ]
/// argument   = name "=" value | expression        (an expression only as the first argument)
/// value      = integer | decimal | "true" | "false" | bytes | name | text
/// text       = a quotation mark, anything but one, a quotation mark; or a path without blanks and signs
/// bytes      = decimal unit                        (B, KB, MB, GB, TB; KiB, MiB, GiB, TiB)
/// name       = letter { letter | digit | "_" | "-" }
/// ```
/// ``description`` prints the canonical form, which parses back to an equal expression.
package struct PolicyExpression: Hashable, Sendable, CustomStringConvertible {
    /// The combined terms, in the order written; never empty.
    package let terms: [PolicyTerm]

    init(terms: [PolicyTerm]) { self.terms = terms }

    /// The canonical text.
    package var description: String { terms.map(\.description).joined(separator: " + ") }
}

/// One name with its arguments.
package struct PolicyTerm: Hashable, Sendable, CustomStringConvertible {
    /// The policy's name.
    package let name: String
    /// The expression given as first argument, if any.
    package let wrapped: PolicyExpression?
    /// The named arguments, in the order written; each name once.
    package let arguments: [PolicyArgument]

    init(name: String, wrapped: PolicyExpression? = nil, arguments: [PolicyArgument] = []) {
        self.name = name
        self.wrapped = wrapped
        self.arguments = arguments
    }

    /// The canonical text.
    package var description: String {
        let parts = (wrapped.map { [$0.description] } ?? []) + arguments.map(\.description)
        return parts.isEmpty ? name : "\(name)(\(parts.joined(separator: ", ")))"
    }
}

/// A named argument.
package struct PolicyArgument: Hashable, Sendable, CustomStringConvertible {
    /// The parameter's name.
    package let name: String
    /// The value given.
    package let value: PolicyValue

    init(name: String, value: PolicyValue) {
        self.name = name
        self.value = value
    }

    /// The canonical text.
    package var description: String { "\(name)=\(value)" }
}

/// What a parameter can be given.
package enum PolicyValue: Hashable, Sendable, CustomStringConvertible {
    /// A whole number.
    case integer(Int)
    /// A finite number written with a point or an exponent.
    case decimal(Double)
    /// `true` or `false`.
    case boolean(Bool)
    /// A number of bytes, written with a unit.
    case bytes(Int)
    /// A word.
    case name(String)
    /// What stands between quotation marks.
    case text(String)

    /// The canonical text. Bytes are in the largest unit that divides them.
    package var description: String {
        switch self {
        case .integer(let value): return "\(value)"
        case .decimal(let value): return "\(value)"
        case .boolean(let value): return "\(value)"
        case .name(let value): return value
        case .text(let value): return "\"\(value)\""
        case .bytes(let count):
            let unit = Self.units.last { count >= $0.bytes && count % $0.bytes == 0 }
            return unit.map { "\(count / $0.bytes)\($0.name)" } ?? "\(count)B"
        }
    }

    /// Units of bytes, ascending.
    static let units: [(name: String, bytes: Int)] = [
        ("B", 1), ("KB", 1000), ("KiB", 1 << 10), ("MB", 1_000_000), ("MiB", 1 << 20),
        ("GB", 1_000_000_000), ("GiB", 1 << 30), ("TB", 1_000_000_000_000), ("TiB", 1 << 40),
    ]
}
