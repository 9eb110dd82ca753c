// Shortening at fixed factors, level by level, without a look ahead.
// This file knows how resolutions nest; it refuses to know layers and losses.

import MartletKernels
import MartletTraining

/// HG(x) = post(x + LN(up(x, HG(shorten(shift(x, k - 1)))))) with x = pre(x) (2110.13711, algorithm 1).
///
/// Group g of the shifted rows holds rows gk - k + 1 … gk, so all that it knows is known at row gk, the first
/// that receives it. A shift of less than k - 1 would show the future.
struct HourglassGraph {
    let layers: StackGraph
    let hierarchy: HierarchyPlan
    let shortening: CharacterModelPlan.Shortening
    let upsampling: CharacterModelPlan.Upsampling
    let sequences: Int
    private var graph: Graph { layers.graph }

    func output(_ x: Value, length: Int) throws(TrainingError) -> Value {
        try level(0, x, length: length)
    }

    private func level(_ level: Int, _ x: Value, length: Int) throws(TrainingError) -> Value {
        let part = hierarchy.parts[level]
        let here = StackGraph.Resolution(
            layout: RowLayout(sequences: sequences, length: length), factor: part.factor)
        let before = try layers.stack(x, level, layers: part.layers, at: here)
        guard level < hierarchy.levels else { return before }
        let k = hierarchy.step(level)
        let short = try self.level(
            level + 1, try shortened(before, level, here), length: length / k)
        let up = try lengthened(short, before, level, here)
        let sum = graph.add(before, layers.norm(up, "up\(level).norm", here.layout))
        let last = hierarchy.parts.count - 1 - level
        return try layers.stack(sum, last, layers: hierarchy.parts[last].layers, at: here)
    }

    private func shortened(
        _ x: Value, _ level: Int, _ here: StackGraph.Resolution
    ) throws(TrainingError) -> Value {
        let k = hierarchy.step(level)
        let length = here.layout.length
        let shifted = graph.shift(
            x, by: k - 1 - layers.model.plan.missingShift, length: length)
        let pooled =
            shortening.isLinear
            ? graph.linearPool(
                shifted, layers.parameter("down\(level).linear.weight"),
                bias: layers.parameter("down\(level).linear.bias"), factor: k)
            : graph.averagePool(shifted, factor: k)
        guard shortening.hasAttention else { return pooled }
        return try layers.resampled(
            pooled, from: shifted, "down\(level).", Self.downPlaces(k, here.layout),
            factor: here.factor)
    }

    private func lengthened(
        _ short: Value, _ before: Value, _ level: Int, _ here: StackGraph.Resolution
    ) throws(TrainingError) -> Value {
        let k = hierarchy.step(level)
        var up = before
        if upsampling.isLinear {
            let spread = graph.linearSpread(
                short, layers.parameter("up\(level).linear.weight"),
                bias: layers.parameter("up\(level).linear.bias"), factor: k)
            up = upsampling.hasAttention ? graph.add(before, spread) : spread
        } else if !upsampling.hasAttention {
            up = graph.repeatRows(short, factor: k)
        }
        guard upsampling.hasAttention else { return up }
        return try layers.resampled(
            up, from: short, "up\(level).", Self.upPlaces(k, here.layout), factor: here.factor)
    }

    /// Group g sees rows up to its last.
    static func downPlaces(_ k: Int, _ layout: RowLayout) -> RelativePlaces {
        RelativePlaces(
            queries: RowLayout(sequences: layout.sequences, length: layout.length / k),
            keys: layout,
            queryStride: k, shift: k - 1)
    }

    /// Row i sees groups up to i / k.
    static func upPlaces(_ k: Int, _ layout: RowLayout) -> RelativePlaces {
        RelativePlaces(
            queries: layout,
            keys: RowLayout(sequences: layout.sequences, length: layout.length / k), keyStride: k)
    }
}
