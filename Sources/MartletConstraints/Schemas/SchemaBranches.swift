/// Alternatives of a schema: `anyOf`, conditions and negations as lists of schemas that hold at once.

import MartletJSON

/// Turns schemas into alternatives, each a list of schemas whose other keywords all hold.
struct SchemaBranches {
    var document: SchemaDocument
    /// Pairs of alternatives of `oneOf` that must exclude each other, with the place.
    private(set) var exclusive: [(schemas: [SchemaID], path: String)] = []
    private var checked: Set<String> = []
    /// The most alternatives of one value.
    static let maximumBranches = 512
    /// The most pairs of alternatives that must exclude each other.
    private static let maximumPairs = 20_000

    init(_ document: SchemaDocument) { self.document = document }

    private struct Branch {
        var settled: [SchemaID] = []
        /// Schemas to be looked at, each with those through which references led to it.
        var pending: [(schema: SchemaID, from: [SchemaID])]
    }

    /// The alternatives of schemas that hold at once. An alternative that nothing can match is left out.
    mutating func alternatives(_ schemas: [SchemaID]) throws(ConstraintError) -> [[SchemaID]] {
        var open = [Branch(pending: schemas.reversed().map { ($0, []) })]
        var done: [[SchemaID]] = []
        var steps = 0
        while var branch = open.popLast() {
            guard let next = branch.pending.popLast() else {
                done.append(branch.settled)
                continue
            }
            steps += 1
            guard open.count + done.count < Self.maximumBranches, steps < 50_000 else {
                throw ConstraintError(
                    place: document[next.schema].path,
                    problem:
                        "its alternatives combine in more than \(Self.maximumBranches) ways; simplify it"
                )
            }
            switch document[next.schema].value {
            case .bool(true): open.append(branch)
            case .bool(false): break
            case .object(let object):
                if branch.settled.contains(next.schema) {
                    open.append(branch)
                    continue
                }
                let reader = SchemaReader(object: object, path: document[next.schema].path)
                try SchemaKeywords.check(object, at: reader.path)
                guard !document.isBase(reader.path)
                else {
                    throw ConstraintError(
                        place: reader.path,
                        problem:
                            "references inside of a schema with a name of its own are not supported; remove the name"
                    )
                }
                branch.settled.append(next.schema)
                for way in try ways(reader, next.schema, next.from).reversed() {
                    var way = way
                    way.pending = branch.pending + way.pending.reversed()
                    way.settled = branch.settled
                    open.append(way)
                }
            default:
                throw ConstraintError(
                    place: document[next.schema].path,
                    problem:
                        "got \(document[next.schema].value.summary), expected a schema: an object, true or false"
                )
            }
        }
        return done
    }

    /// What a schema asks of the same value beside its own keywords: in each way a list of schemas.
    private mutating func ways(
        _ reader: SchemaReader, _ id: SchemaID, _ from: [SchemaID]
    ) throws(ConstraintError) -> [Branch] {
        let through = from + [id]
        var base: [(SchemaID, [SchemaID])] = []
        if let reference = try reader.text("$ref") {
            let target = try document.resolve(reference, from: reader.path)
            guard !through.contains(target) else {
                throw ConstraintError(
                    place: reader.path, problem: "a reference that leads back to itself; remove it")
            }
            base.append((target, through))
        }
        base += try reader.schemas("allOf", &document).map { ($0, through) }
        guard base.allSatisfy({ !through.contains($0.0) }), through.count < 1000 else {
            throw ConstraintError(
                place: reader.path, problem: "a reference that leads back to itself; remove it")
        }
        var ways = [base]
        func multiply(_ choices: [[SchemaID]]) throws(ConstraintError) {
            try checkCount(ways.count * choices.count, reader.path)
            ways = ways.flatMap { way in choices.map { way + $0.map { ($0, through) } } }
        }
        if reader.has("anyOf") { try multiply(try reader.schemas("anyOf", &document).map { [$0] }) }
        if reader.has("oneOf") {
            let choices = try reader.schemas("oneOf", &document)
            try noteExclusive(choices, reader)
            try multiply(choices.map { [$0] })
        }
        if let negated = reader.object["not"] {
            try multiply(try negations(negated, "\(reader.path)/not").map { [$0] })
        }
        if let condition = reader.object["if"], reader.has("then") || reader.has("else") {
            let positive = document.schema(condition, at: "\(reader.path)/if")
            let negative = try negations(condition, "\(reader.path)/if")
            let then = reader.schema("then", &document).map { [$0] } ?? []
            let otherwise = reader.schema("else", &document).map { [$0] } ?? []
            try multiply([[positive] + then] + negative.map { [$0] + otherwise })
        }
        for choices in try dependencies(reader) { try multiply(choices) }
        return ways.map { Branch(pending: $0.map { ($0.0, $0.1) }) }
    }

    /// Refuses so many alternatives before they are made.
    private func checkCount(_ count: Int, _ path: String) throws(ConstraintError) {
        guard count <= Self.maximumBranches else {
            throw ConstraintError(
                place: path,
                problem:
                    "its alternatives combine in more than \(Self.maximumBranches) ways; simplify it"
            )
        }
    }

