/// A `config.json`, read key by key, with errors that name the file, the key, what was found and
/// what was expected.
///
/// It knows JSON types and ranges, and refuses to know what a key means.

public import MartletJSON

/// The keys of a JSON configuration, or of an object nested in one.
public struct ConfigurationFile: Sendable {
    /// The path of the file.
    public let path: String
    /// The keys and values.
    public let root: JSONObject
    /// The keys that lead to `root`, each followed by a dot; empty at the top.
    private let prefix: String

    /// Reads the file at `path`.
    ///
    /// - Throws: ``FormatError`` when it cannot be read, is not JSON, or is not an object.
    public init(path: String) throws(FormatError) {
        let value = try JSONValue.parse(contentsOf: path)
        guard let root = value.objectValue else {
            throw FormatError.malformedJSON(
                file: path, offset: 0, got: value.summary, expected: "an object")
        }
        self.init(path: path, root: root)
    }

    /// A configuration that was read or made elsewhere; `path` is the name that errors give to it.
    public init(path: String, root: JSONObject) {
        self.init(path: path, root: root, prefix: "")
    }

    private init(path: String, root: JSONObject, prefix: String) {
        self.path = path
        self.root = root
        self.prefix = prefix
    }

    /// Whether the key is there and is not null, which writers use for "not set".
    public func contains(_ key: String) -> Bool {
        value(key) != nil
    }

    /// The value of `key`; nil when it is absent or null.
    public func value(_ key: String) -> JSONValue? {
        guard let value = root[key], !value.isNull else { return nil }
        return value
    }

    /// Whether the key is there, be it null: where absent has a default, null means none.
    package func isWritten(_ key: String) -> Bool { root[key] != nil }

    /// The name that errors give to `key`: the keys that lead to it, then the key.
    package func name(of key: String) -> String { prefix + key }

    /// The same without the keys that are not in `keys`.
    package func keeping(_ keys: Set<String>) -> ConfigurationFile {
        ConfigurationFile(
            path: path, root: JSONObject(root.members.filter { keys.contains($0.key) }),
            prefix: prefix)
    }

    /// The same with these values where a key is absent or null.
    package func adding(_ defaults: [String: JSONValue]) -> ConfigurationFile {
        let missing = defaults.filter { !contains($0.key) }
        let members = root.members.filter { missing[$0.key] == nil }
        let added = missing.sorted { $0.key < $1.key }.map {
            JSONObject.Member(key: $0.key, value: $0.value)
        }
        return ConfigurationFile(path: path, root: JSONObject(members + added), prefix: prefix)
    }

    // MARK: Required keys

    /// The integer at `key`, inside `range`.
    ///
    /// - Throws: ``FormatError/missingKey(file:key:expected:)`` or
    ///   ``FormatError/wrongValue(file:key:got:expected:)``, like every accessor here.
    public func int(
        _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
    ) throws(FormatError) -> Int {
        let expected = describe(range)
        let value = try required(key, expected)
        guard let result = value.intValue, range.contains(result) else {
            throw wrong(key, value, expected)
        }
        return result
    }

    /// The number at `key`, inside `range`.
    public func double(
        _ key: String, in range: ClosedRange<Double> = -Double.infinity...Double.infinity
    ) throws(FormatError) -> Double {
        let bounded = range.lowerBound.isFinite || range.upperBound.isFinite
        let expected =
            bounded ? "a number from \(range.lowerBound) to \(range.upperBound)" : "a number"
        let value = try required(key, expected)
        guard let result = value.doubleValue, range.contains(result) else {
            throw wrong(key, value, expected)
        }
        return result
    }

    /// The Boolean at `key`.
    public func bool(_ key: String) throws(FormatError) -> Bool {
        let value = try required(key, "true or false")
        guard let result = value.boolValue else { throw wrong(key, value, "true or false") }
        return result
    }

    /// The string at `key`.
    public func string(_ key: String) throws(FormatError) -> String {
        let value = try required(key, "a string")
        guard let result = value.stringValue else { throw wrong(key, value, "a string") }
        return result
    }

    /// The object at `key`; its errors name the keys that led to it.
    public func object(_ key: String) throws(FormatError) -> ConfigurationFile {
        let value = try required(key, "an object")
        guard let result = value.objectValue else { throw wrong(key, value, "an object") }
        return ConfigurationFile(path: path, root: result, prefix: prefix + key + ".")
    }

