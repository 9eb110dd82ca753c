/// Reading values out of a parsed JSON text by key, index and type.

extension JSONDocument {
    package func kind(_ node: JSONNode) -> Kind { nodes[node.index].kind }

    /// Whether there is no value, or it is `null`.
    package func isNull(_ node: JSONNode?) -> Bool {
        guard let node else { return true }
        return kind(node) == .null
    }

    /// How many members an object or elements an array has; 0 for other kinds.
    package func count(_ node: JSONNode) -> Int {
        switch kind(node) {
        case .array, .object: Int(nodes[node.index].count)
        default: 0
        }
    }

    /// Members of an object in file order, or none when the value is no object.
    package func members(_ node: JSONNode?) -> [(key: ArraySlice<UInt8>, value: JSONNode)] {
        guard let node, kind(node) == .object else { return [] }
        var result: [(key: ArraySlice<UInt8>, value: JSONNode)] = []
        result.reserveCapacity(count(node))
        var index = node.index + 1
        for _ in 0..<count(node) {
            result.append((bytes(JSONNode(index: index)), JSONNode(index: index + 1)))
            index = following(index + 1)
        }
        return result
    }

    /// Elements of an array in order, or none when the value is no array.
    package func elements(_ node: JSONNode?) -> [JSONNode] {
        guard let node, kind(node) == .array else { return [] }
        var result: [JSONNode] = []
        result.reserveCapacity(count(node))
        var index = node.index + 1
        for _ in 0..<count(node) {
            result.append(JSONNode(index: index))
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
    package func member(_ key: String, of node: JSONNode?) -> JSONNode? {
        members(node).last { $0.key.elementsEqual(key.utf8) }?.value
    }

    /// The bytes of a string, empty for other kinds.
    package func bytes(_ node: JSONNode) -> ArraySlice<UInt8> {
        let node = nodes[node.index]
        guard node.kind == .string else { return [] }
        return strings[Int(node.position)..<Int(node.position) + Int(node.count)]
    }

    package func string(_ node: JSONNode?) -> String? {
        guard let node, kind(node) == .string else { return nil }
        return String(decoding: bytes(node), as: UTF8.self)
    }

    package func bool(_ node: JSONNode?) -> Bool? {
        guard let node, kind(node) == .bool else { return nil }
        return nodes[node.index].payload == 1
    }

    /// The value as an integer: an integer, or a number such as `4096.0` that is one exactly.
    package func integer(_ node: JSONNode?) -> Int? {
        guard let node else { return nil }
        switch kind(node) {
        case .integer: return Int(nodes[node.index].payload)
        case .number: return Int(exactly: number(nodes[node.index]))
        default: return nil
        }
    }

    /// The value as the nearest double: any number.
    package func number(_ node: JSONNode?) -> Double? {
        guard let node else { return nil }
        switch kind(node) {
        case .integer: return Double(nodes[node.index].payload)
        case .number: return number(nodes[node.index])
        default: return nil
        }
    }

    private func number(_ node: Node) -> Double {
        Double(bitPattern: UInt64(bitPattern: node.payload))
    }

    /// The value in a few words, for the "got" of an error.
    package func summary(_ node: JSONNode?) -> String {
        guard let node else { return "nothing" }
        return switch kind(node) {
        case .null: JSONValue.null.summary
        case .bool: JSONValue.bool(bool(node) ?? false).summary
        case .integer, .number: scalar(nodes[node.index]).summary
        case .string: JSONValue.string(string(node) ?? "").summary
        case .array: "an array of \(count(node))"
        case .object: "an object of \(count(node)) keys"
        }
    }

    private func scalar(_ node: Node) -> JSONValue {
        node.kind == .integer ? .integer(Int(node.payload)) : .number(number(node))
    }
}

extension JSONDocument {
    /// The whole text as a tree.
    ///
    /// - Throws: ``JSONError`` for an object in which a key occurs twice.
    func tree() throws(JSONError) -> JSONValue {
        var index = 0
        return try tree(&index)
    }

    /// The value at `index`, which moves past it. Parsing has bounded the depth.
    private func tree(_ index: inout Int) throws(JSONError) -> JSONValue {
        let node = nodes[index]
        index += 1
        switch node.kind {
        case .null: return .null
        case .bool: return .bool(node.payload == 1)
        case .integer, .number: return scalar(node)
        case .string: return .string(text(node))
        case .array:
            var elements: [JSONValue] = []
            elements.reserveCapacity(Int(node.count))
            for _ in 0..<node.count { elements.append(try tree(&index)) }
            return .array(elements)
        case .object:
            var members: [JSONObject.Member] = []
            members.reserveCapacity(Int(node.count))
            for _ in 0..<node.count {
                let key = text(nodes[index])
                index += 1
                members.append(.init(key: key, value: try tree(&index)))
            }
            switch JSONObject.checked(members) {
            case .success(let object): return .object(object)
            case .failure(let duplicate):
                throw JSONError(
                    file: file, offset: Int(node.payload),
                    got: "an object with the key \(quoted(duplicate.key)) twice",
                    expected: "each key once")
            }
        }
    }

    private func text(_ node: Node) -> String {
        let start = Int(node.position)
        return strings.span.extracting(start..<start + Int(node.count)).withUnsafeBufferPointer {
            String(decoding: $0, as: UTF8.self)
        }
    }
}
