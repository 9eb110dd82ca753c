// A model in memory: immutable weights, shared by everything that runs it.

package import MartletCache
package import MartletFormats
package import MartletKernels

/// The weights and the shape of a model. Immutable, so it can be shared; what runs it is a
/// ``ModelRunner``.
package final class LanguageModel: Sendable {
    /// Its sizes, and how each layer attends.
    package let shape: DecoderShape
    /// How its matrices are packed; nil where each is packed as it is stored.
    package let weightType: WeightType?
    /// How they are packed where nothing else is asked for; nil where each is packed as it is stored.
    package let naturalWeights: WeightType?
    /// The types of its packed matrices, those with the most bytes first, as output names them.
    package let weightName: String
    /// Kernels chosen at load.
    package let kernels: KernelSet
    /// Threads of every loop.
    package let pool: WorkerPool
    /// Bytes of adapters that requests may choose, beside ``weightBytes``.
    package var adapterBytes: Int { adapters.values.reduce(0) { $0 + $1.byteCount } }
    /// Bytes of packed weights in memory, all of which a decode step reads once, except for an
    /// embedding table that is only looked up.
    package let weightBytes: Int
    /// Those of them that a decode step of one token reads: all but the experts that it does not run through.
    package let activeWeightBytes: Int
    /// Bytes of weights that a step of `rows` tokens reads, were each expert as likely as any other; exact for one.
    package func weightBytes(rows: Int) -> Int {
        guard let experts = shape.experts, rows > 0 else { return weightBytes }
        let share = 1 - Double(experts.perToken) / Double(experts.count)
        var idle = Double(weightBytes - activeWeightBytes)
        for _ in 1..<rows { idle *= share }
        return weightBytes - Int(idle)
    }
    /// Weights of the adapters beside the model's own, all of floats.
    package var adapterParameterCount: Int { adapterBytes / MemoryLayout<Float>.stride }

    /// Weights that one token's logits depend on.
    package var activeParameterCount: Int { loaded.plan.activeParameterCount }
    /// Weight parameters.
    package let parameterCount: Int
    /// Ids that end a text, from the configuration.
    package let endTokens: [Int32]
    /// What its maker's files say in two ways, and which of them counts.
    package var notes: [String] { loaded.plan.notes }
    let loaded: LoadedDecoder
    /// Adapters that requests may choose, by name.
    package let adapters: [String: LiveAdapter]

    /// The largest bias of any key channel before its rotation, by magnitude; 0 without biases. Where it is many times
    /// what a token adds, one scale for all channels of a key leaves little of the others.
    package var largestKeyBias: Float {
        let first = shape.headCount * shape.headDimension
        let count = shape.keyValueHeadCount * shape.headDimension
        return loaded.decoder.layers.reduce(0) { largest, layer in
            guard let bias = layer.attention.queryKeyValue.bias else { return largest }
            return (first..<first + count).reduce(largest) { max($0, abs(bias.pointer[$1])) }
        }
    }

    /// Loads a checkpoint.
    ///
    /// - Parameters:
    ///   - checkpoint: opened and checked.
    ///   - weights: how matrices are packed; nil keeps the numbers that are stored.
    ///   - readsHead: whether logits will be asked for. A checkpoint of an embedding model has no output projection.
    ///   - adapters: directories of low-rank adapters that requests may choose, by name.
    /// - Throws: ``ModelError`` naming file, tensor, got and expected.
    package convenience init(
        _ checkpoint: Checkpoint, weights type: WeightType? = nil, readsHead: Bool = true,
        adapters: [String: String] = [:], kernels: KernelSet, pool: WorkerPool
    ) throws(ModelError) {
        var plan = try DecoderPlan.read(checkpoint)
        if !readsHead { plan.shape.tiesEmbeddings = true }
        let tensors: any TensorSource
        do { tensors = try plan.tensors(of: checkpoint) } catch { throw .format(error) }
        let names = StoredNames(plan, contains: tensors.contains)
        // Which are in f32, whatever the others are.
        let routers = plan.tensors.filter { $0.row.roles[0].matrixKind == .router }
        let natural = Self.naturalType(of: tensors, besides: Set(routers.map { names.name($0) }))
        let type = type ?? natural
        let source = CheckpointWeights(tensors: tensors, type: type, pool: pool)
        // Small files, refused before gigabytes of weights.
        var opened: [String: LiveAdapter] = [:]
        let digest = WeightsDigest(checkpoint.tensors)
        for (name, directory) in adapters {
            opened[name] = try LiveAdapter(
                name: name, directory: directory, plan: plan, tensors: checkpoint.tensors,
                digest: digest, pool: pool)
        }
        let loaded = try LoadedDecoder(
            plan, weights: source, isAdaptable: !opened.isEmpty)
        var ends: [Int32] = []
        do {
            let file = checkpoint.configuration
            var given = try file.optionalInts("eos_token_id")
            if given == nil, let text = try file.optionalObject("text_config") {
                given = try text.optionalInts("eos_token_id")
            }
            ends = given?.compactMap { Int32(exactly: $0) } ?? []
        } catch { throw .format(error) }
        self.init(
            loaded, adapters: opened, type: type, natural: natural, kernels: kernels, pool: pool,
            endTokens: ends)
    }

    /// A random model of a published shape, for measuring speed: `tiny`, `qwen2.5-0.5b` …
    ///
    /// - Throws: ``ModelError/unknownShape(got:available:)``.
    package convenience init(
        randomShape name: String, weights type: WeightType, seed: UInt64, kernels: KernelSet,
        pool: WorkerPool
    ) throws(ModelError) {
        let shape = try ModelRegistry.shape(named: name)
        try self.init(randomShape: shape, weights: type, seed: seed, kernels: kernels, pool: pool)
    }

    /// A random model of any shape, for tests.
    package convenience init(
        randomShape shape: DecoderShape, weights type: WeightType, seed: UInt64, kernels: KernelSet,
        pool: WorkerPool
    ) throws(ModelError) {
        let plan = try ModelRegistry.family(named: shape.family).plan(shape)
        try plan.checkRunnable(file: "the random shape")
        let source = RandomWeights(type: type, seed: seed, pool: pool)
        let loaded = try LoadedDecoder(plan, weights: source)
        self.init(
            loaded, type: type, natural: .bf16, kernels: kernels, pool: pool, endTokens: [])
    }

    private init(
        _ loaded: LoadedDecoder, adapters: [String: LiveAdapter] = [:], type: WeightType?,
        natural: WeightType?, kernels: KernelSet, pool: WorkerPool, endTokens: [Int32]
    ) {
        self.loaded = loaded
        self.adapters = adapters
        let plan = loaded.plan
        shape = plan.shape
        weightType = type
        naturalWeights = natural
        self.kernels = kernels
        self.pool = pool
        self.endTokens = endTokens
        parameterCount = plan.parameterCount
        if let type {
            weightName = type.rawValue
            func bytes(isActive: Bool) -> Int {
                plan.shape.layers.indices.reduce(loaded.decoder.vocabulary.byteCount) {
                    $0 + plan.matrixBytes(layer: $1, as: type, isActive: isActive)
                }
            }
            weightBytes = bytes(isActive: false)
            activeWeightBytes = bytes(isActive: true)
        } else {
            var bytes: [WeightType: Int] = [:]
            for matrix in loaded.decoder.matrices {
                bytes[matrix.type, default: 0] += matrix.byteCount
            }
            weightName = bytes.sorted { ($0.value, $1.key.rawValue) > ($1.value, $0.key.rawValue) }
                .map(\.key.rawValue).joined(separator: "+")
            weightBytes = bytes.values.reduce(0, +)
            activeWeightBytes = weightBytes - loaded.decoder.idleBytes
        }
    }

    /// Bytes of the model's matrices, packed as another type; vectors stay in f32.
    package func packedBytes(as type: WeightType) -> Int {
        let plan = loaded.plan
        let inLayers = plan.shape.layers.indices.reduce(0) {
            $0 + plan.matrixParameterCount(layer: $1)
        }
        let columns = shape.hiddenSize
        let vocabulary = shape.vocabularySize * columns * (shape.tiesEmbeddings ? 1 : 2)
        let head = type.type(of: .vocabulary, width: columns).layout
        return plan.shape.layers.indices.reduce(
            max(0, parameterCount - inLayers - vocabulary) * 4 + head.bytes(weights: vocabulary)
        ) { $0 + plan.matrixBytes(layer: $1, as: type) }
    }

    /// Names for `random:NAME`.
    package static let randomShapeNames = ModelRegistry.shapes.map(\.name)

    /// The shape of what tokens leave in a cache of this codec.
    package func cacheShape(codec: CacheCodec) -> KVShape {
        KVShape(
            layerCount: shape.layerCount, keyValueHeadCount: shape.keyValueHeadCount,
            headDimension: shape.headDimension, codec: codec,
            pageBytes: codec.pageBytes(headDimension: shape.headDimension))
    }

    /// bf16 or f16 where every matrix is stored so; nil where some are blocks or packed integers, which are kept; f32
    /// holds everything else exactly.
    ///
    /// - Parameter exceptions: names of matrices that are packed in f32 anyway.
    static func naturalType(
        of tensors: any TensorSource, besides exceptions: Set<String> = []
    ) -> WeightType? {
        guard tensors.entries.allSatisfy({ $0.stored == nil && $0.grouped == nil }) else {
            return nil
        }
        for (dtype, type) in [(DType.bf16, WeightType.bf16), (.f16, .f16)] {
            let isStored = tensors.entries.allSatisfy {
                $0.shape.count != 2 || ($0.dtype == dtype && $0.holdsNumbers)
                    || exceptions.contains($0.name)
            }
            if isStored { return type }
        }
        return .f32
    }
}
