/// The keywords of JSON Schema: which are exact, and which are refused. Any other says nothing about the value.

import MartletJSON

/// What is known about keywords.
enum SchemaKeywords {
    /// Keywords that are enforced exactly.
    static let enforced: Set<String> = [
        "type", "enum", "const", "properties", "required", "additionalProperties",
        "patternProperties",
        "propertyNames", "minProperties", "maxProperties", "dependentRequired", "dependentSchemas",
        "items", "prefixItems", "minItems", "maxItems", "minLength", "maxLength", "pattern",
        "format",
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "anyOf",
        "oneOf",
        "allOf", "not", "if", "then", "else", "$ref", "additionalItems", "dependencies",
    ]

    /// Keywords by which some dialect decides about values, and which are not enforced.
    private static let refused: Set<String> = [
        "uniqueItems", "contains", "minContains", "maxContains", "unevaluatedItems",
        "unevaluatedProperties", "$dynamicRef", "$dynamicAnchor", "$recursiveRef",
        "$recursiveAnchor", "$vocabulary",
        // Of draft 3, and of OpenAPI 3.0.
        "extends", "disallow", "divisibleBy", "nullable",
        // What a negation became, which only Martlet writes.
        "~not",
    ]

    /// Whether a keyword says nothing about which values are valid: the standard has all so that it does not know.
    static func isAnnotation(_ keyword: String) -> Bool {
        !enforced.contains(keyword) && !refused.contains(keyword)
    }

    /// Refuses what is not supported, by name.
    static func check(_ object: JSONObject, at path: String) throws(ConstraintError) {
        for member in object.members where refused.contains(member.key) {
            if member.key == "~not", isSynthetic(path) { continue }
            if member.value == false, ["uniqueItems", "nullable"].contains(member.key) { continue }
            throw ConstraintError(
                place: path,
                problem:
                    "the keyword \(quoted(member.key)) is not supported; remove it or say the same by others"
            )
        }
    }

    /// Whether a schema stands in no document. A pointer has a tilde only before 0 and 1.
    private static func isSynthetic(_ path: String) -> Bool {
        let bytes = Array(path.utf8)
        return bytes.indices.contains { index in
            bytes[index] == UInt8(ascii: "~")
                && (index + 1 == bytes.count || ![0x30, 0x31].contains(bytes[index + 1]))
        }
    }
}

/// The types of JSON values.
struct ValueTypes: OptionSet, Hashable, Sendable {
    let rawValue: UInt8

    static let null = ValueTypes(rawValue: 1)
    static let boolean = ValueTypes(rawValue: 2)
    static let integer = ValueTypes(rawValue: 4)
    /// Numbers that are no integers.
    static let fraction = ValueTypes(rawValue: 8)
    static let string = ValueTypes(rawValue: 16)
    static let array = ValueTypes(rawValue: 32)
    static let object = ValueTypes(rawValue: 64)
    static let number: ValueTypes = [.integer, .fraction]
    static let all = ValueTypes(rawValue: 127)

    /// The type with a name, as the keyword `type` has it.
    init?(named name: String) {
        switch name {
        case "null": self = .null
        case "boolean": self = .boolean
        case "integer": self = .integer
        case "number": self = .number
        case "string": self = .string
        case "array": self = .array
        case "object": self = .object
        default: return nil
        }
    }

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The type of a value.
    init(of value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool: self = .boolean
        case .integer: self = .integer
        case .number(let value): self = value.rounded() == value ? .integer : .fraction
        case .string: self = .string
        case .array: self = .array
        case .object: self = .object
        }
    }
}
