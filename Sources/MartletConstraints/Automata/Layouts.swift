/// What objects, arrays and multiples are made of, as far as their automaton must know.

/// An object's properties in the order in which they are written.
struct ObjectLayout {
    struct Entry {
        /// The key with its quotes, the colon, and the value.
        var pair: Expression
        var isRequired: Bool
    }

    var entries: [Entry]
    /// A further key with its value.
    var additional: Expression
    var least: Int32
    /// ``Automaton/endless`` where there is no bound.
    var most: Int32
    var punctuation: Punctuation

    /// How many properties are told apart.
    var countLimit: Int32 { most == Automaton.endless ? max(least, 1) : max(least, most) }
}

/// An array's elements.
struct ArrayLayout {
    var first: [Expression]
    /// Every element after the first ones.
    var rest: Expression
    var least: Int32
    /// ``Automaton/endless`` where there is no bound.
    var most: Int32
    var punctuation: Punctuation

    var countLimit: Int32 {
        most == Automaton.endless ? max(least, Int32(first.count), 1) : max(least, most)
    }

    func element(_ index: Int32) -> Expression {
        Int(index) < first.count ? first[Int(index)] : rest
    }
}

/// What stands between elements and at the end.
struct Punctuation {
    /// After the opening bracket.
    var first: Expression
    /// Between two elements.
    var separator: Expression
    /// The closing bracket after nothing but the opening one's space.
    var closing: Expression
    /// The closing bracket with the space before it.
    var spacedClosing: Expression
}

/// Multiples of `factor` × 10 to the power of minus `scale`.
struct DecimalMultiple: Hashable {
    var factor: Int32
    var scale: Int32
}

extension Automaton {
    /// What follows the opening bracket of an object.
    func members(of object: Int32, from index: Int32 = 0, count: Int32 = 0) -> Expression {
        let limit = objects[Int(object)].countLimit
        return intern(
            Node(
                kind: .members, isNullable: false, depth: 1, a: object, b: index,
                c: min(count, limit)))
    }

    /// What follows the opening bracket of an array.
    func items(of array: Int32, count: Int32 = 0) -> Expression {
        let limit = arrays[Int(array)].countLimit
        return intern(
            Node(kind: .items, isNullable: false, depth: 1, a: array, b: 0, c: min(count, limit)))
    }

    /// Digits, with a point among them or none, that are a multiple.
    func multiple(_ multiple: DecimalMultiple) -> Expression {
        for digit in UInt8(ascii: "0")...UInt8(ascii: "9") { _ = number(of: ByteSet([digit])) }
        _ = number(of: ByteSet([UInt8(ascii: ".")]))
        let index =
            multiples.firstIndex(of: multiple)
            ?? {
                multiples.append(multiple)
                return multiples.count - 1
            }()
        return self.multiple(Int32(index), remainder: 0, fraction: -1)
    }

    func multiple(_ index: Int32, remainder: Int32, fraction: Int32) -> Expression {
        let rule = multiples[Int(index)]
        var rest = Int(remainder)
        for _ in max(0, fraction)..<max(0, rule.scale) { rest = rest * 10 % Int(rule.factor) }
        return intern(
            Node(
                kind: .multiple, isNullable: rest == 0, a: index, b: remainder, c: fraction))
    }

    /// What members or items stand for: a choice of what may come next.
    func expansion(_ expression: Expression) -> Expression {
        if let known = expansions[expression] { return known }
        let node = self[expression]
        let made = node.kind == .members ? expandMembers(node) : expandItems(node)
        expansions[expression] = made
        return made
    }

