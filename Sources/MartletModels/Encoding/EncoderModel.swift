// An encoder in memory: immutable weights, shared by everything that runs it.

package import MartletFormats
package import MartletKernels

/// The weights of an encoder. Immutable, so it may be used from any number of threads at once.
package final class EncoderModel: Sendable {
    /// Its numbers.
    package var plan: EncoderPlan { weights.plan }
    /// The types of its packed matrices, those with the most bytes first, as output names them.
    package let weightName: String
    /// Kernels chosen at load.
    package let kernels: KernelSet
    /// Threads of every loop.
    package let pool: WorkerPool
    /// The type that matrices are packed as and that loses something of what is stored; nil for none.
    package let lossyType: WeightType?
    /// Bytes of its packed matrices.
    package let weightBytes: Int
    private let weights: EncoderWeights

    /// Loads a checkpoint.
    ///
    /// - Parameter type: how matrices are packed; nil keeps what the checkpoint stores, as for decoders.
    /// - Throws: ``ModelError`` naming file, tensor, got and expected.
    package init(
        _ checkpoint: Checkpoint, weights type: WeightType? = nil, kernels: KernelSet,
        pool: WorkerPool
    ) throws(ModelError) {
        let plan = try EncoderPlan.read(checkpoint)
        let natural = LanguageModel.naturalType(of: checkpoint.tensors)
        let source = CheckpointWeights(
            tensors: checkpoint.tensors, type: type ?? natural, pool: pool)
        lossyType = type.flatMap { $0 == .f32 || $0 == natural ? nil : $0 }
        weights = try EncoderWeights(plan, source)
        self.kernels = kernels
        self.pool = pool
        var bytes: [WeightType: Int] = [:]
        for matrix in weights.layers.flatMap(\.matrices) {
            bytes[matrix.type, default: 0] += matrix.byteCount
        }
        weightName = bytes.sorted { ($0.value, $1.key.rawValue) > ($1.value, $0.key.rawValue) }
            .map(\.key.rawValue).joined(separator: "+")
        weightBytes = bytes.values.reduce(0, +)
    }

    /// Rows of a batch of short texts: as many as keep every thread busy, few enough for a processor's own cache.
    package static let batchRows = 512

    /// Computes the vectors of all tokens, several texts at a time, none of which changes another's bits.
    ///
    /// - Parameters:
    ///   - texts: at least one token each, at most as many as the plan's context.
    ///   - shouldStop: asked between batches.
    ///   - read: takes the vectors of one text, `hiddenSize` floats a token, valid until it returns.
    /// - Throws: ``ModelError/tokenOutOfRange(got:vocabularySize:)``,
    ///   ``ModelError/contextExceeded(position:contextLength:)``, or what memory is lacking.
    package func encode(
        _ texts: [[Int32]], batchRows: Int = EncoderModel.batchRows,
        shouldStop: () -> Bool = { false },
        read: (_ text: Int, _ vectors: UnsafeBufferPointer<Float>) throws(ModelError) -> Void
    ) throws(ModelError) {
        for text in texts {
            for token in text where token < 0 || Int(token) >= plan.vocabularySize {
                throw .tokenOutOfRange(got: token, vocabularySize: plan.vocabularySize)
            }
            guard text.count <= plan.contextLength else {
                throw .contextExceeded(
                    position: text.count - 1, contextLength: plan.contextLength)
            }
        }
        let longest = texts.map(\.count).max() ?? 0
        guard longest > 0 else { return }
        let total = texts.reduce(0) { $0 + $1.count }
        let capacity = max(longest, min(batchRows, total))
        let step: EncoderStep
        do {
            step = try EncoderStep(
                plan, capacity: capacity, longest: longest, kernels: kernels, pool: pool)
        } catch { throw .kernel(error) }
        var first = 0
        while first < texts.count, !shouldStop() {
            var end = first
            var rows = 0
            while end < texts.count, rows + texts[end].count <= capacity {
                rows += texts[end].count
                end += 1
            }
            step.begin(texts[first..<end])
            weights(step)
            try weights.checkIntact()
            for (index, span) in step.spans.enumerated() {
                try read(
                    first + index,
                    UnsafeBufferPointer(
                        start: step.hidden + span.first * plan.hiddenSize,
                        count: span.count * plan.hiddenSize))
            }
            first = end
        }
    }
}
