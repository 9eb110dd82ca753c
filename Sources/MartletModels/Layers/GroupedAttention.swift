// Grouped-query attention over the paged cache, with everything around it.

import CMartletKernels
import MartletAttention
import MartletCache
import MartletKernels

/// Normalise, project to queries, keys and values; rotate, append to the cache, attend; project
/// back and add to the residual stream. Only the second of the three looks at several rows together.
struct GroupedAttention: Sendable {
    let norm: Norm?
    let queryKeyValue: Linear
    let output: ResidualLinear
    /// Norms of each query and key head, before the rotation (Qwen3) or after it, with the same weights for all or
    /// some for each (StableLM).
    var queryNorm: Norm?
    var keyNorm: Norm?
    /// Norms of all queries of a token together, and of all its keys (OLMo 2).
    var queryRowNorm: Norm?
    var keyRowNorm: Norm?
    /// Whether the norms of heads come after the rotation (Hunyuan).
    var normalisesTurned = false
    /// What queries, keys and values are clamped to, by magnitude (OLMoE).
    var limit: Float?
    /// What marks tokens for eviction, in a model that was retrofitted for it.
    var eviction: EvictionHead?
    /// A logit of each query head that takes part in its softmax and has no token behind it.
    var sinks: WeightVector?

    /// Bytes of its packed weights.
    var byteCount: Int { queryKeyValue.byteCount + output.linear.byteCount }

    private static func stride(_ shape: DecoderShape) -> Int {
        shape.queryWidth + 2 * shape.keyValueWidth
    }

    /// Queries, keys and values of rows, and the logits of their marks.
    func project(_ rows: StepRows) {
        let step = rows.step
        let shape = step.shape
        // Before the input norm, whose buffer it shares.
        if step.marksTokens {
            if let eviction {
                eviction.project(rows)
            } else if let layer = queryKeyValue.site?.layer {
                rows.markByAdapters(layer: layer)
            }
        }
        let normed = rows.activation(
            of: step.hidden, stride: shape.hiddenSize, columns: shape.hiddenSize, norm: norm,
            quantised: queryKeyValue.quantisesActivations)
        if step.cache.traits.readsInputNorms { measure(normed, rows) }
        queryKeyValue(rows, normed, out: step.queryKeyValue, outStride: Self.stride(shape))
        defer { clamp(rows) }
        guard let queryRowNorm, let keyRowNorm else { return }
        let (kernels, base, stride) = (step.kernels, step.queryKeyValue, Self.stride(shape))
        rows.forEach(cost: shape.queryWidth) { row in
            let queries = base + row * stride
            let keys = queries + shape.queryWidth
            queryRowNorm(kernels, queries, count: shape.queryWidth, out: queries)
            keyRowNorm(kernels, keys, count: shape.keyValueWidth, out: keys)
        }
    }

    private func clamp(_ rows: StepRows) {
        guard let limit else { return }
        let (base, stride) = (rows.step.queryKeyValue, Self.stride(rows.step.shape))
        rows.forEach(cost: stride) { row in
            let x = base + row * stride
            for i in 0..<stride { x[i] = min(max(x[i], -limit), limit) }
        }
    }

    /// The Euclidean norms of the rows that the projection reads, for the policy that asks for them.
    private func measure(_ normed: Activation, _ rows: StepRows) {
        let (size, norms) = (rows.step.shape.hiddenSize, rows.step.inputNorms.base)
        rows.forEach(cost: size) { row in
            let x = normed.x + (row - rows.first) * normed.stride
            var sum: Float = 0
            for i in 0..<size { sum += x[i] * x[i] }
            norms[row] = sum.squareRoot()
        }
    }

