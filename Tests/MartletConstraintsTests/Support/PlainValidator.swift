// A validator of values, written for nothing but being plainly right about a few keywords.

import Foundation
import MartletJSON

@testable import MartletConstraints

/// Says whether a value is valid under a schema, keyword by keyword.
struct PlainValidator {
    let schema: JSONValue

    init(_ schema: JSONValue) { self.schema = schema }
    init(_ text: String) throws { schema = try Texts.parse(text) }

    func isValid(_ value: JSONValue) -> Bool { isValid(value, schema) }

    private func isValid(_ value: JSONValue, _ schema: JSONValue) -> Bool {
        guard let object = schema.objectValue else { return schema == true }
        return object.members.allSatisfy { holds($0.key, $0.value, object, value) }
    }

    private func type(_ value: JSONValue) -> [String] {
        switch value {
        case .null: ["null"]
        case .bool: ["boolean"]
        case .integer: ["integer", "number"]
        case .number(let value): value.rounded() == value ? ["integer", "number"] : ["number"]
        case .string: ["string"]
        case .array: ["array"]
        case .object: ["object"]
        }
    }

    private func holds(
        _ keyword: String, _ argument: JSONValue, _ schema: JSONObject, _ value: JSONValue
    ) -> Bool {
        switch keyword {
        case "type":
            let names = argument.arrayValue ?? [argument]
            return names.contains { type(value).contains($0.stringValue ?? "") }
        case "const": return value == argument
        case "enum": return argument.arrayValue?.contains(value) == true
        case "minimum": return value.doubleValue.map { $0 >= argument.doubleValue! } ?? true
        case "maximum": return value.doubleValue.map { $0 <= argument.doubleValue! } ?? true
        case "exclusiveMinimum": return value.doubleValue.map { $0 > argument.doubleValue! } ?? true
        case "exclusiveMaximum": return value.doubleValue.map { $0 < argument.doubleValue! } ?? true
        case "multipleOf":
            return value.doubleValue.map {
                let quotient = $0 / argument.doubleValue!
                return abs(quotient - quotient.rounded()) < 1e-9
            } ?? true
        case "minLength":
            return value.stringValue.map { $0.unicodeScalars.count >= argument.intValue! } ?? true
        case "maxLength":
            return value.stringValue.map { $0.unicodeScalars.count <= argument.intValue! } ?? true
        case "pattern": return value.stringValue.map { matches(argument.stringValue!, $0) } ?? true
        case "format":
            return value.stringValue.map {
                matches("^(?:\(StringFormats.expressions[argument.stringValue!]!))$", $0)
            } ?? true
        case "minItems": return value.arrayValue.map { $0.count >= argument.intValue! } ?? true
        case "maxItems": return value.arrayValue.map { $0.count <= argument.intValue! } ?? true
        case "items":
            let first = schema["prefixItems"]?.arrayValue?.count ?? 0
            return value.arrayValue?.dropFirst(first).allSatisfy { isValid($0, argument) } ?? true
        case "prefixItems":
            return zip(value.arrayValue ?? [], argument.arrayValue!).allSatisfy { isValid($0, $1) }
        case "required":
            guard let object = value.objectValue else { return true }
            return argument.arrayValue!.allSatisfy { object[$0.stringValue!] != nil }
        case "properties":
            guard let object = value.objectValue else { return true }
            return argument.objectValue!.members.allSatisfy { member in
                object[member.key].map { isValid($0, member.value) } ?? true
            }
        case "additionalProperties":
            guard let object = value.objectValue else { return true }
            return object.members.allSatisfy {
                schema["properties"]?.objectValue?[$0.key] != nil || isValid($0.value, argument)
            }
        case "minProperties":
            return value.objectValue.map { $0.count >= argument.intValue! } ?? true
        case "maxProperties":
            return value.objectValue.map { $0.count <= argument.intValue! } ?? true
        case "anyOf": return argument.arrayValue!.contains { isValid(value, $0) }
        case "allOf": return argument.arrayValue!.allSatisfy { isValid(value, $0) }
        case "not": return !isValid(value, argument)
        default: return true
        }
    }

    private func matches(_ pattern: String, _ text: String) -> Bool {
        text.range(of: pattern, options: .regularExpression) != nil
    }
}

/// Makes schemas and values that often fit them.
struct SchemaMaker {
    private var random: SeededNumbers
    private let words = ["a", "b", "ab", "x", "x_1", "é"]

    init(seed: UInt64) { random = SeededNumbers(state: seed) }

