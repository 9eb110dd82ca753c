// How many multiplications a prompt takes, by what is multiplied.

package import MartletKernels

extension LanguageModel {
    /// Multiplications of a prompt of `tokens`, computed once with logits for its last token, under full attention of
    /// every layer's window.
    ///
    /// Of the last layer the prompt's inner tokens run through queries, keys and values alone. Matrices count what a token runs through, in the numbers that kernels multiply: bytes where activations are
    /// quantised, floats elsewhere. Attention counts what each row sees: as pairs where this machine's kernels do so, in
    /// quantised caches as the two bytes that a query and a weight are split into (one for keys of four bits).
    package func multiplications(prompt tokens: Int, cache codec: CacheCodec) -> [ProductKind:
        Double]
    {
        var counts: [ProductKind: Double] = [:]
        let head = loaded.decoder.vocabulary.head
        func size(_ matrix: PackedMatrix) -> Double { Double(matrix.channels * matrix.columns) }
        func kind(_ matrix: PackedMatrix) -> ProductKind {
            matrix.type.quantisesActivations ? .bytes : .floats
        }
        for (index, (layer, planned)) in zip(loaded.decoder.layers, shape.layers).enumerated() {
            for matrix in layer.attention.queryKeyValue.matrices {
                counts[kind(matrix), default: 0] += size(matrix) * Double(tokens)
            }
            let after = index + 1 < shape.layers.count ? Double(tokens) : 1
            for matrix in layer.attention.output.linear.matrices {
                counts[kind(matrix), default: 0] += size(matrix) * after
            }
            let share = planned.experts?.activeShare ?? 1
            for matrix in layer.feedForward.matrices {
                counts[kind(matrix), default: 0] += size(matrix) * after * share
            }
        }
        counts[kind(head), default: 0] += size(head)
        let n = Double(tokens)
        var seen = 0.0
        for layer in shape.layers {
            let window = min(n, Double(layer.window ?? tokens))
            seen += n * window - window * (window - 1) / 2
        }
        // Scores and weighted values.
        let products = 2 * seen * Double(shape.headCount * shape.headDimension)
        switch codec {
        case .f32: counts[.floats, default: 0] += products
        case .f16, .bf16:
            counts[kernels.multipliesPairs ? .pairs : .floats, default: 0] += products
        case .q8: counts[.bytes, default: 0] += products * 2
        case .q4: counts[.bytes, default: 0] += products * 1.5
        }
        return counts
    }
}

extension ExpertShape {
    /// Of the weights of a layer's matrices what one token runs through.
    fileprivate var activeShare: Double {
        let forAll = 3 * sharedWidth + count + (sharedWidth > 0 ? 1 : 0)
        return Double(3 * perToken * width + forAll) / Double(3 * count * width + forAll)
    }
}
