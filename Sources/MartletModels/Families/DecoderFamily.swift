// What a family of decoders is: a table of tensors, and how config.json is read.

import MartletFormats

/// A family: one value in one file, listed in ``ModelRegistry``.
struct DecoderFamily: Sendable {
    /// `model_type` of its configurations, and the entry of `architectures` where that is missing.
    let modelType: String
    let architecture: String
    /// Tensors, norms and MLPs of a model whose configuration leaves its options out.
    let table: TensorTable
    let norm: NormKind
    let epsilon: Double
    let feedForward: FeedForwardKind
    /// What GGUF calls it; nil where it has no name there.
    let gguf: GGUFNaming?
    /// The keys of `config.json` that ``read`` is handed. Any other is refused unless it is known to change nothing.
    let keys: Set<String>
    private let read: @Sendable (DecoderFamily, ConfigurationFile) throws -> DecoderPlan

    /// - Parameter read: makes a plan of what the configuration says, of which it sees only `keys`. It refuses what is
    ///   not implemented with ``ModelError/unsupported(file:key:got:expected:)``.
    init(
        _ modelType: String, _ architecture: String, table: TensorTable, norm: NormKind = .rms,
        epsilon: Double = 1e-6, feedForward: FeedForwardKind = .gatedSiLU,
        keys: Set<String>, gguf: GGUFNaming? = nil,
        read: @escaping @Sendable (DecoderFamily, ConfigurationFile) throws -> DecoderPlan
    ) {
        self.modelType = modelType
        self.architecture = architecture
        self.table = table
        self.norm = norm
        self.epsilon = epsilon
        self.feedForward = feedForward
        self.keys = keys
        self.gguf = gguf
        self.read = read
    }

    /// A model of this shape whose configuration says nothing else.
    func plan(_ shape: DecoderShape) -> DecoderPlan {
        var plan = DecoderPlan(shape: shape, table: table)
        plan.norm = norm
        plan.epsilon = epsilon
        plan.feedForward = feedForward
        return plan
    }

    /// The model that a configuration describes.
    func plan(_ file: ConfigurationFile) throws(ModelError) -> DecoderPlan {
        do { return try read(self, file.consumed(by: self)) } catch let error as FormatError {
            throw .format(error)
        } catch let error as ModelError {
            throw error
        } catch {
            preconditionFailure("DecoderFamily: unexpected \(error)")
        }
    }
}
