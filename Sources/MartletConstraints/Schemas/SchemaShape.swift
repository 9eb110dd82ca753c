/// What several schemas ask of one value together.

import MartletJSON

/// The conditions of schemas that hold at once, without alternatives.
struct SchemaShape {
    struct ArrayPart {
        var first: [SchemaID]
        var rest: SchemaID?
    }

    struct ObjectPart {
        var properties: [(name: String, schema: SchemaID)]
        var patterns: [(pattern: String, schema: SchemaID)]
        var additional: SchemaID?
    }

    struct Bound {
        var value: Decimal
        var isExclusive: Bool
    }

    var path = "#"
    var types = ValueTypes.all
    var lower: Bound?
    var upper: Bound?
    var multiples: [Decimal] = []
    /// Values that are not allowed.
    var excluded: [JSONValue] = []
    var lengths: (least: Int32, most: Int32) = (0, Automaton.endless)
    var patterns: [String] = []
    var formats: [String] = []
    var arrays: [ArrayPart] = []
    var counts: (least: Int32, most: Int32) = (0, Automaton.endless)
    var objects: [ObjectPart] = []
    var required: [String] = []
    var propertyNames: [SchemaID] = []
    var propertyCounts: (least: Int32, most: Int32) = (0, Automaton.endless)

    /// Adds what the keywords of one schema ask for that have no alternatives.
    mutating func add(_ reader: SchemaReader, _ document: inout SchemaDocument)
        throws(ConstraintError)
    {
        path = reader.path
        types.formIntersection(try reader.types())
        if let negated = reader.object["~not"]?.objectValue {
            let inner = SchemaReader(object: negated, path: reader.path)
            if inner.has("type") { types.subtract(try inner.types()) }
            excluded += try inner.list("enum") ?? negated["const"].map { [$0] } ?? []
        }
        try addNumbers(reader)
        narrow(&lengths, try reader.count("minLength"), try reader.count("maxLength"))
        if let pattern = try reader.text("pattern") { patterns.append(pattern) }
        if let format = try reader.text("format") { formats.append(format) }
        try addArray(reader, &document)
        try addObject(reader, &document)
    }

    private func narrow(
        _ bounds: inout (least: Int32, most: Int32), _ least: Int32?, _ most: Int32?
    ) {
        bounds.least = max(bounds.least, least ?? 0)
        bounds.most = min(bounds.most, most ?? Automaton.endless)
    }

    private mutating func addNumbers(_ reader: SchemaReader) throws(ConstraintError) {
        for bound in try bounds("minimum", "exclusiveMinimum", reader) {
            let value = bound.value
            if let lower, value < lower.value || value == lower.value && lower.isExclusive {
                continue
            }
            lower = bound
        }
        for bound in try bounds("maximum", "exclusiveMaximum", reader) {
            let value = bound.value
            if let upper, upper.value < value || value == upper.value && upper.isExclusive {
                continue
            }
            upper = bound
        }
        guard let multiple = try reader.decimal("multipleOf") else { return }
        guard !multiple.isZero, !multiple.isNegative else {
            throw reader.error("multipleOf", expected: "a number above 0")
        }
        if !multiples.contains(multiple) { multiples.append(multiple) }
    }

    /// The bounds of one side: with and without equality or, as draft 4 has it, one that a flag makes exclusive.
    private func bounds(
        _ keyword: String, _ exclusive: String, _ reader: SchemaReader
    ) throws(ConstraintError) -> [Bound] {
        var bounds: [Bound] = []
        let flag = reader.object[exclusive]?.boolValue
        if let value = try reader.decimal(keyword) {
            bounds.append(Bound(value: value, isExclusive: flag ?? false))
        }
        if flag == nil, let value = try reader.decimal(exclusive) {
            bounds.append(Bound(value: value, isExclusive: true))
        }
        return bounds
    }

    private mutating func addArray(
        _ reader: SchemaReader, _ document: inout SchemaDocument
    ) throws(ConstraintError) {
        narrow(&counts, try reader.count("minItems"), try reader.count("maxItems"))
        var part = ArrayPart(first: try reader.schemas("prefixItems", &document), rest: nil)
        if reader.object["items"]?.arrayValue != nil {
            // The older form: a list of first elements, and what further ones are.
            guard part.first.isEmpty else { throw reader.error("items", expected: "a schema") }
            part.first = try reader.schemas("items", &document)
            part.rest = reader.schema("additionalItems", &document)
        } else {
            // Beside other items `additionalItems` means nothing.
            part.rest = reader.schema("items", &document)
        }
        if !part.first.isEmpty || part.rest != nil { arrays.append(part) }
    }

    private mutating func addObject(
        _ reader: SchemaReader, _ document: inout SchemaDocument
    ) throws(ConstraintError) {
        narrow(
            &propertyCounts, try reader.count("minProperties"), try reader.count("maxProperties"))
        var known = Set(required)
        for name in try reader.texts("required") where known.insert(name).inserted {
            required.append(name)
        }
        if let names = reader.schema("propertyNames", &document) { propertyNames.append(names) }
        let part = ObjectPart(
            properties: try reader.named("properties", &document),
            patterns: try reader.named("patternProperties", &document).map { ($0.name, $0.schema) },
            additional: reader.schema("additionalProperties", &document))
        if !part.properties.isEmpty || !part.patterns.isEmpty || part.additional != nil {
            objects.append(part)
        }
    }
}
