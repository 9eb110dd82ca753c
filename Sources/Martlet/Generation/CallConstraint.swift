/// Constraints on calls of tools: what a model may write in its own notation.

package import MartletConstraints
import MartletJSON
package import MartletTemplates

extension ChatFormat {
    /// What an answer with calls of these tools must match, in the model's own notation: arguments are what the tools'
    /// schemas allow.
    ///
    /// - Parameters:
    ///   - tools: the tools that may be called.
    ///   - isRequired: whether the answer is calls and nothing else. Otherwise it is any text, in which calls are right.
    /// - Throws: `unsupportedFormat` for a family whose calls cannot be held to, and `invalidParameter` for a tool whose
    ///   parameters cannot be enforced.
    package func callConstraint(
        on tools: [ToolDefinition], isRequired: Bool
    ) throws(MartletError) -> Constraint {
        guard let form = callForm else {
            throw MartletError(
                code: .unsupportedFormat, subject: "tools",
                message:
                    "tools: calls in this model's notation cannot be held to a schema; leave the choice to the model"
            )
        }
        var calls: [Outline] = []
        for tool in tools { calls.append(try outline(form.call(of: tool.name), tool)) }
        let one = Outline.choice(calls)
        let several: Outline
        if let separator = form.separator {
            let more = Outline.sequence([try outline(separator, nil), one])
            several = .sequence([one, .repetition(more, least: 0, most: nil, separator: "")])
        } else {
            several = one
        }
        let body = Outline.sequence([
            try outline(form.first, nil), several, try outline(form.closing, nil),
        ])
        guard isRequired else {
            return .outline(.triggered([.init(form.opening, body)], isRequired: false))
        }
        let whole = Outline.sequence([.mark(form.opening), body])
        guard form.separator == nil else { return .outline(whole) }
        let more = Outline.sequence([.space, whole])
        return .outline(.sequence([whole, .repetition(more, least: 0, most: nil, separator: "")]))
    }

    private func outline(
        _ parts: [CallForm.Part], _ tool: ToolDefinition?
    ) throws(MartletError) -> Outline {
        var result: [Outline] = []
        for part in parts {
            switch part {
            case .text(let text): result.append(.text(text))
            case .mark(let mark): result.append(.mark(mark))
            case .space: result.append(.space)
            case .arguments:
                let schema: JSONObject =
                    tool.map { $0.parameters.setting("type", to: "object") } ?? JSONObject()
                result.append(.matching(.jsonSchema(Self.text(.object(schema)))))
            case .parameters(let form):
                if let tool { result += try Self.parameters(of: tool, form) }
            }
        }
        return .sequence(result)
    }

    private static func text(_ value: JSONValue) -> String {
        String(decoding: value.serialized(), as: UTF8.self)
    }

    // MARK: Arguments in tags of their own

    private static let known: Set<String> = [
        "type", "properties", "required", "additionalProperties", "title", "description", "$defs",
        "definitions", "$schema",
    ]
    private static let annotations: Set<String> = [
        "type", "title", "description", "default", "examples",
    ]

    private static func parameters(
        of tool: ToolDefinition, _ form: ParameterForm
    ) throws(MartletError) -> [Outline] {
        for key in tool.parameters.keys where !known.contains(key) {
            throw refusal(tool, key)
        }
        let required = Set(tool.parameters["required"]?.arrayValue?.compactMap(\.stringValue) ?? [])
        var result: [Outline] = []
        for member in tool.parameters["properties"]?.objectValue?.members ?? [] {
            let value = try self.value(member, of: tool, form)
            let whole = Outline.sequence([.text(form.open + member.key), value, .space])
            result.append(
                required.contains(member.key)
                    ? whole : .repetition(whole, least: 0, most: 1, separator: ""))
        }
        return result
    }

    /// The end of a key, the value, and its closing tag. Texts stand as they are.
    private static func value(
        _ member: JSONObject.Member, of tool: ToolDefinition, _ form: ParameterForm
    ) throws(MartletError) -> Outline {
        let schema = member.value.objectValue ?? JSONObject()
        if let listed = schema["enum"]?.arrayValue, listed.allSatisfy({ $0.stringValue != nil }) {
            let texts = listed.compactMap(\.stringValue).map { Outline.text($0) }
            return .sequence([
                .text(form.textKeyEnd), .space, .choice(texts), .space, .text(form.close),
            ])
        }
        if schema["type"]?.stringValue == "string" {
            for key in schema.keys where !annotations.contains(key) { throw refusal(tool, key) }
            return .sequence([.text(form.textKeyEnd), .until(form.close)])
        }
        guard schema["type"]?.stringValue != nil else {
            throw refusal(tool, "a parameter of several types")
        }
        var own = schema
        for key in ["$defs", "definitions"] {
            if let definitions = tool.parameters[key] { own = own.setting(key, to: definitions) }
        }
        return .sequence([
            .text(form.jsonKeyEnd), .space, .matching(.jsonSchema(text(.object(own)))), .space,
            .text(form.close),
        ])
    }

    private static func refusal(_ tool: ToolDefinition, _ what: String) -> MartletError {
        MartletError(
            code: .invalidParameter, subject: tool.name,
            message:
                "tool \(tool.name): \(what) cannot be enforced in this model's notation; leave it out"
        )
    }
}

extension Outline {
    /// A mark, which may be a special token.
    fileprivate static func mark(_ mark: String) -> Outline {
        .choice([.text(mark), .special(mark)])
    }
    /// A few blanks that every reader of calls passes over, or none; other characters of space are text to some.
    fileprivate static var space: Outline { .matching(.regex("[ \\n]{0,4}")) }
}
