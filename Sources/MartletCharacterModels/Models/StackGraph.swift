// Layers of attention and MLP in a graph, before or after their norms, and attention between resolutions.
// This file knows one resolution at a time; it refuses to know who shortens.

import MartletKernels
import MartletTraining

/// Builds layers of a character model.
struct StackGraph {
    let graph: Graph
    let model: CharacterModel
    static let epsilon: Float = 1e-5

    /// The rows of one stack: `factor` characters each.
    struct Resolution {
        let layout: RowLayout
        let factor: Int
    }

    /// `layers` layers; where norms come before, one more norm at the end.
    func stack(
        _ x: Value, _ index: Int, layers: Int, at resolution: Resolution
    ) throws(TrainingError) -> Value {
        var x = x
        for layer in 0..<layers {
            x = try self.layer(x, "stack\(index).\(layer).", at: resolution)
        }
        return model.plan.norm == .pre ? norm(x, "stack\(index).norm", resolution.layout) : x
    }

    private func layer(
        _ x: Value, _ prefix: String, at resolution: Resolution
    ) throws(TrainingError) -> Value {
        let layout = resolution.layout
        let places = RelativePlaces(queries: layout, keys: layout)
        switch model.plan.norm {
        case .pre:
            let input = norm(x, prefix + "attention.norm", layout)
            let attended = try attention(
                queries: input, keys: input, prefix, places, factor: resolution.factor)
            let middle = graph.add(x, attended, over: layout)
            return feed(middle, prefix, layout)
        case .post:
            let attended = try attention(
                queries: x, keys: x, prefix, places, factor: resolution.factor)
            let middle = norm(
                graph.add(x, attended, over: layout), prefix + "attention.norm", layout)
            return norm(
                graph.add(middle, inner(middle, prefix, layout), over: layout),
                prefix + "feed.norm", layout)
        }
    }

    /// x + Attention(Q = LN x, K = V = keys), then x + MLP(LN x): vectors of one resolution look at those of
    /// another (2110.13711, section 2.2). `factor`: characters of a step of places.
    func resampled(
        _ x: Value, from keys: Value, _ prefix: String, _ places: RelativePlaces, factor: Int
    ) throws(TrainingError) -> Value {
        let layout = places.queries
        let attended = try attention(
            queries: norm(x, prefix + "attention.norm", layout), keys: keys, prefix, places,
            factor: factor)
        return feed(graph.add(x, attended, over: layout), prefix, layout)
    }

    private func feed(_ x: Value, _ prefix: String, _ layout: RowLayout) -> Value {
        graph.add(x, inner(norm(x, prefix + "feed.norm", layout), prefix, layout), over: layout)
    }

    private func inner(_ x: Value, _ prefix: String, _ layout: RowLayout) -> Value {
        let wide = linear(x, prefix + "feed.in", layout)
        return linear(
            graph.gelu(wide, isApproximate: model.plan.norm == .pre, over: layout),
            prefix + "feed.out", layout)
    }

    private func attention(
        queries: Value, keys: Value, _ prefix: String, _ places: RelativePlaces, factor: Int
    ) throws(TrainingError) -> Value {
        func weight(_ name: String) -> Value { parameter(prefix + "attention.\(name).weight") }
        let count = places.place(places.queries.length - 1) + 1
        let table = graph.parameter(try model.distances(count, factor: factor))
        let y = graph.relativeAttention(
            RelativeInputs(
                q: graph.linear(queries, weight("q"), over: places.queries),
                k: graph.linear(keys, weight("k"), over: places.keys),
                v: graph.linear(keys, weight("v"), over: places.keys),
                r: graph.linear(table, weight("r")), contentBias: parameter("bias.content"),
                placeBias: parameter("bias.place")),
            heads: model.shape.heads, places: places)
        return graph.linear(y, weight("o"), over: places.queries)
    }

    func linear(_ x: Value, _ name: String, _ layout: RowLayout) -> Value {
        graph.linear(
            x, parameter(name + ".weight"), bias: parameter(name + ".bias"), over: layout)
    }

    func norm(_ x: Value, _ name: String, _ layout: RowLayout) -> Value {
        graph.layerNorm(
            x, weight: parameter(name + ".weight"), bias: parameter(name + ".bias"),
            epsilon: Self.epsilon, over: layout)
    }

    func parameter(_ name: String) -> Value { graph.parameter(model[name]) }
}
