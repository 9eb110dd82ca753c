// An hourglass, one character after the other: a group is made at its last row and serves the rows from there.
// This file knows one level and the next; it refuses to know symbols.

/// One level of an hourglass, with the levels inside it.
final class HourglassSteps {
    private let rows: RowArithmetic
    private let hierarchy: HierarchyPlan
    private let shortening: CharacterModelPlan.Shortening
    private let upsampling: CharacterModelPlan.Upsampling
    private let level: Int
    private var before: StackSteps
    private var after: StackSteps?
    private var down: AttentionSteps?
    private var up: AttentionSteps?
    private let inside: HourglassSteps?
    /// Rows of the group that is being filled, after the shift.
    private var group: [[Float]] = []
    private var count = 0
    private var short: [Float] = []

    init(
        _ rows: RowArithmetic, _ hierarchy: HierarchyPlan,
        _ shortening: CharacterModelPlan.Shortening,
        _ upsampling: CharacterModelPlan.Upsampling, level: Int = 0
    ) {
        self.rows = rows
        self.hierarchy = hierarchy
        self.shortening = shortening
        self.upsampling = upsampling
        self.level = level
        let part = hierarchy.parts[level]
        before = StackSteps(rows, level, layers: part.layers, factor: part.factor)
        guard level < hierarchy.levels else {
            inside = nil
            return
        }
        let k = hierarchy.step(level)
        let last = hierarchy.parts.count - 1 - level
        after = StackSteps(
            rows, last, layers: hierarchy.parts[last].layers, factor: part.factor)
        if shortening.hasAttention {
            down = AttentionSteps(
                rows, "down\(level).", factor: part.factor, queryStride: k, shift: k - 1)
        }
        if upsampling.hasAttention {
            up = AttentionSteps(rows, "up\(level).", factor: part.factor, keyStride: k)
        }
        inside = HourglassSteps(rows, hierarchy, shortening, upsampling, level: level + 1)
        // The shift: zeros stand before the first row.
        let zeros = [Float](repeating: 0, count: rows.model.shape.width)
        for _ in 0..<k - 1 { enter(zeros) }
    }

    private func enter(_ row: [Float]) {
        group.append(row)
        down?.addKey(row)
    }

    /// The output for the next row of this level.
    func step(_ row: [Float]) -> [Float] {
        let x = before.step(row)
        guard let inside else { return x }
        let k = hierarchy.step(level)
        enter(x)
        if count % k == 0 {
            short = inside.step(shorten())
            up?.addKey(short)
            group = []
        }
        let lengthened = lengthen(x, place: count % k)
        count += 1
        let sum = RowArithmetic.sum(x, rows.norm(lengthened, "up\(level).norm"))
        return after?.step(sum) ?? sum
    }

    private func shorten() -> [Float] {
        let k = Float(group.count)
        let pooled =
            shortening.isLinear
            ? rows.linear(group.flatMap { $0 }, "down\(level).linear")
            : group[0].indices.map { column in group.reduce(0) { $0 + $1[column] } / k }
        return resampled(pooled, &down, "down\(level).")
    }

    private func lengthen(_ x: [Float], place: Int) -> [Float] {
        var result = upsampling.hasAttention ? x : short
        if upsampling.isLinear {
            let wide = rows.linear(short, "up\(level).linear")
            let piece = Array(wide[place * x.count..<(place + 1) * x.count])
            result = upsampling.hasAttention ? RowArithmetic.sum(x, piece) : piece
        }
        return resampled(result, &up, "up\(level).")
    }

    private func resampled(
        _ x: [Float], _ attention: inout AttentionSteps?, _ prefix: String
    ) -> [Float] {
        guard attention != nil else { return x }
        let attended = attention?.attend(rows.norm(x, prefix + "attention.norm")) ?? []
        let middle = RowArithmetic.sum(x, attended)
        let normed = rows.norm(middle, prefix + "feed.norm")
        return RowArithmetic.sum(middle, rows.inner(normed, prefix))
    }
}
