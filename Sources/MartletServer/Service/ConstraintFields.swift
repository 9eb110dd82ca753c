/// Forms that an answer must have. They are read here, whichever API they come by.

import MartletJSON

/// What an answer must be.
enum AnswerConstraint: Sendable {
    /// Anything.
    case none
    /// An object in JSON.
    case object
    /// What a JSON schema describes.
    case schema(JSONValue)
    /// What a grammar in GBNF describes.
    case grammar(String)
    /// What a regular expression matches.
    case expression(String)
    /// One of several texts.
    case choice([String])
    /// A call of one of these tools; of any where there is none.
    case call([String])
}

extension AnswerConstraint {
    /// Refuses a form by the name of the field that asks for it: an answer without it would be another answer.
    func refuse(_ path: String) throws(WireError) {
        let (what, instead) =
            switch self {
            case .none: ("", "")
            case .object, .schema: ("constraining answers to JSON", "ask for it in the prompt")
            case .grammar: ("a grammar", "leave it out")
            case .expression: ("a regular expression", "leave it out")
            case .choice: ("a list of choices", "name them in the prompt")
            case .call: ("forcing a call", "use auto or none")
            }
        if case .none = self { return }
        throw .unsupported(path, what, instead: instead)
    }

    /// The form that `response_format` asks for, in the shape of chat completions.
    init(responseFormat format: Fields) throws(WireError) {
        enum Kind: String, CaseIterable { case text, json_object, json_schema }
        let kind = try format.required(
            "type", try format.word("type", Kind.self), "text, json_object or json_schema")
        switch kind {
        case .text: self = .none
        case .json_object:
            if let schema = try format.whole("schema") {
                self = .schema(.object(schema))
            } else {
                self = .object
            }
        case .json_schema:
            // Chat completions nest the schema, responses do not.
            let holder = try format.fields("json_schema") ?? format
            let schema = try holder.required(
                "schema", try holder.whole("schema"), "a JSON schema")
            holder.accept("name", "strict", "description")
            self = .schema(.object(schema))
        }
    }

    /// Reads and refuses the fields by which local servers constrain answers.
    static func refuseLocalFields(_ fields: Fields) throws(WireError) {
        if let grammar = try fields.string("grammar"), !grammar.isEmpty {
            try AnswerConstraint.grammar(grammar).refuse(fields.path("grammar"))
        }
        for key in [
            "json_schema", "guided_json", "guided_regex", "guided_choice", "guided_grammar",
            "structured_outputs",
        ] {
            guard let value = fields[key] else { continue }
            if let object = value.objectValue, object.count == 0 { continue }
            if let text = value.stringValue, text.isEmpty { continue }
            try AnswerConstraint.schema(value).refuse(fields.path(key))
        }
    }
}
