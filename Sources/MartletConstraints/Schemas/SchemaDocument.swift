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
    private let dialect: SchemaDialect
    /// Places of schemas with names of their own that have references in them: these are relative to the names.
    private var bases: Set<String> = []
    /// The most values that a schema may hold.
    static let maximumValues = 200_000

    init(_ root: JSONValue) throws(ConstraintError) {
        self.root = root
        if let name = root.objectValue?["$schema"] {
            guard let dialect = SchemaDialect(named: name.stringValue ?? "") else {
                throw ConstraintError(
                    place: "#/$schema",
                    problem: "the dialect \(name.summary) is not supported; use that of 2020-12")
            }
            self.dialect = dialect
        } else {
            dialect = .latest
        }
        identifier = root.objectValue?[dialect.identifier]?.stringValue
        var count = 0
        _ = try collect(root, "#", &count)
    }

    /// Notes anchors and names, and counts. Returns whether there is a reference in the value.
    private mutating func collect(
        _ value: JSONValue, _ path: String, _ count: inout Int
    ) throws(ConstraintError) -> Bool {
        count += 1
        guard count <= Self.maximumValues else {
            throw ConstraintError(
                place: "#",
                problem: "the schema has more than \(Self.maximumValues) values; make it smaller")
        }
        var hasReference = false
        switch value {
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                let inside = try collect(element, "\(path)/\(index)", &count)
                hasReference = hasReference || inside
            }
        case .object(let object):
            hasReference = object["$ref"] != nil
            if let name = object["$anchor"]?.stringValue {
                anchors[name] = anchors[name] == nil ? path : ""
            }
            for member in object.members {
                let inside = try collect(
                    member.value, "\(path)/\(Self.escaped(member.key))", &count)
                hasReference = hasReference || inside
            }
            if hasReference, object[dialect.identifier]?.stringValue != nil, path != "#" {
                bases.insert(path)
            }
        default: break
        }
        return hasReference
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
        entries.append(Entry(value: meaning(of: value), path: path))
        byPath[path] = entries.count - 1
        return entries.count - 1
    }

    /// A schema without what its dialect takes no notice of.
    private func meaning(of value: JSONValue) -> JSONValue {
        guard dialect.referencesStandAlone, let object = value.objectValue, object.count > 1,
            let reference = object["$ref"], reference.stringValue != nil
        else { return value }
        return .object(JSONObject([.init(key: "$ref", value: reference)]))
    }

    /// Whether references in the schema at a place are relative to a name that it has for itself.
    func isBase(_ path: String) -> Bool { bases.contains(path) }

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
            var (value, path) = (root, "#")
            for part in name.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
                let key = String(part).replacing("~1", with: "/").replacing("~0", with: "~")
                guard let next = Self.member(key, of: value) else {
                    throw ConstraintError(
                        place: place,
                        problem: "the reference #\(excerpt(name)) leads nowhere; correct it")
                }
                value = next.value
                path += "/" + next.name
                // What lies in a schema with a name of its own is named relative to that.
                guard !isBase(path) else {
                    throw ConstraintError(
                        place: place,
                        problem:
                            "a reference into a schema with a name of its own is not supported; remove the name"
                    )
                }
            }
            return schema(value, at: path)
        }
        guard let path = anchors[name], !path.isEmpty else {
            throw ConstraintError(
                place: place,
                problem: "the anchor \(excerpt(name)) is not there, or there twice; correct it")
        }
        return try resolve(path, from: place)
    }

    /// What a part of a pointer leads to, with the part as places have it.
    private static func member(_ key: String, of value: JSONValue) -> (
        value: JSONValue, name: String
    )? {
        switch value {
        case .object(let object): return object[key].map { ($0, escaped(key)) }
        case .array(let elements):
            guard let index = Int(key), elements.indices.contains(index) else { return nil }
            return (elements[index], "\(index)")
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
