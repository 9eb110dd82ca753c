/// Reads an object of a request field by field, and remembers which fields nobody read.

import MartletJSON

/// The fields of one object. A `null` counts as a field that is not there.
///
/// What has the wrong type is refused with the field's path; what nobody asked for is in ``unread``.
final class Fields {
    /// The object.
    let object: JSONObject
    /// Where it stands in the request; empty for the whole of it.
    let path: String
    /// When it was read: what an answer may take counts from here.
    let start = ContinuousClock.now
    private var read: Set<String> = []
    private var children: [Fields] = []
    private var meaningless: [String] = []
    /// Where the children stand, by their paths.
    private var places: [String: Int] = [:]

    init(_ object: JSONObject, at path: String = "") {
        self.object = object
        self.path = path
    }

    /// The body of a request. Throws where it is no object in JSON.
    convenience init(body: [UInt8]) throws(WireError) {
        let value: JSONValue
        do { value = try JSONValue.parse(body, file: "the body", maximumValues: 2_000_000) } catch {
            throw WireError(
                .invalidRequest,
                "the body is not valid JSON at byte \(error.offset), got \(error.got), expected "
                    + "\(error.expected); correct it.", code: "invalid_json")
        }
        guard let object = value.objectValue else {
            throw WireError(
                .invalidRequest, "the body is \(value.summary), expected an object; correct it.",
                code: "invalid_json")
        }
        self.init(object)
    }

    /// The path of a field.
    func path(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// The value of a field.
    subscript(key: String) -> JSONValue? {
        read.insert(key)
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    /// Counts fields as read.
    func accept(_ keys: String...) { read.formUnion(keys) }

    /// The paths of fields that nobody read, those of objects inside included.
    var unread: [String] {
        object.keys.filter { !read.contains($0) }.map(path(_:)) + children.flatMap(\.unread)
            + meaningless
    }

    /// Notes words inside of a field that was read as a whole and that mean nothing, by their paths in it.
    func note(meaningless words: [String], in key: String) {
        meaningless += words.map { "\(path(key)).\($0)" }
    }

    // MARK: Values

    func string(_ key: String) throws(WireError) -> String? {
        guard let value = self[key] else { return nil }
        guard let text = value.stringValue else { throw wrong(key, value, "a string") }
        return text
    }

    func flag(_ key: String) throws(WireError) -> Bool? {
        guard let value = self[key] else { return nil }
        guard let flag = value.boolValue else { throw wrong(key, value, "true or false") }
        return flag
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws(WireError) -> Int? {
        guard let value = self[key] else { return nil }
        guard let number = value.intValue, range.contains(number) else {
            let top = range.upperBound == .max ? "or more" : "to \(range.upperBound)"
            throw wrong(key, value, "a whole number, \(range.lowerBound) \(top)")
        }
        return number
    }

    /// A number that APIs have several names for.
    func integer(_ keys: [String], in range: ClosedRange<Int>) throws(WireError) -> Int? {
        try agreed(keys) { (key) throws(WireError) in try integer(key, in: range) }
    }

    /// What a field says that APIs have several names for. All that are there are checked, and two that say different things
    /// are refused: whichever was taken, somebody meant the other.
    func agreed<Value: Equatable>(
        _ keys: [String], _ read: (String) throws(WireError) -> Value?
    ) throws(WireError) -> Value? {
        var found: (key: String, value: Value)?
        for key in keys {
            guard let value = try read(key) else { continue }
            if let found, found.value != value {
                throw .field(
                    path(key), got: "another value than that of \(found.key)",
                    expected: "the same, or one of the two fields")
            }
            found = found ?? (key, value)
        }
        return found?.value
    }

    /// The path of the first of several names that the request has, else of the first of all: errors call a field as the
    /// client did.
    func path(amongst keys: [String]) -> String {
        path(keys.first { object[$0].map { !$0.isNull } ?? false } ?? keys.first ?? "")
    }

    func number(_ key: String, in range: ClosedRange<Double>) throws(WireError) -> Double? {
        guard let value = self[key] else { return nil }
        guard let number = value.doubleValue, range.contains(number) else {
            let top = range.upperBound > 1e300 ? "or more" : "to \(range.upperBound)"
            throw wrong(key, value, "a number, \(range.lowerBound) \(top)")
        }
        return number
    }

    /// A string or several.
    func strings(_ key: String) throws(WireError) -> [String]? {
        guard let value = self[key] else { return nil }
        if let text = value.stringValue { return [text] }
        guard let elements = value.arrayValue else {
            throw wrong(key, value, "a string or an array of strings")
        }
        return try elements.enumerated().map { (index, element) throws(WireError) in
            guard let text = element.stringValue else {
                throw .field(path("\(key).\(index)"), got: element.summary, expected: "a string")
            }
            return text
        }
    }

    func fields(_ key: String) throws(WireError) -> Fields? {
        guard let value = self[key] else { return nil }
        guard let object = value.objectValue else { throw wrong(key, value, "an object") }
        return child(object, at: path(key))
    }

    /// An object that is taken as it is, whatever it holds.
    func whole(_ key: String) throws(WireError) -> JSONObject? {
        guard let value = self[key] else { return nil }
        guard let object = value.objectValue else { throw wrong(key, value, "an object") }
        return object
    }

    /// Counts all fields as read.
    func acceptAll() { read.formUnion(object.keys) }

    /// An array of objects.
    func list(_ key: String) throws(WireError) -> [Fields]? {
        guard let value = self[key] else { return nil }
        guard let elements = value.arrayValue else {
            throw wrong(key, value, "an array of objects")
        }
        return try elements.enumerated().map { (index, element) throws(WireError) in
            let place = path("\(key).\(index)")
            guard let object = element.objectValue else {
                throw .field(place, got: element.summary, expected: "an object")
            }
            return child(object, at: place)
        }
    }

    /// One of several words.
    func word<Word: RawRepresentable & CaseIterable>(
        _ key: String, _ type: Word.Type
    ) throws(WireError) -> Word? where Word.RawValue == String {
        guard let value = self[key] else { return nil }
        guard let word = value.stringValue.flatMap(Word.init(rawValue:)) else {
            throw wrong(key, value, Word.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return word
    }

    /// Throws where a field is missing.
    func required<Value>(
        _ key: String, _ value: Value?, _ expected: String
    ) throws(WireError) -> Value {
        guard let value else { throw .missing(path(key), expected: expected) }
        return value
    }

    /// The fields of an object inside: the same ones however often they are asked for.
    private func child(_ object: JSONObject, at path: String) -> Fields {
        if let place = places[path] { return children[place] }
        places[path] = children.count
        let child = Fields(object, at: path)
        children.append(child)
        return child
    }

    func wrong(_ key: String, _ value: JSONValue, _ expected: String) -> WireError {
        .field(path(key), got: value.summary, expected: expected)
    }
}
