/// Forms that an answer must have. They are read here, whichever API they come by.

import Martlet
import MartletConstraints
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
}

extension AnswerConstraint {
    /// The constraint as generation takes it; nil for anything.
    var constraint: Constraint? {
        switch self {
        case .none: nil
        case .object: .jsonObject
        case .schema(let schema):
            .jsonSchema(String(decoding: schema.serialized(), as: UTF8.self))
        case .grammar(let text): .grammar(text)
        case .expression(let text): .regex(text)
        case .choice(let texts): .choice(texts)
        }
    }

    /// The form that `response_format` asks for, in the shape of chat completions.
    init(responseFormat format: Fields) throws(WireError) {
        enum Kind: String, CaseIterable { case text, json_object, json_schema }
        let kind = try format.required(
            "type", try format.word("type", Kind.self), "text, json_object or json_schema")
        switch kind {
        case .text: self = .none
        case .json_object:
            if let schema = try format.schema("schema") {
                self = .schema(schema)
            } else {
                self = .object
            }
        case .json_schema:
            // Chat completions nest the schema, responses do not.
            let holder = try format.fields("json_schema") ?? format
            let schema = try holder.required(
                "schema", try holder.schema("schema"), "a JSON schema")
            holder.accept("name", "strict", "description")
            self = .schema(schema)
        }
    }

    /// The form that the fields of local servers ask for. Two of them at once are refused.
    init(localFields fields: Fields) throws(WireError) {
        var found: [(key: String, form: AnswerConstraint)] = []
        func add(_ key: String, _ form: AnswerConstraint) { found.append((key, form)) }
        for key in ["grammar", "guided_grammar"] {
            if let text = try fields.string(key), !text.isEmpty { add(key, .grammar(text)) }
        }
        for key in ["json_schema", "guided_json"] {
            guard let value = fields[key] else { continue }
            if let text = value.stringValue {
                guard !text.isEmpty else { continue }
                do throws(JSONError) {
                    let schema = try JSONValue.parse(Array(text.utf8), file: key)
                    add(key, .schema(fields.read(schema: schema, key)))
                } catch {
                    throw .field(fields.path(key), got: "\(error)", expected: "a JSON schema")
                }
            } else {
                add(key, .schema(fields.read(schema: value, key)))
            }
        }
        if let text = try fields.string("guided_regex"), !text.isEmpty {
            add("guided_regex", .expression(text))
        }
        if let texts = try fields.strings("guided_choice"), !texts.isEmpty {
            add("guided_choice", .choice(texts))
        }
        if let structured = try fields.fields("structured_outputs") {
            if let schema = structured["json"] {
                add("structured_outputs", .schema(structured.read(schema: schema, "json")))
            }
            if let text = try structured.string("regex") {
                add("structured_outputs", .expression(text))
            }
            if let text = try structured.string("grammar") {
                add("structured_outputs", .grammar(text))
            }
            if let texts = try structured.strings("choice") {
                add("structured_outputs", .choice(texts))
            }
            if try structured.flag("json_object") == true { add("structured_outputs", .object) }
        }
        guard found.count < 2 else {
            throw .field(
                fields.path(found[1].key), got: "a second form beside \(found[0].key)",
                expected: "one form of the answer")
        }
        self = found.first?.form ?? .none
    }
}

extension Fields {
    /// A field that holds a schema.
    func schema(_ key: String) throws(WireError) -> JSONValue? {
        try whole(key).map { read(schema: .object($0), key) }
    }

    /// A schema of a field, of which words that no dialect knows are told of as ignored.
    func read(schema: JSONValue, _ key: String) -> JSONValue {
        note(meaningless: UnknownKeywords.paths(in: schema), in: key)
        return schema
    }
}
