/// Reading the values of keywords, with the place in every error.

import MartletJSON

/// One schema that is an object, for reading its keywords.
struct SchemaReader {
    let object: JSONObject
    let path: String

    func error(_ keyword: String, expected: String) -> ConstraintError {
        ConstraintError(
            place: "\(path)/\(keyword)",
            problem: "got \(object[keyword]?.summary ?? "nothing"), expected \(expected)")
    }

    func has(_ keyword: String) -> Bool { object[keyword] != nil }

    func types() throws(ConstraintError) -> ValueTypes {
        guard let value = object["type"] else { return .all }
        var types: ValueTypes = []
        for name in value.arrayValue ?? [value] {
            guard let name = name.stringValue, let type = ValueTypes(named: name) else {
                throw error(
                    "type", expected: "null, boolean, integer, number, string, array or object")
            }
            types.formUnion(type)
        }
        return types
    }

    /// A count.
    func count(_ keyword: String) throws(ConstraintError) -> Int32? {
        guard let value = object[keyword] else { return nil }
        guard let count = value.intValue, count >= 0, count < Int(Automaton.endless) else {
            throw error(keyword, expected: "a whole number from 0 on")
        }
        return Int32(count)
    }

    func decimal(_ keyword: String) throws(ConstraintError) -> Decimal? {
        guard let value = object[keyword] else { return nil }
        guard let decimal = Decimal(value), abs(decimal.exponent) <= 60, decimal.digits.count <= 60
        else {
            throw error(keyword, expected: "a number of at most 60 digits")
        }
        return decimal
    }

    func text(_ keyword: String) throws(ConstraintError) -> String? {
        guard let value = object[keyword] else { return nil }
        guard let text = value.stringValue else { throw error(keyword, expected: "a string") }
        return text
    }

    func texts(_ keyword: String) throws(ConstraintError) -> [String] {
        guard let value = object[keyword] else { return [] }
        return try texts(value, keyword)
    }

    func texts(_ value: JSONValue, _ keyword: String) throws(ConstraintError) -> [String] {
        guard let elements = value.arrayValue else {
            throw error(keyword, expected: "a list of strings")
        }
        var texts: [String] = []
        for element in elements {
            guard let text = element.stringValue else {
                throw error(keyword, expected: "a list of strings")
            }
            texts.append(text)
        }
        return texts
    }

    func list(_ keyword: String) throws(ConstraintError) -> [JSONValue]? {
        guard let value = object[keyword] else { return nil }
        guard let list = value.arrayValue else { throw error(keyword, expected: "a list") }
        return list
    }

    func members(_ keyword: String) throws(ConstraintError) -> [JSONObject.Member] {
        guard let value = object[keyword] else { return [] }
        guard let object = value.objectValue else { throw error(keyword, expected: "an object") }
        return object.members
    }

    /// The schemas of a keyword that has a list of them.
    func schemas(_ keyword: String, _ document: inout SchemaDocument) throws(ConstraintError)
        -> [SchemaID]
    {
        guard let list = try list(keyword) else { return [] }
        guard !list.isEmpty else { throw error(keyword, expected: "at least one schema") }
        return list.enumerated().map {
            document.schema($0.element, at: "\(path)/\(keyword)/\($0.offset)")
        }
    }

    /// The schemas of a keyword that names them.
    func named(_ keyword: String, _ document: inout SchemaDocument) throws(ConstraintError)
        -> [(name: String, schema: SchemaID)]
    {
        try members(keyword).map {
            (
                $0.key,
                document.schema(
                    $0.value, at: "\(path)/\(keyword)/\(SchemaDocument.escaped($0.key))")
            )
        }
    }

    func schema(_ keyword: String, _ document: inout SchemaDocument) -> SchemaID? {
        object[keyword].map { document.schema($0, at: "\(path)/\(keyword)") }
    }
}
