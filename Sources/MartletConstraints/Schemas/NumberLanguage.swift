/// The texts of numbers within bounds, exactly.

/// Makes expressions of numbers.
struct NumberLanguage {
    let automaton: Automaton
    private let digit: Expression
    private let digits: Expression
    private let nonZero: Expression
    private let point: Expression
    /// The most digits before and after the point of a number without bounds.
    static let usualDigits: Int32 = 16

    init(_ automaton: Automaton) {
        self.automaton = automaton
        digit = automaton.range(0x30...0x39)
        digits = automaton.repeated(digit, 0)
        nonZero = automaton.range(0x31...0x39)
        point = automaton.literal(".")
    }

    /// Numbers of these types within bounds. Numbers with bounds have no exponent.
    func numbers(_ shape: SchemaShape) throws(ConstraintError) -> Expression {
        guard !shape.types.isDisjoint(with: .number) else { return .nothing }
        let isPlain =
            shape.lower == nil && shape.upper == nil && shape.multiples.isEmpty
            && shape.types.contains(.integer)
        let points = shape.excluded.compactMap { Decimal($0) }.sorted { $0 < $1 }
        if isPlain, points.isEmpty {
            return shape.types.contains(.fraction)
                ? unbounded : signed(syntax(16, hasFraction: false))
        }
        // What is excluded divides the numbers into intervals.
        var parts: [Expression] = []
        var lower = shape.lower
        for point in points {
            parts.append(
                try interval(
                    shape, lower, least(shape.upper, .init(value: point, isExclusive: true))))
            lower = greatest(lower, .init(value: point, isExclusive: true))
        }
        parts.append(try interval(shape, lower, shape.upper))
        return automaton.choice(parts)
    }

    private func least(_ one: SchemaShape.Bound?, _ other: SchemaShape.Bound) -> SchemaShape.Bound {
        guard let one, one.value < other.value || one.value == other.value && one.isExclusive else {
            return other
        }
        return one
    }

    private func greatest(_ one: SchemaShape.Bound?, _ other: SchemaShape.Bound)
        -> SchemaShape.Bound
    {
        guard let one, other.value < one.value || one.value == other.value && one.isExclusive else {
            return other
        }
        return one
    }

    /// Any number, with a fraction and an exponent that keep it within a double's range.
    private var unbounded: Expression {
        let mark = automaton.set(ByteSet("eE".utf8))
        let sign = automaton.optional(automaton.set(ByteSet("+-".utf8)))
        let two = automaton.repeated(digit, 1, 2)
        let hundreds = automaton.sequence([automaton.range(0x30...0x32), digit, digit])
        let exponent = automaton.sequence([mark, sign, automaton.choice([two, hundreds])])
        // Up to nine digits leave room for any exponent of three digits below 300.
        let short = automaton.choice([
            automaton.literal("0"), automaton.sequence(nonZero, automaton.repeated(digit, 0, 8)),
        ])
        return signed(
            automaton.choice([
                automaton.sequence([
                    short, automaton.optional(fraction), automaton.optional(exponent),
                ]),
                syntax(Self.usualDigits, hasFraction: true),
            ]))
    }

    private var fraction: Expression {
        automaton.sequence(point, automaton.repeated(digit, 1, Self.usualDigits))
    }

    private func signed(_ magnitude: Expression) -> Expression {
        automaton.sequence(automaton.optional(automaton.literal("-")), magnitude)
    }

    /// Plain numbers without a sign.
    private func syntax(_ count: Int32, hasFraction: Bool, places: Int32 = usualDigits)
        -> Expression
    {
        let whole = automaton.choice([
            automaton.literal("0"),
            automaton.sequence(nonZero, automaton.repeated(digit, 0, count - 1)),
        ])
        guard hasFraction else { return whole }
        return automaton.sequence(
            whole,
            automaton.optional(automaton.sequence(point, automaton.repeated(digit, 1, places))))
    }

