/// Whether a value is valid under a schema: for what `enum` and `const` list beside other keywords.

import MartletJSON

extension SchemaCompiler {
    private static var maximumDepth: Int { 64 }

    /// Whether a value is valid under a schema with everything in it.
    mutating func satisfies(
        _ value: JSONValue, _ schema: SchemaID, depth: Int
    ) throws(ConstraintError) -> Bool {
        guard depth < Self.maximumDepth else {
            throw ConstraintError(
                place: branches.document[schema].path,
                problem:
                    "a listed value nests deeper than \(Self.maximumDepth) schemas; simplify it")
        }
        for schemas in try branches.alternatives([schema]) {
            var holds = true
            for schema in schemas where holds {
                holds = try locally(value, satisfies: schema, depth: depth + 1)
            }
            if holds { return true }
        }
        return false
    }

    /// Whether a value is valid under the keywords of a schema that have no alternatives.
    mutating func locally(
        _ value: JSONValue, satisfies schema: SchemaID, depth: Int
    ) throws(ConstraintError) -> Bool {
        guard let object = branches.document[schema].value.objectValue else {
            return branches.document[schema].value != false
        }
        let reader = SchemaReader(object: object, path: branches.document[schema].path)
        // Both hold where both are there.
        for listed in [try reader.list("enum"), object["const"].map({ [$0] })] {
            guard listed?.contains(where: { Self.same($0, value) }) ?? true else { return false }
        }
        let shape = try shape([schema])
        guard shape.types.contains(ValueTypes(of: value)),
            !shape.excluded.contains(where: { Self.same($0, value) })
        else { return false }
        switch value {
        case .null, .bool: return true
        case .integer, .number: return isWithin(value, shape)
        case .string(let text): return try isWithin(text, shape)
        case .array(let elements):
            guard shape.counts.least <= Int32(elements.count),
                Int32(elements.count) <= shape.counts.most
            else { return false }
            for (index, element) in elements.enumerated() {
                for part in shape.arrays {
                    let place = index < part.first.count ? part.first[index] : part.rest
                    if let place, !(try satisfies(element, place, depth: depth)) { return false }
                }
            }
            return true
        case .object(let object): return try isWithin(object, shape, depth)
        }
    }

    private func isWithin(_ value: JSONValue, _ shape: SchemaShape) -> Bool {
        guard let decimal = Decimal(value) else { return false }
        if let lower = shape.lower,
            decimal < lower.value || lower.isExclusive && decimal == lower.value
        {
            return false
        }
        if let upper = shape.upper,
            upper.value < decimal || upper.isExclusive && decimal == upper.value
        {
            return false
        }
        return shape.multiples.allSatisfy { multiple in
            guard let quotient = decimal.remainder(dividingBy: multiple) else { return false }
            return quotient == 0
        }
    }

    private mutating func isWithin(_ text: String, _ shape: SchemaShape) throws(ConstraintError)
        -> Bool
    {
        let count = Int32(text.unicodeScalars.count)
        guard shape.lengths.least <= count, count <= shape.lengths.most else { return false }
        for pattern in shape.patterns {
            guard try matches(pattern, text, shape.path) else { return false }
        }
        for format in shape.formats {
            guard try hasFormat(format, text, shape.path) else { return false }
        }
        return true
    }

    private mutating func isWithin(
        _ object: JSONObject, _ shape: SchemaShape, _ depth: Int
    ) throws(ConstraintError) -> Bool {
        guard Int32(object.count) >= shape.propertyCounts.least,
            Int32(object.count) <= shape.propertyCounts.most,
            shape.required.allSatisfy({ object[$0] != nil })
        else { return false }
        for member in object.members {
            for names in shape.propertyNames {
                guard try satisfies(.string(member.key), names, depth: depth) else { return false }
            }
            for part in shape.objects {
                var own = part.properties.filter { $0.name == member.key }.map(\.schema)
                for (pattern, schema) in part.patterns
                where try matches(pattern, member.key, shape.path) { own.append(schema) }
                if own.isEmpty, let additional = part.additional { own.append(additional) }
                for schema in own {
                    guard try satisfies(member.value, schema, depth: depth) else { return false }
                }
            }
        }
        return true
    }

    /// Whether two values are the same: 1 and 1.0 are, and the order of keys does not count.
    static func same(_ left: JSONValue, _ right: JSONValue) -> Bool {
        switch (left, right) {
        case (.integer, .number), (.number, .integer), (.number, .number):
            return Decimal(left) == Decimal(right)
        case (.array(let a), .array(let b)):
            return a.count == b.count && zip(a, b).allSatisfy { same($0, $1) }
        case (.object(let a), .object(let b)):
            return a.count == b.count
                && a.members.allSatisfy { member in
                    b[member.key].map { same(member.value, $0) } ?? false
                }
        default: return left == right
        }
    }
}

extension Decimal {
    /// What is left of a division into whole parts: 0, or anything else; nil where the numbers are too far apart.
    fileprivate func remainder(dividingBy other: Decimal) -> Int? {
        let shift = exponent - other.exponent
        guard abs(shift) < 400, let divisor = Int(other.text(ofDigits: other.digits)),
            divisor < 1 << 40
        else { return nil }
        var rest = 0
        for digit in digits { rest = (rest * 10 + Int(digit)) % divisor }
        if shift >= 0 {
            for _ in 0..<shift { rest = rest * 10 % divisor }
            return rest
        }
        // The divisor's last digit stands before this number's last one, which is not 0.
        return isZero ? 0 : 1
    }

    private func text(ofDigits digits: [UInt8]) -> String {
        String(decoding: digits.map { $0 + 0x30 }, as: UTF8.self)
    }
}