    /// The strings at `key`, an array or a single one.
    public func strings(_ key: String) throws(FormatError) -> [String] {
        let value = try required(key, "an array of strings")
        var result: [String] = []
        for element in value.arrayValue ?? [value] {
            guard let text = element.stringValue else {
                throw wrong(key, value, "an array of strings")
            }
            result.append(text)
        }
        return result
    }

    /// The integers at `key`, an array or a single one (`eos_token_id` is written both ways).
    public func ints(_ key: String) throws(FormatError) -> [Int] {
        let value = try required(key, "an integer or an array of integers")
        var result: [Int] = []
        for element in value.arrayValue ?? [value] {
            guard let number = element.intValue else {
                throw wrong(key, value, "an integer or an array of integers")
            }
            result.append(number)
        }
        return result
    }

    /// The numbers at `key`, an array.
    public func doubles(_ key: String) throws(FormatError) -> [Double] {
        let value = try required(key, "an array of numbers")
        guard let elements = value.arrayValue else {
            throw wrong(key, value, "an array of numbers")
        }
        var result: [Double] = []
        for element in elements {
            guard let number = element.doubleValue else {
                throw wrong(key, value, "an array of numbers")
            }
            result.append(number)
        }
        return result
    }

    // MARK: Keys that may be absent or null

    /// The integer at `key`, or nil when it is absent or null.
    public func optionalInt(
        _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
    ) throws(FormatError) -> Int? {
        contains(key) ? try int(key, in: range) : nil
    }

    /// The number at `key`, or nil when it is absent or null.
    public func optionalDouble(
        _ key: String, in range: ClosedRange<Double> = -Double.infinity...Double.infinity
    ) throws(FormatError) -> Double? {
        contains(key) ? try double(key, in: range) : nil
    }

    /// The Boolean at `key`, or nil when it is absent or null.
    public func optionalBool(_ key: String) throws(FormatError) -> Bool? {
        contains(key) ? try bool(key) : nil
    }

    /// The string at `key`, or nil when it is absent or null.
    public func optionalString(_ key: String) throws(FormatError) -> String? {
        contains(key) ? try string(key) : nil
    }

    /// The object at `key`, or nil when it is absent or null.
    public func optionalObject(_ key: String) throws(FormatError) -> ConfigurationFile? {
        contains(key) ? try object(key) : nil
    }

    /// The integers at `key`, or nil when it is absent or null.
    public func optionalInts(_ key: String) throws(FormatError) -> [Int]? {
        contains(key) ? try ints(key) : nil
    }

    /// The integer at `key`, or `fallback` when it is absent or null.
    public func int(
        _ key: String, default fallback: Int, in range: ClosedRange<Int> = Int.min...Int.max
    ) throws(FormatError) -> Int {
        try optionalInt(key, in: range) ?? fallback
    }

    /// The number at `key`, or `fallback` when it is absent or null.
    public func double(
        _ key: String, default fallback: Double,
        in range: ClosedRange<Double> = -Double.infinity...Double.infinity
    ) throws(FormatError) -> Double {
        try optionalDouble(key, in: range) ?? fallback
    }

    /// The Boolean at `key`, or `fallback` when it is absent or null.
    public func bool(_ key: String, default fallback: Bool) throws(FormatError) -> Bool {
        try optionalBool(key) ?? fallback
    }

    /// The string at `key`, or `fallback` when it is absent or null.
    public func string(_ key: String, default fallback: String) throws(FormatError) -> String {
        try optionalString(key) ?? fallback
    }

    // MARK: Errors

    /// The error that `key` holds what the caller cannot use, for checks that only the caller can
    /// make.
    public func wrongValue(_ key: String, expected: String) -> FormatError {
        guard let value = root[key] else {
            return .missingKey(file: path, key: prefix + key, expected: expected)
        }
        return wrong(key, value, expected)
    }

    private func required(_ key: String, _ expected: String) throws(FormatError) -> JSONValue {
        guard let value = root[key] else {
            throw FormatError.missingKey(file: path, key: prefix + key, expected: expected)
        }
        return value
    }

    private func wrong(_ key: String, _ value: JSONValue, _ expected: String) -> FormatError {
        .wrongValue(file: path, key: prefix + key, got: value.summary, expected: expected)
    }

    private func describe(_ range: ClosedRange<Int>) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (Int.min, Int.max): "an integer"
        case (let lower, Int.max): "an integer of at least \(lower)"
        case (Int.min, let upper): "an integer of at most \(upper)"
        case (let lower, let upper): "an integer from \(lower) to \(upper)"
        }
    }
}
