// Grouped-query attention over the paged cache, with everything around it.

import CMartletKernels
import MartletAttention
import MartletKernels

/// Normalise, project to queries, keys and values, rotate, append to the cache, attend, project
/// back and add to the residual stream.
struct GroupedAttention: Sendable {
    let norm: Norm
    let queryKeyValue: Linear
    let output: Linear
    /// Norms of each query and key head before the rotation (Qwen3).
    var queryNorm: Norm?
    var keyNorm: Norm?

    func callAsFunction(_ step: Step, layer: Int) {
        let shape = step.shape
        let rows = step.rows
        let stride = shape.queryWidth + 2 * shape.keyValueWidth
        let normed = step.activation(
            of: step.hidden, stride: shape.hiddenSize, rows: rows, columns: shape.hiddenSize,
            norm: norm, for: queryKeyValue.matrix.type)
        queryKeyValue(step, normed, rows: rows, out: step.queryKeyValue, outStride: stride)

        let base = step.queryKeyValue
        let keys = base + shape.queryWidth
        let group = shape.headCount / shape.keyValueHeadCount
        let (dimension, half) = (shape.headDimension, shape.headDimension / 2)
        let (kernels, cosines, sines) = (step.kernels, step.cosines, step.sines)
        let rotate = kernels.table.pointee.rotate
        let isRotated = shape.rotary != nil
        step.attention.append(
            layer: layer, cache: step.cache, keys: keys, values: keys + shape.keyValueWidth,
            stride: stride
        ) { row, head in
            let key = keys + row * stride + head * dimension
            if let keyNorm { keyNorm(kernels, key, count: dimension, out: key) }
            if isRotated { rotate(key, cosines + row * half, sines + row * half, Int32(half)) }
            for member in 0..<group {
                let query = base + row * stride + (head * group + member) * dimension
                if let queryNorm { queryNorm(kernels, query, count: dimension, out: query) }
                if isRotated {
                    rotate(query, cosines + row * half, sines + row * half, Int32(half))
                }
            }
        }
        step.attention.attend(
            layer: layer, cache: step.cache, q: base, queryStride: stride, out: step.attended,
            outStride: shape.queryWidth)
        let attended = step.activation(
            of: step.attended, stride: shape.queryWidth, rows: rows, columns: shape.queryWidth,
            norm: nil, for: output.matrix.type)
        output(
            step, attended, rows: rows, out: step.hidden, outStride: shape.hiddenSize,
            epilogue: .add)
    }
}
