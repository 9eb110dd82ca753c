/// Slices of texts and lists.

extension Interpreter {
    func slice(
        _ base: TemplateExpression, _ start: TemplateExpression?, _ end: TemplateExpression?,
        _ step: TemplateExpression?, _ position: SourcePosition, in scope: TemplateScope
    ) throws(TemplateFault) -> TemplateValue {
        let value = try evaluate(base, in: scope)
        let start = try bound(start, in: scope)
        let end = try bound(end, in: scope)
        let stride = try bound(step, in: scope) ?? 1
        try self.step(at: position)
        guard stride != 0 else { throw TemplateFault(.value, "slice step cannot be zero") }
        switch value {
        case .text(let text):
            let offsets = text.characterOffsets
            let places = Self.places(start, end, stride, count: offsets.count - 1)
            if stride == 1 {
                return try charge(.text(text[offsets[places.first]..<offsets[places.end]]))
            }
            var result = TemplateText()
            for place in places.all { result.append(text[offsets[place]..<offsets[place + 1]]) }
            return try charge(.text(result))
        case .list(let list):
            let places = Self.places(start, end, stride, count: list.elements.count)
            return try charge(
                .list(ListValue(places.all.map { list.elements[$0] }, isTuple: list.isTuple)))
        case .view(let view) where view.kind == .range:
            let places = Self.places(start, end, stride, count: view.list.elements.count)
            return try charge(.view(ViewValue(.range, places.all.map { view.list.elements[$0] })))
        case .undefined(let value): throw value.fault
        default:
            return .undefined(
                UndefinedValue("'\(value.typeName) object' has no element slice"))
        }
    }

    private func bound(
        _ expression: TemplateExpression?, in scope: TemplateScope
    ) throws(TemplateFault) -> Int? {
        guard let expression else { return nil }
        let value = try evaluate(expression, in: scope)
        if case .none = value { return nil }
        guard let bound = value.integerValue else {
            throw TemplateFault(
                .type, "slice indices must be integers or None or have an __index__ method")
        }
        return bound
    }

    private struct Places {
        let first: Int
        let end: Int
        let stride: Int
        var all: [Int] { Array(Swift.stride(from: first, to: end, by: stride)) }
    }

    private static func places(_ start: Int?, _ end: Int?, _ stride: Int, count: Int) -> Places {
        func clamped(_ bound: Int, _ range: ClosedRange<Int>) -> Int {
            let place = bound < 0 ? max(bound, -count - 1) + count : bound
            return min(max(place, range.lowerBound), range.upperBound)
        }
        // A stride past the end is as good as one to the end.
        let stride = min(max(stride, -count - 1), count + 1)
        if stride > 0 {
            let first = clamped(start ?? 0, 0...count)
            return Places(
                first: first, end: max(first, clamped(end ?? count, 0...count)), stride: stride)
        }
        let range = -1...(count - 1)
        let first = start.map { clamped($0, range) } ?? count - 1
        return Places(first: first, end: end.map { clamped($0, range) } ?? -1, stride: stride)
    }
}
