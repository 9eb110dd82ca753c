/// What a cache runs under: its traits, and the stages that act on it.

package import MartletKernels

/// What a stage is made for: a model's shape and the threads that run it.
package struct StageContext {
    /// What the cache holds.
    package let shape: KVShape
    /// Query heads of a layer, a multiple of the KV heads.
    package let headCount: Int
    /// What scores are multiplied by.
    package let scale: Float
    /// What scaled scores are softly held below before their softmax; 0 for none.
    package let cap: Float
    /// By layer: a logit of each query head that takes part in its softmax and has no token behind it; empty for none.
    package let sinkLogits: [[Float]]
    /// By layer: radians a position for each rotated pair of dimensions; empty where nothing is rotated.
    package let frequencies: [[Double]]
    /// Tokens that a mark of the model reaches, as it was trained; nil for a model that marks none.
    package let markWindow: Int?
    /// The model's output projection; nil where attention runs without a model.
    package let outputs: OutputProjection?
    /// The kernels of this machine.
    package let kernels: KernelSet
    /// The threads of every loop.
    package let pool: WorkerPool

    /// Query heads for each KV head.
    package var group: Int { headCount / shape.keyValueHeadCount }

    /// Describes what a stage is made for.
    package init(
        shape: KVShape, headCount: Int, scale: Float, cap: Float = 0,
        sinkLogits: [[Float]] = [], frequencies: [[Double]], markWindow: Int?,
        outputs: OutputProjection? = nil, kernels: KernelSet, pool: WorkerPool
    ) {
        self.shape = shape
        self.headCount = headCount
        self.scale = scale
        self.cap = cap
        self.sinkLogits = sinkLogits
        self.frequencies = frequencies
        self.markWindow = markWindow
        self.outputs = outputs
        self.kernels = kernels
        self.pool = pool
    }
}

/// Makes one stage, and the memory that it has of each sequence.
package struct StageMaker: Sendable {
    /// The memory of a new sequence.
    package let memory: @Sendable () -> any StageMemory
    /// The stage; `index` is its place in the plan, under which the cache holds its memories.
    package let stage: @Sendable (StageContext, _ index: Int) throws(KernelError) -> any CacheStage

    /// Describes a stage.
    package init(
        memory: @escaping @Sendable () -> any StageMemory,
        stage:
            @escaping @Sendable (StageContext, _ index: Int) throws(KernelError)
            -> any CacheStage
    ) {
        self.memory = memory
        self.stage = stage
    }
}

/// A policy as the cache knows it: traits that it goes by itself, and stages in the order in which they run.
package struct CachePlan: Sendable {
    /// What the cache itself must do.
    package let traits: CacheTraits
    /// Makers of the stages.
    package let makers: [StageMaker]

    /// Describes a cache. Without arguments it keeps everything.
    package init(traits: CacheTraits = CacheTraits(), makers: [StageMaker] = []) {
        self.traits = traits
        self.makers = makers
    }

    /// Keeps everything.
    package static let dense = CachePlan()

    /// The stages of one cache. Throws when their buffers cannot be had.
    package func makeStages(_ context: StageContext) throws(KernelError) -> [any CacheStage] {
        var stages: [any CacheStage] = []
        for (index, maker) in makers.enumerated() {
            stages.append(try maker.stage(context, index))
        }
        return stages
    }
}