    /// A schema that is not in the document.
    private mutating func synthetic(
        _ members: [(String, JSONValue)], _ path: String, _ name: String
    )
        -> SchemaID
    {
        document.schema(
            .object(JSONObject(members.map { .init(key: $0.0, value: $0.1) })),
            at: "\(path)~\(name)")
    }

    private mutating func noteExclusive(
        _ choices: [SchemaID], _ reader: SchemaReader
    ) throws(ConstraintError) {
        guard checked.insert(reader.path).inserted, choices.count > 1 else { return }
        try checkCount(choices.count, reader.path)
        let pairs = exclusive.count + choices.count * (choices.count - 1) / 2
        guard pairs <= Self.maximumPairs else {
            throw ConstraintError(
                place: "\(reader.path)/oneOf",
                problem:
                    "\(pairs) pairs of alternatives must exclude each other, expected at most \(Self.maximumPairs); use anyOf"
            )
        }
        let rest = document.schema(
            .object(
                JSONObject(reader.object.members.filter { $0.key != "oneOf" && $0.key != "$ref" })),
            at: "\(reader.path)~others")
        for (index, one) in choices.enumerated() {
            for other in choices[..<index] {
                exclusive.append(([other, one, rest], "\(reader.path)/oneOf"))
            }
        }
    }

    /// If a key is there, others must be, or a schema must hold: for each key the two ways.
    private mutating func dependencies(_ reader: SchemaReader) throws(ConstraintError)
        -> [[[SchemaID]]]
    {
        var result: [[[SchemaID]]] = []
        let object = JSONValue.string("object")
        func choices(_ key: String, _ then: [SchemaID], _ self: inout SchemaBranches)
            -> [[SchemaID]]
        {
            let name = SchemaDocument.escaped(key)
            let absent = self.synthetic(
                [("properties", .object(JSONObject([.init(key: key, value: false)])))], reader.path,
                "without/\(name)")
            let present = self.synthetic(
                [("type", object), ("required", .array([.string(key)]))], reader.path,
                "with/\(name)")
            return [[absent], [present] + then]
        }
        for member in try reader.members("dependentRequired") {
            let names = try reader.texts(member.value, "dependentRequired")
            let needs = synthetic(
                [("required", .array(names.map { .string($0) }))], reader.path,
                "needed/\(SchemaDocument.escaped(member.key))")
            result.append(choices(member.key, [needs], &self))
        }
        for (name, schema) in try reader.named("dependentSchemas", &document) {
            result.append(choices(name, [schema], &self))
        }
        // The older keyword for both.
        for member in try reader.members("dependencies") {
            let path = "\(reader.path)/dependencies/\(SchemaDocument.escaped(member.key))"
            guard member.value.arrayValue != nil else {
                let schema = document.schema(member.value, at: path)
                result.append(choices(member.key, [schema], &self))
                continue
            }
            let names = try reader.texts(member.value, "dependencies")
            let needs = synthetic(
                [("required", .array(names.map { .string($0) }))], path, "needed")
            result.append(choices(member.key, [needs], &self))
        }
        guard result.count <= 8 else {
            throw ConstraintError(
                place: reader.path,
                problem:
                    "\(result.count) dependencies between keys, expected at most 8; leave some out")
        }
        return result
    }

    /// Schemas of which one holds where the given one does not.
    private mutating func negations(_ value: JSONValue, _ path: String) throws(ConstraintError)
        -> [SchemaID]
    {
        if case .bool(let always) = value { return always ? [] : [synthetic([], path, "any")] }
        guard let object = value.objectValue else {
            throw ConstraintError(place: path, problem: "got \(value.summary), expected a schema")
        }
        var result: [SchemaID] = []
        let reader = SchemaReader(object: object, path: path)
        for member in object.members where !SchemaKeywords.isAnnotation(member.key) {
            switch member.key {
            case "type", "const", "enum":
                if member.key == "type" { _ = try reader.types() }
                // Only that keyword is understood inside of what is negated.
                result.append(
                    synthetic([("~not", .object(JSONObject([member])))], path, "not-\(member.key)"))
            case "required":
                for name in try reader.texts("required") {
                    result.append(
                        synthetic(
                            [
                                ("type", "object"),
                                (
                                    "properties",
                                    .object(JSONObject([.init(key: name, value: false)]))
                                ),
                            ],
                            path, "lacks/\(SchemaDocument.escaped(name))"))
                }
            case "properties":
                for (name, schema) in try reader.named("properties", &document) {
                    for (index, other) in try negations(
                        document[schema].value, document[schema].path
                    ).enumerated() {
                        let id = synthetic(
                            [
                                ("type", "object"), ("required", .array([.string(name)])),
                                (
                                    "properties",
                                    .object(
                                        JSONObject([.init(key: name, value: document[other].value)])
                                    )
                                ),
                            ], path, "differs/\(index)/\(SchemaDocument.escaped(name))")
                        result.append(id)
                    }
                }
            default:
                throw ConstraintError(
                    place: path,
                    problem:
                        "the negation of \(quoted(member.key)) is not supported; say what is allowed instead"
                )
            }
        }
        return result
    }
}
