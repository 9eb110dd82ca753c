/// From a JSON schema to the states of an automaton.

import MartletJSON

/// Makes rules of schemas: one for each set of schemas that hold at once, so that recursion ends.
struct SchemaCompiler {
    let automaton: Automaton
    var branches: SchemaBranches
    var parts: JSONParts
    let numbers: NumberLanguage
    private var rules: [[SchemaID]: Expression] = [:]
    private var queue: [(schemas: [SchemaID], rule: Expression)] = []
    /// Expressions of patterns over plain text, for looking whether they match.
    var matchers: [String: Expression] = [:]
    /// The most rules of one schema.
    private static let maximumRules = 20_000

    private init(_ schema: JSONValue, _ automaton: Automaton, _ parts: JSONParts)
        throws(ConstraintError)
    {
        self.automaton = automaton
        self.parts = parts
        numbers = NumberLanguage(automaton)
        branches = SchemaBranches(try SchemaDocument(schema))
    }

    /// What a schema allows. Throws where something in it cannot be enforced exactly, by name.
    static func compile(
        _ schema: JSONValue, in automaton: Automaton, _ parts: JSONParts
    ) throws(ConstraintError) -> Expression {
        var compiler = try SchemaCompiler(schema, automaton, parts)
        return try compiler.compile()
    }

    private mutating func compile() throws(ConstraintError) -> Expression {
        let root = rule([branches.document.rootSchema()])
        try work()
        var pairs: [(rule: Expression, path: String)] = []
        var done = 0
        while done < branches.exclusive.count {
            let pair = branches.exclusive[done]
            pairs.append((rule(pair.schemas), pair.path))
            done += 1
            try work()
        }
        automaton.settleRules()
        if let failure = automaton.failure { throw failure }
        for pair in pairs where automaton.isLive(pair.rule) {
            throw ConstraintError(
                place: pair.path,
                problem:
                    "a value may match two of the alternatives; tell them apart by types or by constants, or use anyOf"
            )
        }
        guard automaton.isLive(root) else {
            throw ConstraintError(place: "#", problem: "no value matches the schema; correct it")
        }
        return root
    }

    private mutating func work() throws(ConstraintError) {
        while let (schemas, rule) = queue.popLast() {
            automaton.define(rule, as: try body(schemas))
            guard rules.count <= Self.maximumRules else {
                throw ConstraintError(
                    place: "#",
                    problem: "the schema takes more than \(Self.maximumRules) rules; simplify it")
            }
            if let failure = automaton.failure { throw failure }
        }
    }

    /// The rule of schemas that hold at once.
    mutating func rule(_ schemas: [SchemaID]) -> Expression {
        var all: [SchemaID] = []
        for schema in schemas where !isTrivial(schema) && !all.contains(schema) {
            all.append(schema)
        }
        if all.isEmpty { return parts.anything }
        if all.contains(where: { branches.document[$0].value == false }) { return .nothing }
        all.sort()
        if let known = rules[all] { return known }
        let rule = automaton.declareRule(isNullable: false)
        rules[all] = rule
        queue.append((all, rule))
        return rule
    }

    private func isTrivial(_ schema: SchemaID) -> Bool {
        let value = branches.document[schema].value
        return value == true || value.objectValue?.count == 0
    }

    private mutating func body(_ schemas: [SchemaID]) throws(ConstraintError) -> Expression {
        var ways: [Expression] = []
        for schemas in try branches.alternatives(schemas) { ways.append(try values(schemas)) }
        return automaton.choice(ways)
    }

    /// What the keywords of schemas without alternatives allow together.
    private mutating func values(_ schemas: [SchemaID]) throws(ConstraintError) -> Expression {
        if let listed = try listedValues(schemas) { return parts.constants(listed) }
        let shape = try shape(schemas)
        return automaton.choice([
            shape.types.contains(.null) && !shape.excluded.contains(nil)
                ? automaton.literal("null") : .nothing,
            boolean(true, shape), boolean(false, shape), try numbers.numbers(shape),
            try string(shape), try array(shape), try object(shape),
        ])
    }

    private func boolean(_ value: Bool, _ shape: SchemaShape) -> Expression {
        shape.types.contains(.boolean) && !shape.excluded.contains(.bool(value))
            ? automaton.literal("\(value)") : .nothing
    }

    mutating func shape(_ schemas: [SchemaID]) throws(ConstraintError) -> SchemaShape {
        var shape = SchemaShape()
        for schema in schemas {
            guard let object = branches.document[schema].value.objectValue else { continue }
            try shape.add(
                SchemaReader(object: object, path: branches.document[schema].path),
                &branches.document)
        }
        for value in shape.excluded {
            switch value {
            case .array, .object:
                throw ConstraintError(
                    place: shape.path,
                    problem: "the negation of an array or an object is not supported")
            default: break
            }
        }
        return shape
    }

    /// The values that `enum` and `const` list, as far as everything else allows them; nil where nothing is listed.
    private mutating func listedValues(_ schemas: [SchemaID]) throws(ConstraintError)
        -> [JSONValue]?
    {
        var listed: [JSONValue]?
        for schema in schemas {
            guard let object = branches.document[schema].value.objectValue else { continue }
            let reader = SchemaReader(object: object, path: branches.document[schema].path)
            let own = try reader.list("enum") ?? object["const"].map { [$0] }
            if listed == nil { listed = own }
        }
        guard let listed else { return nil }
        var allowed: [JSONValue] = []
        for value in listed {
            var holds = true
            for schema in schemas where holds {
                holds = try locally(value, satisfies: schema, depth: 0)
            }
            if holds { allowed.append(value) }
        }
        return allowed
    }

    // MARK: Arrays

    private mutating func array(_ shape: SchemaShape) throws(ConstraintError) -> Expression {
        guard shape.types.contains(.array), shape.counts.least <= shape.counts.most else {
            return .nothing
        }
        let count = min(shape.arrays.map(\.first.count).max() ?? 0, Int(shape.counts.most))
        var first: [Expression] = []
        for index in 0..<count {
            first.append(
                rule(shape.arrays.compactMap { index < $0.first.count ? $0.first[index] : $0.rest })
            )
        }
        return automaton.array(
            ArrayLayout(
                first: first, rest: rule(shape.arrays.compactMap(\.rest)),
                least: shape.counts.least,
                most: shape.counts.most, punctuation: parts.arrayMarks))
    }
}
