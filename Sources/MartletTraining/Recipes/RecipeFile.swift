// A recipe as keys and values, read with the accessors and errors of any configuration.

import MartletFormats
import Yams

/// YAML read into JSON values, so that one reader checks both.
enum RecipeFile {
    /// Larger files are no recipes.
    static let maximumBytes = 1 << 20
    /// More values than any recipe has; aliases of aliases make billions of a few lines.
    static let maximumValues = 100_000
    /// The YAML library expands aliases before we see them, and so few can multiply a text by a few hundred at most.
    static let maximumAliases = 16

    /// Reads YAML (or JSON, which is YAML too).
    static func read(_ text: String, file: String) throws(TrainingError) -> ConfigurationFile {
        func malformed(_ reason: String) -> TrainingError {
            .malformedRecipe(file: file, reason: reason)
        }
        guard text.utf8.count <= maximumBytes else {
            throw malformed("it has \(text.utf8.count) bytes, expected at most \(maximumBytes)")
        }
        guard aliasCount(text) <= maximumAliases else {
            throw malformed("it has more than \(maximumAliases) aliases")
        }
        let node: Node?
        do { node = try Yams.compose(yaml: text) } catch {
            // It quotes the line, which may be of any length and hold anything.
            let sentence = "\(error)".split(separator: "\n").joined(separator: " ")
            throw malformed("it is not valid YAML (\(excerpt(sentence)))")
        }
        guard let node else { throw malformed("it is empty") }
        var left = maximumValues
        guard case .object(let root) = try value(node, depth: 0, left: &left, malformed) else {
            throw malformed("its top level is not a mapping of names to values")
        }
        return ConfigurationFile(path: file, root: root)
    }

    /// What looks like an alias: a star before a name, where a value may begin. Some may stand in texts.
    private static func aliasCount(_ text: String) -> Int {
        let starts = Set(" \n\r\t,[{:-?".utf8)
        var count = 0
        var before = UInt8(ascii: "\n")
        var isStar = false
        for byte in text.utf8 {
            if isStar, !starts.contains(byte) { count += 1 }
            isStar = byte == UInt8(ascii: "*") && starts.contains(before)
            before = byte
        }
        return count
    }

    private static func value(
        _ node: Node, depth: Int, left: inout Int, _ malformed: (String) -> TrainingError
    ) throws(TrainingError) -> JSONValue {
        left -= 1
        guard left >= 0 else {
            throw malformed("it has more than \(maximumValues) values, aliases counted")
        }
        guard depth < 32 else { throw malformed("it nests deeper than 32 levels") }
        switch node {
        case .mapping(let mapping):
            var members: [JSONObject.Member] = []
            var keys: Set<String> = []
            for (key, child) in mapping {
                guard let name = key.string else { throw malformed("a key is not a string") }
                guard keys.insert(name).inserted else {
                    throw malformed("the key '\(name)' is there twice")
                }
                members.append(
                    .init(
                        key: name, value: try value(child, depth: depth + 1, left: &left, malformed)
                    ))
            }
            return .object(JSONObject(members))
        case .sequence(let sequence):
            var elements: [JSONValue] = []
            for child in sequence {
                elements.append(try value(child, depth: depth + 1, left: &left, malformed))
            }
            return .array(elements)
        case .scalar:
            if let number = node.int { return .integer(number) }
            if let flag = node.bool { return .bool(flag) }
            if let number = node.float, number.isFinite { return .number(number) }
            if node.null != nil { return .null }
            return .string(node.string ?? "")
        default: throw malformed("it has an alias, which recipes may not use")
        }
    }
}

extension ConfigurationFile {
    /// Refuses keys that nothing reads: a misspelt one would be ignored without a word.
    func allow(_ keys: [String]) throws(TrainingError) {
        for key in root.keys where !keys.contains(key) {
            throw .format(
                wrongValue(key, expected: "no such key; known are \(keys.joined(separator: ", "))"))
        }
    }

    /// The list of objects at `key`.
    func objects(_ key: String) throws(TrainingError) -> [ConfigurationFile] {
        guard let elements = value(key)?.arrayValue else {
            throw .format(wrongValue(key, expected: "a list"))
        }
        var result: [ConfigurationFile] = []
        for (index, element) in elements.enumerated() {
            guard let object = element.objectValue else {
                throw .format(wrongValue(key, expected: "a list of mappings"))
            }
            result.append(ConfigurationFile(path: "\(path): \(key)[\(index)]", root: object))
        }
        return result
    }
}
