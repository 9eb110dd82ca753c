// The heads of adapters: some rows of a step are marked by one adapter, some by another, some by none.

import MartletCache
import MartletFormats
import MartletKernels

extension LiveAdapter {
    /// Binds the heads of a retrofit's adapter, one for each layer; none where it has no card.
    static func heads(
        of file: AdapterFile, plan: DecoderPlan, tensors: any TensorSource, pool: WorkerPool
    ) throws(ModelError) -> [EvictionHead] {
        guard let card = file.card else { return [] }
        let head = try EvictionHeadShape(card, plan: plan)
        let names = StoredNames(plan, contains: tensors.contains)
        var left = file.added
        /// The numbers of a layer's tensor.
        func numbers(_ name: String, _ shape: [Int]) throws(ModelError) -> [Float] {
            do throws(FormatError) {
                guard let entry = left.removeValue(forKey: name) else {
                    throw FormatError.missingTensor(path: file.path, tensor: name)
                }
                try entry.check(shape: shape)
                return try AdapterFile.numbers(entry)
            } catch { throw .format(error) }
        }
        func vector(_ name: String, _ count: Int) throws(ModelError) -> WeightVector {
            try WeightVector(numbers(name, [count]))
        }
        let (rows, width) = (plan.shape.keyValueHeadCount, plan.shape.hiddenSize)
        var heads: [EvictionHead] = []
        for layer in plan.shape.layers.indices {
            let name = names.name(plan.table[.marks], layer: layer)
            let norm = names.name(plan.table[.marksNorm], layer: layer)
            let weight = try numbers(name + ".weight", [rows, width])
            let bias = left[name + ".bias"] == nil ? nil : try vector(name + ".bias", rows)
            heads.append(
                EvictionHead(
                    shape: head,
                    projection: Linear([try packed(weight, rows: rows, pool)], bias: bias),
                    norm: .rms(
                        weight: try vector(norm + ".weight", width), epsilon: Float(plan.epsilon))))
        }
        if let other = left.keys.min() {
            throw .unsupported(
                file: file.path, key: "tensor \(other)", got: "stored",
                expected: "the heads of \(plan.shape.layerCount) layers and nothing else")
        }
        return heads
    }
}

extension EvictionHeadShape {
    /// The heads that a retrofit's card describes, for a model that has none.
    init(_ card: AdapterCard, plan: DecoderPlan) throws(ModelError) {
        func refuse(_ got: String, _ expected: String) -> ModelError {
            .unsupported(
                file: card.file.path, key: "eviction", got: got, expected: expected)
        }
        guard plan.shape.evictionHead == nil else {
            throw refuse("heads for a model that has its own", "the model without them")
        }
        guard plan.table.has(.marks) else {
            throw refuse(
                "heads for a \(plan.shape.family) model", "a family whose attention can mark tokens"
            )
        }
        let head: EvictionHeadShape
        do { head = try Self.own(card.eviction, isDisabled: false) } catch let error as FormatError
        {
            throw .format(error)
        } catch { throw refuse("\(error)", "a description of heads") }
        guard head.source == .projection else {
            throw refuse(
                "\(head.method.rawValue) in channels of queries and keys",
                "a projection beside the weights: channels belong to weights that were trained with them"
            )
        }
        self = head
    }
}

extension EvictionHead {
    /// Bytes of what it is beside the model's weights.
    var byteCount: Int {
        guard let projection, case .rms(let norm, _)? = norm else { return 0 }
        return projection.byteCount
            + ((projection.bias?.count ?? 0) + norm.count) * MemoryLayout<Float>.stride
    }
}

extension StepRows {
    /// Writes the logits of marks of rows whose adapters have heads, in a model that has none; others are not marked.
    func markByAdapters(layer: Int) {
        let heads = step.shape.keyValueHeadCount
        (step.marks + first * heads).update(repeating: EvictionHead.unmarked, count: count * heads)
        for span in step.adaptedRows where !span.adapter.heads.isEmpty {
            let begin = max(first, span.first)
            let end = min(first + count, span.first + span.count)
            guard begin < end else { continue }
            let head = span.adapter.heads[layer]
            head.project(StepRows(step: step, first: begin, count: end - begin, isStrip: isStrip))
            guard head.shape.isPerLayer else { continue }
            for row in begin..<end {
                (step.marks + row * heads).update(
                    repeating: step.marks[row * heads], count: heads)
            }
        }
    }
}

extension Step {
    /// The marks that adapters made, in a model without heads; nil where the cache does not listen.
    var adapterMarks: TokenMarks? {
        guard marksTokens else { return nil }
        return TokenMarks(
            logits: marks, weights: mergeWeights, headCount: shape.keyValueHeadCount)
    }
}
