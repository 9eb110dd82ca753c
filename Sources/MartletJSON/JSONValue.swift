/// A JSON value that keeps what Foundation's loses: the order of keys, exact integers, and the
/// knowledge of duplicates.
///
/// It knows nothing of models; configurations, headers, indices and tokenizers are read through it.

/// One JSON value.
public enum JSONValue: Sendable {
    /// The literal `null`.
    case null
    /// The literals `true` and `false`.
    case bool(Bool)
    /// A number written without fraction or exponent that fits in 64 bits; exact.
    case integer(Int)
    /// Any other number, rounded to the nearest double; always finite.
    case number(Double)
    /// A string; its UTF-8 was validated.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object with its keys in the order of the text.
    case object(JSONObject)

    /// Objects and arrays may nest this deep; deeper text is refused, so that parsing cannot
    /// exhaust the stack.
    public static let maximumDepth = 128

    /// Values one text may hold unless the caller says otherwise.
    ///
    /// A value takes more memory than the two bytes it may be written in, so that without a limit a
    /// hostile file would cost a multiple of its own size.
    public static let defaultMaximumValues = 8_000_000

    /// Reads one JSON text (RFC 8259, strictly: no comments, no trailing commas, no duplicate keys,
    /// no lone surrogates).
    ///
    /// Takes time linear in the text.
    /// - Parameters:
    ///   - bytes: the text in UTF-8, with nothing but white space around the value.
    ///   - file: the name that errors give to the text.
    ///   - maximumValues: how many values the text may hold.
    /// - Throws: ``JSONError``.
    public static func parse(
        _ bytes: Span<UInt8>, file: String = "JSON text",
        maximumValues: Int = JSONValue.defaultMaximumValues
    ) throws(JSONError) -> JSONValue {
        try JSONDocument(bytes, file: file, maximumValues: maximumValues).tree()
    }

    /// Reads one JSON text from an array of bytes; see
    /// ``parse(_:file:maximumValues:)-(Span<UInt8>,_,_)``.
    public static func parse(
        _ bytes: [UInt8], file: String = "JSON text",
        maximumValues: Int = JSONValue.defaultMaximumValues
    ) throws(JSONError) -> JSONValue {
        try parse(bytes.span, file: file, maximumValues: maximumValues)
    }
}

extension JSONValue {
    /// The value as an integer: an integer, or a number such as `4096.0` that is one exactly.
    public var intValue: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The value as a double; integers beyond 2⁵³ are rounded.
    public var doubleValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The value when it is `true` or `false`.
    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The value when it is a string.
    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The elements when the value is an array.
    public var arrayValue: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The value when it is an object.
    public var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// Whether the value is the literal `null`.
    public var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// The value in a few words, for the "got" of an error.
    public var summary: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): quoted(value)
        case .array(let value) where value.count <= 8 && value.allSatisfy { $0.isScalar }:
            "[" + value.map(\.summary).joined(separator: ", ") + "]"
        case .array(let value): "an array of \(value.count)"
        case .object(let value): "an object of \(value.count) keys"
        }
    }

    private var isScalar: Bool {
        switch self {
        case .array, .object: false
        default: true
        }
    }
}

extension JSONValue: Equatable {
    /// Whether two values are the same text in meaning: strings by bytes, objects with their keys
    /// in the same order.
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.string(let a), .string(let b)): JSONObject.sameBytes(a, b)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        default: false
        }
    }
}

extension JSONValue {
    /// A seed. Beyond 63 bits it is a text, because most readers of JSON would round it.
    public static func seed(_ seed: UInt64) -> JSONValue {
        Int(exactly: seed).map { .integer($0) } ?? .string("\(seed)")
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An integer.
    public init(integerLiteral value: Int) { self = .integer(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// A Boolean.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object with its keys in the order written, which must differ from each other.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.map { JSONObject.Member(key: $0.0, value: $0.1) }))
    }
    /// The literal `null`.
    public init(nilLiteral: ()) { self = .null }
}
