/// A JSON schema and the places in it that are schemas themselves.

import MartletJSON

/// A schema inside a document, by its number.
typealias SchemaID = Int

/// One JSON schema with all the schemas in it, each by its place.
struct SchemaDocument {
    struct Entry {
        let value: JSONValue
        /// A JSON pointer.
        let path: String
    }

    private(set) var entries: [Entry] = []
    private var byPath: [String: SchemaID] = [:]
    private var anchors: [String: String] = [:]
    private let root: JSONValue
    private let identifier: String?
    /// What dialects of JSON Schema are called that mean the same by the keywords that are supported.
    private static let dialects = ["2020-12", "2019-09", "draft-07", "draft-06"]
    /// The most values that a schema may hold.
    static let maximumValues = 200_000

    init(_ root: JSONValue) throws(ConstraintError) {
        self.root = root
        identifier = root.objectValue?["$id"]?.stringValue
        if let dialect = root.objectValue?["$schema"] {
            let name = dialect.stringValue ?? ""
            guard
                Self.dialects.contains(where: {
                    name.contains("json-schema.org/") && name.contains($0)
                })
            else {
                throw ConstraintError(
                    place: "#/$schema",
                    problem: "the dialect \(dialect.summary) is not supported; use that of 2020-12")
            }
        }
        var count = 0
        try collect(root, "#", &count)
    }

    /// Notes anchors, and counts.
    private mutating func collect(
        _ value: JSONValue, _ path: String, _ count: inout Int
    ) throws(ConstraintError) {
        count += 1
        guard count <= Self.maximumValues else {
            throw ConstraintError(
                place: "#",
                problem: "the schema has more than \(Self.maximumValues) values; make it smaller")
        }
        switch value {
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                try collect(element, "\(path)/\(index)", &count)
            }
        case .object(let object):
            if let name = object["$anchor"]?.stringValue {
                anchors[name] = anchors[name] == nil ? path : ""
            }
            for member in object.members {
                try collect(member.value, "\(path)/\(Self.escaped(member.key))", &count)
            }
        default: break
        }
    }

    static func escaped(_ key: String) -> String {
        guard key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") })
        else {
            return key
        }
        return key.replacing("~", with: "~0").replacing("/", with: "~1")
    }

    subscript(id: SchemaID) -> Entry { entries[id] }

    /// The number of a schema at a place.
    mutating func schema(_ value: JSONValue, at path: String) -> SchemaID {
        if let id = byPath[path] { return id }
        entries.append(Entry(value: value, path: path))
        byPath[path] = entries.count - 1
        return entries.count - 1
    }

    /// The whole schema.
    mutating func rootSchema() -> SchemaID { schema(root, at: "#") }

    /// The schema that a reference names.
    mutating func resolve(_ reference: String, from place: String) throws(ConstraintError)
        -> SchemaID
    {
        var reference = reference[...]
        if let identifier, !identifier.isEmpty, reference.hasPrefix(identifier) {
            let rest = reference.dropFirst(identifier.count)
            if rest.isEmpty || rest.hasPrefix("#") { reference = rest.isEmpty ? "#" : rest }
        }
        guard reference.hasPrefix("#") else {
            throw ConstraintError(
                place: place,
                problem:
                    "the reference \(excerpt(String(reference))) leads out of the schema; put its target into $defs"
            )
        }
        let name = try decoded(reference.dropFirst(), place)
        guard !name.isEmpty, !name.hasPrefix("/") else {
            if name.isEmpty { return rootSchema() }
            var value = root
            for part in name.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
                let key = String(part).replacing("~1", with: "/").replacing("~0", with: "~")
                guard let next = Self.member(key, of: value) else {
                    throw ConstraintError(
                        place: place,
                        problem: "the reference #\(excerpt(name)) leads nowhere; correct it")
                }
                value = next
                // What lies in a schema with a name of its own is named relative to that.
                guard value.objectValue?["$id"] == nil else {
                    throw ConstraintError(
                        place: place,
                        problem: "a reference into a schema with an $id of its own is not supported"
                    )
                }
            }
            return schema(value, at: "#" + name)
        }
        guard let path = anchors[name], !path.isEmpty else {
            throw ConstraintError(
                place: place,
                problem: "the anchor \(excerpt(name)) is not there, or there twice; correct it")
        }
        return try resolve(path, from: place)
    }

    private static func member(_ key: String, of value: JSONValue) -> JSONValue? {
        switch value {
        case .object(let object): return object[key]
        case .array(let elements):
            guard let index = Int(key), elements.indices.contains(index) else { return nil }
            return elements[index]
        default: return nil
        }
    }

    /// A fragment without its percent signs.
    private func decoded(_ text: Substring, _ place: String) throws(ConstraintError) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var result: [UInt8] = []
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            guard bytes.count >= 2,
                let code = UInt8(String(decoding: bytes.prefix(2), as: UTF8.self), radix: 16)
            else {
                throw ConstraintError(
                    place: place, problem: "a reference with a % that is no escape")
            }
            result.append(code)
            bytes.removeFirst(2)
        }
        return String(decoding: result, as: UTF8.self)
    }
}
