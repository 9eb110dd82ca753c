/// What a template computes with: Python's values as far as templates know them.

import MartletJSON

/// A value.
///
/// Values never change, except namespaces: the environment that templates are written for refuses to change
/// what a template was given, and lists and dictionaries of its own as well.
enum TemplateValue {
    case undefined(UndefinedValue)
    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case text(TemplateText)
    case list(ListValue)
    case dictionary(DictionaryValue)
    case view(ViewValue)
    case generator(GeneratorValue)
    case namespace(NamespaceValue)
    case loop(LoopValue)
    case macro(MacroValue)
    case function(GlobalFunction)
    case method(MethodValue)

    static func string(_ text: String) -> TemplateValue { .text(TemplateText(text)) }
    static func list(_ elements: [TemplateValue]) -> TemplateValue { .list(ListValue(elements)) }
    static func tuple(_ elements: [TemplateValue]) -> TemplateValue {
        .list(ListValue(elements, isTuple: true))
    }

    /// Python's name of its type.
    var typeName: String {
        switch self {
        case .undefined: "Undefined"
        case .none: "NoneType"
        case .bool: "bool"
        case .integer: "int"
        case .number: "float"
        case .text(let text): text.isMarkup ? "Markup" : "str"
        case .list(let list): list.isTuple ? "tuple" : "list"
        case .dictionary: "dict"
        case .view(let view): view.kind.rawValue
        case .generator: "generator"
        case .namespace: "Namespace"
        case .loop: "LoopContext"
        case .macro: "Macro"
        case .function: "function"
        case .method: "builtin_function_or_method"
        }
    }

    /// How deep it nests.
    var depth: Int {
        switch self {
        case .list(let list): list.depth
        case .dictionary(let dictionary): dictionary.depth
        case .view(let view): view.list.depth
        case .generator(let generator): generator.depth
        case .method(let method): method.receiver.depth + 1
        default: 0
        }
    }

    /// About how many bytes it takes to write it: those of its texts, and some for each part.
    var weight: Int {
        switch self {
        case .text(let text): text.count
        case .list(let list): list.weight
        case .dictionary(let dictionary): dictionary.weight
        case .view(let view): view.list.weight
        case .generator(let generator): generator.weight
        case .method(let method): method.receiver.weight
        default: 4
        }
    }

    /// The sum of some weights, which stays a number whatever is put together.
    static func weight(of values: [TemplateValue]) -> Int {
        var total = 0
        for value in values { total = min(1 << 60, total + value.weight + 2) }
        return total
    }

    /// Values nest at most this deep, since what walks over them takes stack.
    static let maximumDepth = 200

