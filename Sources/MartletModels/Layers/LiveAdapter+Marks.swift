// The heads of adapters: some rows of a step are marked by one adapter, some by another, some by none.

import MartletCache
import MartletFormats
import MartletKernels

/// The heads of a retrofit's adapter as its file has them, before their panels are packed.
struct MarkingHeads {
    private let shape: EvictionHeadShape?
    private let epsilon: Float
    /// One for each layer; empty where low-rank parts changed the channels that mark.
    private var projections: [(rows: ThinPanels.Place, bias: [Float]?, norm: WeightVector)] =
        []
    private let layerCount: Int

    /// Reads the heads of a file; none where it has no card.
    init(
        _ file: AdapterFile, plan: DecoderPlan, tensors: any TensorSource,
        panels: inout ThinPanels
    ) throws(ModelError) {
        epsilon = Float(plan.epsilon)
        layerCount = plan.shape.layerCount
        shape =
            if let card = file.card { try EvictionHeadShape(card, plan: plan) } else { nil }
        guard shape?.source == .projection else { return }
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
        let (rows, width) = (plan.shape.keyValueHeadCount, plan.shape.hiddenSize)
        for layer in plan.shape.layers.indices {
            let name = names.name(plan.table[.marks], layer: layer)
            let norm = names.name(plan.table[.marksNorm], layer: layer)
            let weight = try numbers(name + ".weight", [rows, width])
            let bias = left[name + ".bias"] == nil ? nil : try numbers(name + ".bias", [rows])
            projections.append(
                (
                    panels.add(weight, columns: width), bias,
                    try WeightVector(numbers(norm + ".weight", [width]))
                ))
        }
        if let other = left.keys.min() {
            throw .unsupported(
                file: file.path, key: "tensor \(other)", got: "stored",
                expected: "the heads of \(plan.shape.layerCount) layers and nothing else")
        }
    }

    /// The heads of all layers, once their panels are packed; none where the file has none.
    func heads(in panels: ThinPanels.Packed) throws(ModelError) -> [EvictionHead] {
        guard let shape else { return [] }
        guard shape.source == .projection else {
            return (0..<layerCount).map { _ in
                EvictionHead(shape: shape, projection: nil, norm: nil)
            }
        }
        var heads: [EvictionHead] = []
        for (place, bias, norm) in projections {
            let rows = panels[place]
            heads.append(
                EvictionHead(
                    shape: shape,
                    projection: EvictionHead.Projection(
                        rows: rows, bias: try bias.map(rows.vector)),
                    norm: .rms(weight: norm, epsilon: epsilon)))
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
        guard head.source == .projection || !plan.normalisesTurned else {
            throw refuse(
                "in a channel of queries and keys",
                "a projection: heads of \(plan.shape.family) are normalised after the rotation")
        }
        self = head
    }
}

extension EvictionHead {
    /// Bytes of its vectors, in an adapter.
    var vectorBytes: Int {
        guard let projection, case .rms(let norm, _)? = norm else { return 0 }
        return ((projection.bias?.count ?? 0) + norm.count) * MemoryLayout<Float>.stride
    }
}

extension StepRows {
    /// Writes the logits of marks of rows whose adapters have heads, in a model that has none; others are not marked.
    func markByAdapters(layer: Int) {
        unmark()
        for span in step.adaptedRows {
            let begin = max(first, span.first)
            let end = min(first + count, span.first + span.count)
            guard begin < end, let head = span.adapter.head(layer: layer), step.hears(head)
            else { continue }
            let rows = StepRows(step: step, first: begin, count: end - begin, strip: strip)
            head.project(rows)
            rows.spreadMarks(of: head)
        }
    }

    /// Marks nothing.
    func unmark() {
        let heads = step.shape.keyValueHeadCount
        (step.marks + first * heads).update(repeating: EvictionHead.unmarked, count: count * heads)
    }

    /// Lets the first head decide for its layer, where heads do so.
    func spreadMarks(of head: EvictionHead) {
        guard head.shape.isPerLayer else { return }
        let heads = step.shape.keyValueHeadCount
        for row in first..<first + count {
            (step.marks + row * heads).update(repeating: step.marks[row * heads], count: heads)
        }
    }
}

extension Step {
    /// Whether the cache carries out what a head's marks mean.
    func hears(_ head: EvictionHead) -> Bool { cache.traits.marks == head.shape.method.kind }

    /// The head of a row whose adapter marks by channels of its queries and keys, which then take no part in attention;
    /// nil for other rows.
    func channelHead(row: Int, layer: Int) -> EvictionHead? {
        adapter(ofRow: row)?.head(layer: layer).flatMap { $0.borrowsChannel ? $0 : nil }
    }

    /// The adapter that a row has; nil for one without.
    private func adapter(ofRow row: Int) -> LiveAdapter? {
        // They follow one another in the order of their rows.
        var (low, high) = (0, adaptedRows.count)
        while low < high {
            let middle = (low + high) / 2
            if adaptedRows[middle].first <= row { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let span = adaptedRows[low - 1]
        return row < span.first + span.count ? span.adapter : nil
    }

    /// The marks that adapters made, in a model without heads; nil where the cache does not listen.
    var adapterMarks: TokenMarks? {
        guard marksTokens else { return nil }
        return TokenMarks(
            logits: marks, weights: mergeWeights, headCount: shape.keyValueHeadCount)
    }
}
