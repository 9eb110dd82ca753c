// Reading values out of a parsed JSON text by key, index and type.

/// A value of a `JSONDocument`, by the index of its node.
struct JSONValue {
    var index: Int
}

extension JSONDocument {
    func kind(_ value: JSONValue) -> Kind { nodes[value.index].kind }

    func isNull(_ value: JSONValue?) -> Bool {
        guard let value else { return true }
        return kind(value) == .null
    }

    /// Members of an object in file order, or none when the value is no object.
    func members(_ value: JSONValue?) -> [(key: ArraySlice<UInt8>, value: JSONValue)] {
        guard let value, kind(value) == .object else { return [] }
        var result: [(key: ArraySlice<UInt8>, value: JSONValue)] = []
        result.reserveCapacity(Int(nodes[value.index].count))
        var index = value.index + 1
        for _ in 0..<nodes[value.index].count {
            result.append((bytes(JSONValue(index: index)), JSONValue(index: index + 1)))
            index = following(index + 1)
        }
        return result
    }

    /// Elements of an array in order, or none when the value is no array.
    func elements(_ value: JSONValue?) -> [JSONValue] {
        guard let value, kind(value) == .array else { return [] }
        var result: [JSONValue] = []
        result.reserveCapacity(Int(nodes[value.index].count))
        var index = value.index + 1
        for _ in 0..<nodes[value.index].count {
            result.append(JSONValue(index: index))
            index = following(index)
        }
        return result
    }

    private func following(_ index: Int) -> Int {
        switch nodes[index].kind {
        case .array, .object: Int(nodes[index].position)
        default: index + 1
        }
    }

    /// The member of an object with this key; the last one counts when a key is repeated.
    func member(_ key: String, of value: JSONValue?) -> JSONValue? {
        members(value).last { $0.key.elementsEqual(key.utf8) }?.value
    }

    /// The bytes of a string, empty for other kinds.
    func bytes(_ value: JSONValue) -> ArraySlice<UInt8> {
        let node = nodes[value.index]
        guard node.kind == .string else { return [] }
        return text[Int(node.position)..<Int(node.position) + Int(node.count)]
    }

    func string(_ value: JSONValue?) -> String? {
        guard let value, kind(value) == .string else { return nil }
        return String(decoding: bytes(value), as: UTF8.self)
    }

    func bool(_ value: JSONValue?) -> Bool? {
        guard let value, kind(value) == .bool else { return nil }
        return nodes[value.index].number == 1
    }

    func integer(_ value: JSONValue?) -> Int? {
        guard let value, kind(value) == .number else { return nil }
        return Int(exactly: nodes[value.index].number)
    }

    /// A short description of a value for error messages.
    func describe(_ value: JSONValue?) -> String {
        guard let value else { return "nothing" }
        switch kind(value) {
        case .null: return "null"
        case .bool: return bool(value) == true ? "true" : "false"
        case .number: return "\(nodes[value.index].number)"
        case .string: return "'\(String(decoding: bytes(value).prefix(200), as: UTF8.self))'"
        case .array: return "an array of \(nodes[value.index].count)"
        case .object: return "an object of \(nodes[value.index].count)"
        }
    }
}