    private func expandMembers(_ node: Node) -> Expression {
        let object = objects[Int(node.a)]
        let (index, count) = (Int(node.b), node.c)
        var left = RequiredCount(object, from: index)
        var next: [Expression] = []
        for place in index..<object.entries.count {
            let entry = object.entries[place]
            if entry.isRequired { left.required -= 1 }
            left.optional -= entry.isRequired ? 0 : 1
            let written = count + 1
            let fits = object.most == Self.endless || written + left.required <= object.most
            if fits && isLive(entry.pair) {
                next.append(
                    sequence(
                        entry.pair, members(of: node.a, from: Int32(place + 1), count: written)))
            }
            if entry.isRequired { break }
        }
        let isFree = !object.entries[index...].contains { $0.isRequired }
        if isFree, count < object.most, isLive(object.additional) {
            next.append(
                sequence(
                    object.additional,
                    members(of: node.a, from: Int32(object.entries.count), count: count + 1)))
        }
        let marks = object.punctuation
        let closes = isFree && count >= object.least
        return list(next, isFirst: count == 0, closes: closes, marks)
    }

    private func expandItems(_ node: Node) -> Expression {
        let array = arrays[Int(node.a)]
        let count = node.c
        var next: [Expression] = []
        if count < array.most || array.most == Self.endless {
            let element = array.element(count)
            if isLive(element) {
                next.append(sequence(element, items(of: node.a, count: count + 1)))
            }
        }
        return list(
            next, isFirst: count == 0, closes: count >= array.least, array.punctuation)
    }

    private func list(
        _ next: [Expression], isFirst: Bool, closes: Bool, _ marks: Punctuation
    ) -> Expression {
        if isFirst {
            return sequence(marks.first, choice(next + (closes ? [marks.closing] : [])))
        }
        return choice([
            sequence(marks.separator, choice(next)), closes ? marks.spacedClosing : .nothing,
        ])
    }

    /// The fewest bytes of what follows in an object or an array.
    func shortestList(_ node: Node) -> Int32 {
        if node.kind == .items { return shortestItems(node) }
        let object = objects[Int(node.a)]
        var total: Int32 = 0
        var entries: Int32 = 0
        var spare: [Int32] = []
        for entry in object.entries[Int(node.b)...] {
            let length = shortest(entry.pair)
            if entry.isRequired {
                guard length < Self.endless else { return Self.endless }
                total = total.adding(length)
                entries += 1
            } else if length < Self.endless {
                spare.append(length)
            }
        }
        let missing = Int(max(0, object.least - node.c - entries))
        guard object.most == Self.endless || node.c + entries + Int32(missing) <= object.most
        else { return Self.endless }
        if missing > 0 {
            let further = shortest(object.additional)
            if further < Self.endless {
                spare += Array(repeating: further, count: min(missing, 1 << 16))
            }
            guard spare.count >= missing else { return Self.endless }
            spare.sort()
            for length in spare[..<missing] { total = total.adding(length) }
            entries += Int32(missing)
        }
        return total.adding(separators(entries, after: node.c, object.punctuation))
    }

    private func shortestItems(_ node: Node) -> Int32 {
        let array = arrays[Int(node.a)]
        guard node.c < array.least else { return shortest(array.punctuation.closing) }
        var total: Int32 = 0
        var index = node.c
        while index < array.least, Int(index) < array.first.count {
            total = total.adding(shortest(array.first[Int(index)]))
            index += 1
        }
        if index < array.least {
            total = total.adding(shortest(array.rest).multiplied(by: array.least - index))
        }
        guard total < Self.endless else { return total }
        return total.adding(separators(array.least - node.c, after: node.c, array.punctuation))
    }

    /// The commas of so many elements and the closing bracket.
    private func separators(_ entries: Int32, after count: Int32, _ marks: Punctuation) -> Int32 {
        let commas = max(0, entries - (count == 0 ? 1 : 0))
        return commas.adding(shortest(marks.closing))
    }
}

/// How many properties are still to come.
private struct RequiredCount {
    var required: Int32 = 0
    var optional: Int32 = 0

    init(_ object: ObjectLayout, from index: Int) {
        for entry in object.entries[index...] {
            if entry.isRequired { required += 1 } else { optional += 1 }
        }
    }
}

extension Int32 {
    /// The sum, where ``Automaton/endless`` and anything are endless.
    func adding(_ other: Int32) -> Int32 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    /// The product, where ``Automaton/endless`` times anything but 0 is endless.
    func multiplied(by other: Int32) -> Int32 {
        if self == 0 || other == 0 { return 0 }
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}
