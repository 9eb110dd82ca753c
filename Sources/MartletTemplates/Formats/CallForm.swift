/// How a model writes calls, as parts: what a grammar of calls is made of.

/// The parts of a call in the order in which a model writes them.
public struct CallForm: Sendable, Equatable {
    /// One part.
    public enum Part: Sendable, Equatable {
        /// This text.
        case text(String)
        /// A mark, which may be a special token.
        case mark(String)
        /// A few blanks, or none.
        case space
        /// The arguments as one object of JSON.
        case arguments
        /// Each argument by itself.
        case parameters(ParameterForm)
    }

    /// What begins one call, or several.
    public let opening: String
    /// What stands between the opening and the first call.
    public let first: [Part]
    /// What stands between two calls; nil where each call has an opening of its own.
    public let separator: [Part]?
    /// What ends one call, or several.
    public let closing: [Part]
    private let before: @Sendable (String) -> [Part]
    private let after: [Part]

    /// The parts of one call of a tool.
    public func call(of name: String) -> [Part] { before(name) + after }

    init(
        opening: String, first: [Part] = [], separator: [Part]? = nil, closing: [Part] = [],
        after: [Part], before: @escaping @Sendable (String) -> [Part]
    ) {
        self.opening = opening
        self.first = first
        self.separator = separator
        self.closing = closing
        self.before = before
        self.after = after
    }

    /// Whether both are written the same way.
    public static func == (left: CallForm, right: CallForm) -> Bool {
        left.opening == right.opening && left.first == right.first
            && left.separator == right.separator && left.closing == right.closing
            && left.call(of: "f") == right.call(of: "f")
    }
}

/// How one argument is written where each has tags of its own.
public struct ParameterForm: Sendable, Equatable {
    /// What stands before the key.
    public let open: String
    /// What stands after the key of a text.
    public let textKeyEnd: String
    /// What stands after the key of any other value.
    public let jsonKeyEnd: String
    /// What stands after the value.
    public let close: String
}

extension ChatFormat {
    /// How the model writes calls; nil where that is not one text around the arguments: in Python's notation, with bare
    /// keys, or in messages of several channels.
    public var callForm: CallForm? { syntax.callForm }
}

extension ResponseSyntax {
    /// Families whose objects of calls have other keys.
    private static let otherKeys: Set<String> = ["cohere"]

    fileprivate var callForm: CallForm? {
        switch calls {
        case .json(let open, let close):
            guard let open = open.first, !Self.otherKeys.contains(name) else { return nil }
            let object: @Sendable (String) -> [CallForm.Part] = { name in
                [.text("{\"name\": \"\(name)\", \"arguments\": "), .arguments, .text("}")]
            }
            // One object between marks of its own, or a list.
            if name == "hermes", let close = close.first {
                return CallForm(
                    opening: open, first: [.space], closing: [.space, .mark(close)], after: [],
                    before: object)
            }
            return CallForm(
                opening: open, first: [.space, .text("[")], separator: [.text(", ")],
                closing: [.text("]")] + (close.first.map { [.mark($0)] } ?? []), after: [],
                before: object)
        case .named(let marks):
            guard let nameEnd = marks.nameEnd.first else { return nil }
            let number: [CallForm.Part] = marks.namespace.isEmpty ? [] : [.text(":0")]
            let after: [CallForm.Part] =
                [.arguments, .text(marks.afterArguments)]
                + (marks.close.isEmpty ? [] : [.mark(marks.close)])
            return enclosed(marks.open, after) { name in
                [.text(marks.prefix + marks.namespace + name)] + number
                    + [.mark(nameEnd), .text(marks.beforeArguments)]
            }
        case .tagged(let marks):
            guard let nameEnd = marks.nameEnd.first else { return nil }
            let key = marks.valueOpen.isEmpty ? "" : "\n" + marks.valueOpen
            let form = ParameterForm(
                open: marks.parameterOpen,
                textKeyEnd: marks.keyEnd + (marks.textKeyEnd ?? "") + key,
                jsonKeyEnd: marks.keyEnd + (marks.jsonKeyEnd ?? "") + key,
                close: marks.parameterClose)
            return enclosed(marks.open, [.space, .parameters(form), .mark(marks.close)]) { name in
                [.text(name), .text(nameEnd)]
            }
        case .python, .pythonLines, .bareJSON, .barePython, .bareKeys, .harmony, nil: return nil
        }
    }

    /// Calls that begin with a mark, in a section of several where the family has one.
    private func enclosed(
        _ open: String, _ after: [CallForm.Part],
        before: @escaping @Sendable (String) -> [CallForm.Part]
    ) -> CallForm {
        guard let section else {
            return CallForm(opening: open, after: after, before: before)
        }
        return CallForm(
            opening: section.open, first: [.space], separator: [.space],
            closing: [.space, .mark(section.close)], after: after
        ) { name in [.mark(open)] + before(name) }
    }
}