    /// Attention of all rows, once they are projected.
    func attend(_ step: Step, layer: Int) {
        let shape = step.shape
        let stride = Self.stride(shape)
        let base = step.queryKeyValue
        let keys = base + shape.queryWidth
        let group = shape.headCount / shape.keyValueHeadCount
        let dimension = shape.headDimension
        let rotate = step.kernels.table.pointee.rotate
        let turn = step.rotation(layer: layer)
        let borrowing = eviction.flatMap { $0.borrowsChannel ? $0 : nil }
        if let borrowing { readChannels(of: borrowing, step.allRows, stride: stride) }
        let lends = eviction == nil && readChannelsOfAdapters(step, layer: layer, stride: stride)
        let rows = AppendedRows(
            keys: keys, values: keys + shape.keyValueWidth, stride: stride,
            marks: eviction.map { $0.marks(step) } ?? step.adapterMarks)
        step.attention.append(layer: layer, cache: step.cache, rows: rows) { row, head in
            let key = keys + row * stride + head * dimension
            let queries = base + row * stride + head * group * dimension
            let borrowing = borrowing ?? (lends ? step.channelHead(row: row, layer: layer) : nil)
            if borrowing == nil, !normalisesTurned {
                normalise(step, head: head, key: key, queries: queries, group: group)
            }
            if let turn {
                let (cosines, sines) = (
                    turn.cosines + row * turn.half, turn.sines + row * turn.half
                )
                rotate(key, cosines, sines, Int32(turn.half))
                for member in 0..<group {
                    rotate(queries + member * dimension, cosines, sines, Int32(turn.half))
                }
                if let growth = turn.growth {
                    let factor = Float(growth.factor(position: Int(step.positions[row])))
                    for i in 0..<group * dimension { queries[i] *= factor }
                }
            }
            if normalisesTurned {
                normalise(step, head: head, key: key, queries: queries, group: group)
            }
            borrowing?.clear(key: key, queries: queries, group: group, dimension: dimension)
        }
        step.attention.attend(
            layer: layer, cache: step.cache, q: base, queryStride: stride,
            inputNorms: step.cache.traits.readsInputNorms
                ? UnsafePointer(step.inputNorms.base) : nil,
            out: step.attended, outStride: shape.queryWidth)
    }

    /// Adds what rows attended to, projected back, to the residual stream.
    func finish(_ rows: StepRows) {
        let step = rows.step
        let shape = step.shape
        let attended = rows.activation(
            of: step.attended, stride: shape.queryWidth, columns: shape.queryWidth, norm: nil,
            quantised: output.linear.quantisesActivations)
        output(rows, attended)
    }

    private func normalise(
        _ step: Step, head: Int, key: UnsafeMutablePointer<Float>,
        queries: UnsafeMutablePointer<Float>, group: Int
    ) {
        let dimension = step.shape.headDimension
        if let keyNorm { keyNorm(step.kernels, key, count: dimension, out: key, head: head) }
        guard let queryNorm else { return }
        for member in 0..<group {
            let query = queries + member * dimension
            queryNorm(
                step.kernels, query, count: dimension, out: query, head: head * group + member)
        }
    }

    /// Does so for the rows whose adapters mark by channels; false where there are none.
    private func readChannelsOfAdapters(_ step: Step, layer: Int, stride: Int) -> Bool {
        var lends = false
        for span in step.adaptedRows {
            guard let head = span.adapter.head(layer: layer), head.borrowsChannel else { continue }
            lends = true
            let rows = StepRows(step: step, first: span.first, count: span.count, strip: nil)
            readChannels(of: head, rows, stride: stride)
            guard step.hears(head) else {
                rows.unmark()
                continue
            }
            rows.spreadMarks(of: head)
        }
        return lends
    }

    /// Normalises queries and keys of rows, reads the marks in their borrowed channels, and takes these
    /// out of attention.
    private func readChannels(of eviction: EvictionHead, _ rows: StepRows, stride: Int) {
        let step = rows.step
        let shape = step.shape
        let (base, keys) = (step.queryKeyValue, step.queryKeyValue + shape.queryWidth)
        let group = shape.headCount / shape.keyValueHeadCount
        let dimension = shape.headDimension
        rows.forEach(cost: shape.queryWidth + shape.keyValueWidth) { row in
            for head in 0..<shape.keyValueHeadCount {
                normalise(
                    step, head: head, key: keys + row * stride + head * dimension,
                    queries: base + row * stride + head * group * dimension, group: group)
            }
            eviction.read(step, row: row, queries: base + row * stride, keys: keys + row * stride)
            for head in 0..<shape.keyValueHeadCount {
                eviction.clear(
                    key: keys + row * stride + head * dimension,
                    queries: base + row * stride + head * group * dimension, group: group,
                    dimension: dimension)
            }
        }
    }
}