    mutating func schema(depth: Int) -> JSONValue {
        var members: [(String, JSONValue)] = []
        switch random.below(depth > 0 ? 9 : 5) {
        case 0:
            members = [("type", "integer")]
            if random.coin { members.append(("minimum", .integer(random.below(20) - 10))) }
            if random.coin { members.append(("maximum", .integer(random.below(40) - 10))) }
            if random.below(3) == 0 {
                members.append(("multipleOf", .integer(1 + random.below(4))))
            }
        case 1:
            members = [("type", "number")]
            if random.coin {
                members.append(("exclusiveMinimum", .number(Double(random.below(40)) / 4 - 5.125)))
            }
            if random.coin { members.append(("maximum", .number(Double(random.below(40)) / 4))) }
        case 2:
            members = [("type", "string")]
            if random.coin { members.append(("maxLength", .integer(random.below(4)))) }
            if random.coin { members.append(("minLength", .integer(random.below(3)))) }
            if random.below(3) == 0 {
                members.append(
                    ("pattern", .string(["^a", "b$", "a|b", "^[ab]+$", "."][random.below(5)])))
            }
        case 3: members = [("enum", .array((0...random.below(4)).map { _ in scalar() }))]
        case 4:
            members = [
                ("type", .array([.string(["null", "boolean"][random.below(2)]), "string"]))
            ]
        case 5:
            members = [("type", "array"), ("items", schema(depth: depth - 1))]
            if random.coin { members.append(("minItems", .integer(random.below(3)))) }
            if random.coin { members.append(("maxItems", .integer(random.below(4)))) }
            if random.below(3) == 0 {
                members.append(("prefixItems", .array([schema(depth: depth - 1)])))
            }
        case 6, 7:
            var properties: [JSONObject.Member] = []
            for word in words where random.below(3) == 0 {
                properties.append(.init(key: word, value: schema(depth: depth - 1)))
            }
            members = [("type", "object"), ("properties", .object(JSONObject(properties)))]
            let required = words.filter { _ in random.below(5) == 0 }.map { JSONValue.string($0) }
            members.append(("required", .array(required)))
            if random.coin {
                members.append(("additionalProperties", random.coin ? false : schema(depth: 0)))
            }
            if random.below(4) == 0 { members.append(("maxProperties", .integer(random.below(4)))) }
            if random.below(4) == 0 { members.append(("minProperties", .integer(random.below(2)))) }
        default:
            let parts = (0..<2).map { _ in schema(depth: depth - 1) }
            members = [(["anyOf", "allOf"][random.below(2)], .array(parts))]
            if random.below(4) == 0 { members.append(("not", ["type": "null"])) }
        }
        var seen: Set<String> = []
        members = members.filter { seen.insert($0.0).inserted }
        return .object(JSONObject(members.map { .init(key: $0.0, value: $0.1) }))
    }

    private mutating func scalar() -> JSONValue {
        switch random.below(5) {
        case 0: .integer(random.below(30) - 10)
        case 1: .number(Double(random.below(60)) / 4 - 5)
        case 2: .bool(random.coin)
        case 3: .null
        default: .string(words[random.below(words.count)])
        }
    }

    /// A value that has a chance to be valid.
    mutating func instance(of schema: JSONValue, depth: Int) -> JSONValue {
        guard let object = schema.objectValue, random.below(8) > 0, depth > 0 else {
            return scalar()
        }
        if let list = object["enum"]?.arrayValue { return list[random.below(list.count)] }
        if let parts = (object["anyOf"] ?? object["allOf"])?.arrayValue {
            return instance(of: parts[random.below(parts.count)], depth: depth)
        }
        switch object["type"]?.stringValue {
        case "array":
            let items = object["items"] ?? true
            let first = object["prefixItems"]?.arrayValue ?? []
            return .array(
                (0..<random.below(4)).map {
                    instance(of: $0 < first.count ? first[$0] : items, depth: depth - 1)
                })
        case "object":
            var members: [JSONObject.Member] = []
            let properties = object["properties"]?.objectValue
            let required = object["required"]?.arrayValue?.compactMap(\.stringValue) ?? []
            for word in words
            where random.below(4) == 0 || required.contains(word) && random.below(6) > 0 {
                let own = properties?[word] ?? object["additionalProperties"] ?? true
                members.append(.init(key: word, value: instance(of: own, depth: depth - 1)))
            }
            return .object(JSONObject(members))
        case "integer": return .integer(random.below(50) - 15)
        case "number": return .number(Double(random.below(160)) / 8 - 8)
        case "string":
            return .string(
                (0..<random.below(4)).map { _ in ["a", "b", "é"][random.below(3)] }.joined())
        default: return scalar()
        }
    }
}

/// SplitMix64 with a coin.
private struct SeededNumbers {
    var state: UInt64
    mutating func below(_ limit: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(limit))
    }
    var coin: Bool { mutating get { below(2) == 0 } }
}
