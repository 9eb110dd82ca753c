/// Objects: named properties in the schema's order, then others.

import MartletJSON

extension SchemaCompiler {
    /// Kinds of further keys that patterns tell apart.
    private struct KeyClass {
        var keys: Expression
        /// For each part of the shape whether one of its patterns matched.
        var matched: [Bool]
        var schemas: [SchemaID]
    }

    mutating func object(_ shape: SchemaShape) throws(ConstraintError) -> Expression {
        guard shape.types.contains(.object), shape.propertyCounts.least <= shape.propertyCounts.most
        else { return .nothing }
        var names: [String] = []
        var known: Set<String> = []
        for name in shape.objects.flatMap({ $0.properties.map(\.name) }) + shape.required
        where known.insert(name).inserted { names.append(name) }
        let required = Set(shape.required)
        let named = shape.objects.map { part in
            Dictionary(grouping: part.properties) { Array($0.name.utf8) }
                .mapValues { $0.map(\.schema) }
        }
        var entries: [ObjectLayout.Entry] = []
        for name in names {
            let value = rule(try schemas(of: name, shape, named))
            let key = automaton.literal(JSONSpelling.string(name))
            let isAllowed = try isName(name, shape)
            entries.append(
                ObjectLayout.Entry(
                    pair: isAllowed ? automaton.sequence([key, parts.colon, value]) : .nothing,
                    isRequired: required.contains(name)))
        }
        let additional = try additional(shape, except: names)
        // A key that is not named may come twice, and then counts once.
        guard additional == .nothing || shape.propertyCounts.least <= Int32(required.count) + 1
        else {
            throw ConstraintError(
                place: "\(shape.path)/minProperties",
                problem:
                    "\(shape.propertyCounts.least) properties whose keys are not named cannot be told apart; name them or ask for fewer"
            )
        }
        return automaton.object(
            ObjectLayout(
                entries: entries, additional: additional, least: shape.propertyCounts.least,
                most: shape.propertyCounts.most, punctuation: parts.objectMarks))
    }

    /// What holds for the value of a named property: `named` has the schemas of each part by name.
    private mutating func schemas(
        of name: String, _ shape: SchemaShape, _ named: [[[UInt8]: [SchemaID]]]
    ) throws(ConstraintError) -> [SchemaID] {
        var result: [SchemaID] = []
        for (part, named) in zip(shape.objects, named) {
            var own = named[Array(name.utf8)] ?? []
            for (pattern, schema) in part.patterns where try matches(pattern, name, shape.path) {
                own.append(schema)
            }
            if own.isEmpty, let additional = part.additional { own.append(additional) }
            result += own
        }
        return result
    }

    private mutating func isName(_ name: String, _ shape: SchemaShape) throws(ConstraintError)
        -> Bool
    {
        for schema in shape.propertyNames {
            guard try satisfies(.string(name), schema, depth: 0) else { return false }
        }
        return true
    }

    /// Further properties: their keys with what holds for their values.
    private mutating func additional(
        _ shape: SchemaShape, except names: [String]
    ) throws(ConstraintError) -> Expression {
        var keys = [parts.string(0, Automaton.endless)]
        if !names.isEmpty {
            keys.append(
                automaton.complement(
                    parts.quoted(
                        automaton.choice(
                            names.map { JSONSpelling.everySpelling(of: $0, automaton) }))))
        }
        for schema in shape.propertyNames { keys.append(try keyStrings(schema)) }
        var classes = [
            KeyClass(
                keys: automaton.both(keys), matched: shape.objects.map { _ in false }, schemas: [])
        ]
        for (index, part) in shape.objects.enumerated() {
            for (pattern, schema) in part.patterns {
                classes = try split(classes, pattern, schema, part: index, shape.path)
            }
        }
        var ways: [Expression] = []
        for keyClass in classes {
            let others = shape.objects.indices.compactMap {
                keyClass.matched[$0] ? nil : shape.objects[$0].additional
            }
            ways.append(
                automaton.sequence([keyClass.keys, parts.colon, rule(keyClass.schemas + others)]))
        }
        return automaton.choice(ways)
    }

    /// Divides kinds of keys into those that a pattern matches and the others.
    private mutating func split(
        _ classes: [KeyClass], _ pattern: String, _ schema: SchemaID, part: Int, _ path: String
    ) throws(ConstraintError) -> [KeyClass] {
        let place = "\(path)/patternProperties/\(SchemaDocument.escaped(pattern))"
        let tree = try PatternParser.parse(pattern, place: place)
        let matching = parts.quoted(try parts.patterns.anywhere(tree, place: place))
        let plain = parts.quoted(automaton.repeated(parts.plainCharacter, 0))
        var result: [KeyClass] = []
        for keyClass in classes {
            var inside = keyClass
            inside.keys = automaton.both([keyClass.keys, matching])
            inside.matched[part] = true
            inside.schemas.append(schema)
            var outside = keyClass
            outside.keys = automaton.both([keyClass.keys, plain, automaton.complement(matching)])
            result += [inside, outside].filter { automaton.isLive($0.keys) }
        }
        guard result.count <= 64 else {
            throw ConstraintError(
                place: place, problem: "the patterns overlap in more than 64 ways; simplify them")
        }
        return result
    }

    /// The keys that a schema of keys allows.
    private mutating func keyStrings(_ schema: SchemaID) throws(ConstraintError) -> Expression {
        var ways: [Expression] = []
        for schemas in try branches.alternatives([schema]) {
            let listed = schemas.contains { id in
                let object = branches.document[id].value.objectValue
                return object?["enum"] != nil || object?["const"] != nil
            }
            guard !listed else {
                var texts: [JSONValue] = []
                for id in schemas {
                    let object = branches.document[id].value.objectValue
                    let own = object?["enum"]?.arrayValue ?? object?["const"].map { [$0] } ?? []
                    for value in own where value.stringValue != nil {
                        var holds = true
                        for other in schemas where holds {
                            holds = try locally(value, satisfies: other, depth: 0)
                        }
                        if holds { texts.append(value) }
                    }
                }
                ways.append(parts.constants(texts))
                continue
            }
            ways.append(try string(try shape(schemas)))
        }
        return automaton.choice(ways)
    }
}
