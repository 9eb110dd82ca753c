/// Attributes and subscripts.

extension TemplateValue {
    /// `value.name`: an attribute, or else a key.
    func attribute(_ name: String) throws(TemplateFault) -> TemplateValue {
        if case .undefined(let value) = self { throw value.fault }
        if let found = ownAttribute(name) { return found }
        if case .dictionary(let dictionary) = self, let found = dictionary.value(name) {
            return found
        }
        return .undefined(absent(.string(name)))
    }

    /// `value[key]`: a key or a place, or else an attribute.
    func item(_ key: TemplateValue) throws(TemplateFault) -> TemplateValue {
        switch self {
        case .undefined(let value): throw value.fault
        case .dictionary(let dictionary):
            if let found = DictionaryKey(key).flatMap({ dictionary.value($0) }) { return found }
        case .text(let text):
            if let index = key.integerValue {
                let offsets = text.characterOffsets
                let count = offsets.count - 1
                let place = index < 0 ? index + count : index
                if place >= 0, place < count {
                    return .text(text[offsets[place]..<offsets[place + 1]])
                }
            }
        case .list(let list):
            if let found = element(key, of: list) { return found }
        case .view(let view) where view.kind == .range:
            if let found = element(key, of: view.list) { return found }
        default: break
        }
        if let name = key.textValue, let found = ownAttribute(name.string) {
            return found
        }
        return .undefined(absent(key))
    }

    private func element(_ key: TemplateValue, of list: ListValue) -> TemplateValue? {
        guard let index = key.integerValue else { return nil }
        let place = index < 0 ? index + list.elements.count : index
        return list.elements.indices.contains(place) ? list.elements[place] : nil
    }

    private func ownAttribute(_ name: String) -> TemplateValue? {
        if name.hasPrefix("__"), name.hasSuffix("__") { return withheld(name) }
        switch self {
        case .text:
            return TextMethods.table[name] == nil ? nil : .method(MethodValue(self, name))
        case .dictionary:
            if ["clear", "pop", "popitem", "setdefault", "update"].contains(name) {
                return withheld(name)
            }
            return ["get", "items", "keys", "values", "copy"].contains(name)
                ? .method(MethodValue(self, name)) : nil
        case .list(let list):
            let changing = [
                "append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove",
            ]
            if !list.isTuple, changing.contains(name) { return withheld(name) }
            return ["count", "index"].contains(name) || (!list.isTuple && name == "copy")
                ? .method(MethodValue(self, name)) : nil
        case .namespace(let namespace): return namespace.values[name]
        case .loop(let loop): return attribute(name, of: loop)
        case .macro(let macro): return name == "name" ? .string(macro.definition.name) : nil
        default: return nil
        }
    }

    private func withheld(_ name: String) -> TemplateValue {
        .undefined(
            UndefinedValue(
                "access to attribute '\(name)' of '\(typeName)' object is unsafe.",
                isWithheld: true))
    }

    private func absent(_ key: TemplateValue) -> UndefinedValue {
        let owner: String =
            switch self {
            case .none: "None"
            case .namespace: "jinja2.utils.Namespace object"
            case .loop: "jinja2.runtime.LoopContext object"
            case .macro: "jinja2.runtime.Macro object"
            default: typeName + " object"
            }
        guard let name = key.textValue else {
            return UndefinedValue("\(owner) has no element \(key.representation.string)")
        }
        return UndefinedValue("'\(owner)' has no attribute '\(name.string)'")
    }

    private func attribute(_ name: String, of loop: LoopValue) -> TemplateValue? {
        let count = loop.elements.count
        switch name {
        case "index": return .integer(loop.index + 1)
        case "index0": return .integer(loop.index)
        case "first": return .bool(loop.index == 0)
        case "last": return .bool(loop.index == count - 1)
        case "length": return .integer(count)
        case "revindex": return .integer(count - loop.index)
        case "revindex0": return .integer(count - loop.index - 1)
        case "depth": return .integer(loop.depth + 1)
        case "depth0": return .integer(loop.depth)
        case "previtem":
            guard loop.index > 0 else {
                return .undefined(UndefinedValue("there is no previous item"))
            }
            return loop.elements[loop.index - 1]
        case "nextitem":
            guard loop.index + 1 < count else {
                return .undefined(UndefinedValue("there is no next item"))
            }
            return loop.elements[loop.index + 1]
        case "cycle", "changed": return .method(MethodValue(.loop(loop), name))
        default: return nil
        }
    }
}