    var isUndefined: Bool { if case .undefined = self { true } else { false } }
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .text(let text): !text.isEmpty
        case .list(let list): !list.elements.isEmpty
        case .dictionary(let dictionary): dictionary.count > 0
        case .view(let view): !view.list.elements.isEmpty
        case .generator, .namespace, .loop, .macro, .function, .method: true
        }
    }

    var textValue: TemplateText? { if case .text(let text) = self { text } else { nil } }

    /// An integer; Booleans are some.
    var integerValue: Int? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .integer(let value): value
        default: nil
        }
    }

    var numberValue: Double? {
        if case .number(let value) = self { value } else { integerValue.map(Double.init) }
    }

    /// A value of JSON.
    ///
    /// Texts count as input, save the names of roles and kinds of parts, which are no one's words: templates make
    /// control tokens of them (`<|user|>`).
    init(_ json: JSONValue, fromInput: Bool, key: String? = nil) {
        switch json {
        case .null: self = .none
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .number(let value): self = .number(value)
        case .string(let text):
            let isName = (key == "role" || key == "type") && text.utf8.allSatisfy(Self.isNameByte)
            self = .text(TemplateText(text, fromInput: fromInput && !isName))
        case .array(let elements):
            self = .list(ListValue(elements.map { TemplateValue($0, fromInput: fromInput) }))
        case .object(let object):
            self = .dictionary(
                DictionaryValue(
                    object.members.map { member in
                        (
                            .text(TemplateText(member.key, fromInput: fromInput)),
                            TemplateValue(member.value, fromInput: fromInput, key: member.key)
                        )
                    }))
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// Something that is not there: it renders as nothing and is false, but has no attributes.
struct UndefinedValue {
    let message: String
    /// Whether it is withheld rather than absent.
    let isWithheld: Bool

    init(_ message: String, isWithheld: Bool = false) {
        self.message = message
        self.isWithheld = isWithheld
    }

    var fault: TemplateFault { TemplateFault(isWithheld ? .security : .undefined, message) }
}

/// A list or a tuple.
struct ListValue {
    let elements: [TemplateValue]
    let isTuple: Bool
    let depth: Int
    let weight: Int

    init(_ elements: [TemplateValue], isTuple: Bool = false) {
        self.elements = elements
        self.isTuple = isTuple
        weight = TemplateValue.weight(of: elements)
        depth = 1 + (elements.lazy.map(\.depth).max() ?? 0)
    }
}

/// What a dictionary finds a value by.
enum DictionaryKey: Hashable {
    case none
    case number(Double)
    case integer(Int)
    case text([UInt8])
    case tuple([DictionaryKey])

    /// Nil for what Python cannot hash.
    init?(_ value: TemplateValue) {
        switch value {
        case .none: self = .none
        case .bool, .integer: self = .integer(value.integerValue ?? 0)
        case .number(let number):
            self = Int(exactly: number).map { .integer($0) } ?? .number(number)
        case .text(let text): self = .text(text.utf8)
        case .list(let list) where list.isTuple:
            var keys: [DictionaryKey] = []
            for element in list.elements {
                guard let key = DictionaryKey(element) else { return nil }
                keys.append(key)
            }
            self = .tuple(keys)
        default: return nil
        }
    }
}

/// A dictionary: values by key, in the order in which they were given.
struct DictionaryValue {
    private(set) var entries: [(key: TemplateValue, value: TemplateValue)] = []
    private var positions: [DictionaryKey: Int] = [:]
    private(set) var depth = 1
    private(set) var weight = 0

    init() {}

    /// Entries whose keys are texts.
    init(_ entries: [(TemplateValue, TemplateValue)]) {
        for (key, value) in entries { set(key, value) }
    }

    var count: Int { entries.count }

    /// Returns whether the key is one.
    @discardableResult
    mutating func set(_ key: TemplateValue, _ value: TemplateValue) -> Bool {
        guard let found = DictionaryKey(key) else { return false }
        depth = max(depth, 1 + value.depth, 1 + key.depth)
        weight = min(1 << 60, weight + key.weight + value.weight + 4)
        if let position = positions[found] {
            entries[position].value = value
        } else {
            positions[found] = entries.count
            entries.append((key, value))
        }
        return true
    }

    func value(_ key: DictionaryKey) -> TemplateValue? { positions[key].map { entries[$0].value } }
    func value(_ key: String) -> TemplateValue? { value(.text(Array(key.utf8))) }

    var items: [TemplateValue] { entries.map { .tuple([$0.key, $0.value]) } }
    var keys: [TemplateValue] { entries.map(\.key) }
    var values: [TemplateValue] { entries.map(\.value) }
}

/// What `range` and a dictionary's methods give: it has a length and can be walked over, and is no list.
struct ViewValue {
    enum Kind: String {
        case range
        case items = "dict_items"
        case keys = "dict_keys"
        case values = "dict_values"
    }

    let kind: Kind
    let list: ListValue

    init(_ kind: Kind, _ elements: [TemplateValue]) {
        self.kind = kind
        list = ListValue(elements)
    }
}

/// What filters such as `map` give: it can be walked over once.
final class GeneratorValue {
    private var elements: [TemplateValue]
    let depth: Int
    let weight: Int

    init(_ elements: [TemplateValue]) {
        self.elements = elements
        weight = TemplateValue.weight(of: elements)
        depth = 1 + (elements.lazy.map(\.depth).max() ?? 0)
    }

    func take() -> [TemplateValue] {
        defer { elements = [] }
        return elements
    }

    /// The next element, where one is asked for alone.
    func next() -> TemplateValue? { elements.isEmpty ? nil : elements.removeFirst() }
}

/// A namespace: the one thing that a template may change.
final class NamespaceValue {
    var values: [String: TemplateValue]

    init(_ values: [String: TemplateValue]) { self.values = values }
}

/// `loop` inside a loop.
final class LoopValue {
    let elements: [TemplateValue]
    var index = 0
    let depth: Int
    /// The statement, where the loop may be entered again by calling it.
    let recursion: (statement: LoopStatement, scope: TemplateScope)?
    var lastChanged: [TemplateValue]?

    init(
        _ elements: [TemplateValue], depth: Int,
        recursion: (statement: LoopStatement, scope: TemplateScope)? = nil
    ) {
        self.elements = elements
        self.depth = depth
        self.recursion = recursion
    }
}

/// A macro, with the names around its definition.
struct MacroValue {
    let definition: MacroDefinition
    let scope: TemplateScope
}

/// The functions that every template has.
enum GlobalFunction: String, CaseIterable {
    case range
    case dict
    case namespace
    case raiseException = "raise_exception"
    case strftimeNow = "strftime_now"
}

/// A method of a value, such as the `split` of a text.
final class MethodValue {
    let receiver: TemplateValue
    let name: String

    init(_ receiver: TemplateValue, _ name: String) {
        self.receiver = receiver
        self.name = name
    }
}

/// Names and what they are bound to; a name that is not found is looked up in the scope around.
final class TemplateScope {
    var values: [String: TemplateValue]
    let parent: TemplateScope?

    init(_ values: [String: TemplateValue] = [:], in parent: TemplateScope? = nil) {
        self.values = values
        self.parent = parent
    }

    subscript(name: String) -> TemplateValue? {
        var scope: TemplateScope? = self
        while let current = scope {
            if let value = current.values[name] { return value }
            scope = current.parent
        }
        return nil
    }
}
