// A recipe as keys and values, read with the accessors and errors of any configuration.

import MartletFormats
import Yams

/// YAML read into JSON values, so that one reader checks both.
enum RecipeFile {
    /// Larger files are no recipes.
    static let maximumBytes = 1 << 20

    /// Reads YAML (or JSON, which is YAML too).
    static func read(_ text: String, file: String) throws(TrainingError) -> ConfigurationFile {
        func malformed(_ reason: String) -> TrainingError {
            .malformedRecipe(file: file, reason: reason)
        }
        guard text.utf8.count <= maximumBytes else {
            throw malformed("it has \(text.utf8.count) bytes, expected at most \(maximumBytes)")
        }
        let node: Node?
        do { node = try Yams.compose(yaml: text) } catch {
            let sentence = "\(error)".split(separator: "\n").joined(separator: " ")
            throw malformed("it is not valid YAML (\(sentence))")
        }
        guard let node else { throw malformed("it is empty") }
        guard case .object(let root) = try value(node, depth: 0, malformed) else {
            throw malformed("its top level is not a mapping of names to values")
        }
        return ConfigurationFile(path: file, root: root)
    }

    private static func value(
        _ node: Node, depth: Int, _ malformed: (String) -> TrainingError
    ) throws(TrainingError) -> JSONValue {
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
                    .init(key: name, value: try value(child, depth: depth + 1, malformed)))
            }
            return .object(JSONObject(members))
        case .sequence(let sequence):
            var elements: [JSONValue] = []
            for child in sequence { elements.append(try value(child, depth: depth + 1, malformed)) }
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