    private func interval(
        _ shape: SchemaShape, _ lower: SchemaShape.Bound?, _ upper: SchemaShape.Bound?
    ) throws(ConstraintError) -> Expression {
        let bounds = [lower, upper].compactMap { $0?.value.parts }
        let count = max(Self.usualDigits, Int32(bounds.map(\.whole.count).max() ?? 0) + 1)
        let places = max(Self.usualDigits, Int32(bounds.map(\.fraction.count).max() ?? 0) + 1)
        let isWhole = !shape.types.contains(.fraction)
        var conditions = [syntax(count, hasFraction: !isWhole, places: places)]
        if !shape.types.contains(.integer) {
            conditions.append(
                automaton.complement(automaton.multiple(DecimalMultiple(factor: 1, scale: 0))))
        }
        for multiple in shape.multiples {
            conditions.append(try self.multiple(multiple, shape.path))
        }
        var positive = conditions
        if let lower, !lower.value.isNegative {
            positive.append(atLeast(lower.value, isExclusive: lower.isExclusive))
        }
        if let upper {
            positive.append(
                upper.value.isNegative
                    ? .nothing : atMost(upper.value, isExclusive: upper.isExclusive))
        }
        var negative = conditions
        if let lower {
            negative.append(
                lower.value.isNegative || lower.value.isZero
                    ? atMost(lower.value.negated, isExclusive: lower.isExclusive) : .nothing)
        }
        if let upper, upper.value.isNegative || upper.value.isZero {
            negative.append(atLeast(upper.value.negated, isExclusive: upper.isExclusive))
        }
        return automaton.choice([
            automaton.both(positive),
            automaton.sequence(automaton.literal("-"), automaton.both(negative)),
        ])
    }

    private func multiple(_ value: Decimal, _ path: String) throws(ConstraintError) -> Expression {
        let scale = max(0, -value.exponent)
        let factor = value.digits.reduce(0) { min($0 * 10 + Int($1), 1 << 40) }
        var whole = factor
        for _ in 0..<max(0, min(value.exponent, 12)) { whole *= 10 }
        guard whole <= 10_000, scale <= 12, value.exponent <= 12 else {
            throw ConstraintError(
                place: "\(path)/multipleOf",
                problem:
                    "multiples of \(value.text) take too many states; give a number of up to four digits"
            )
        }
        return automaton.multiple(DecimalMultiple(factor: Int32(whole), scale: Int32(scale)))
    }

    // MARK: Comparing digit by digit

    private var anyFraction: Expression { automaton.optional(automaton.sequence(point, digits)) }

    private func text(_ digits: [UInt8]) -> Expression {
        automaton.literal(digits.map { $0 + 0x30 })
    }

    /// Numbers without a sign from a bound on.
    private func atLeast(_ bound: Decimal, isExclusive: Bool) -> Expression {
        let (whole, fraction) = bound.parts
        let longer = automaton.sequence(nonZero, automaton.repeated(digit, Int32(whole.count)))
        let greater = automaton.choice([longer] + differing(whole, isGreater: true))
        let rest: Expression
        let somethingMore = automaton.sequence([
            automaton.repeated(automaton.literal("0"), 0), nonZero, digits,
        ])
        if fraction.isEmpty {
            rest = isExclusive ? automaton.sequence(point, somethingMore) : anyFraction
        } else {
            let equal = automaton.sequence(text(fraction), isExclusive ? somethingMore : digits)
            let more = differing(fraction, isGreater: true, isFraction: true)
            rest = automaton.sequence(point, automaton.choice([equal] + more))
        }
        return automaton.choice([
            automaton.sequence(greater, anyFraction), automaton.sequence(text(whole), rest),
        ])
    }

    /// Numbers without a sign up to a bound.
    private func atMost(_ bound: Decimal, isExclusive: Bool) -> Expression {
        let (whole, fraction) = bound.parts
        let shorter =
            whole.count > 1 ? automaton.repeated(digit, 1, Int32(whole.count - 1)) : .nothing
        let less = automaton.choice([shorter] + differing(whole, isGreater: false))
        let zeros = automaton.repeated(automaton.literal("0"), 0)
        let rest: Expression
        if fraction.isEmpty {
            rest = isExclusive ? .nothing : automaton.optional(automaton.sequence(point, zeros))
        } else {
            var ways = differing(fraction, isGreater: false, isFraction: true)
            // A shorter fraction with the same digits is less.
            for count in 1..<max(1, fraction.count) { ways.append(text(Array(fraction[..<count]))) }
            if !isExclusive { ways.append(automaton.sequence(text(fraction), zeros)) }
            rest = automaton.optional(automaton.sequence(point, automaton.choice(ways)))
        }
        return automaton.choice([
            automaton.sequence(less, anyFraction), automaton.sequence(text(whole), rest),
        ])
    }

    /// Digits that are equal up to one that is greater or less, with as many digits after it, or any number of them in a
    /// fraction.
    private func differing(_ bound: [UInt8], isGreater: Bool, isFraction: Bool = false)
        -> [Expression]
    {
        bound.indices.compactMap { index in
            let value = bound[index]
            guard isGreater ? value < 9 : value > 0 else { return nil }
            let other =
                isGreater
                ? automaton.range((value + 0x31)...0x39) : automaton.range(0x30...(value + 0x2F))
            let left = Int32(bound.count - index - 1)
            return automaton.sequence([
                text(Array(bound[..<index])), other,
                isFraction ? digits : automaton.repeated(digit, left, left),
            ])
        }
    }
}
