// A decoder in training form: its configuration and its parameters.

public import MartletFormats
import MartletKernels
package import MartletModels

/// A model whose weights are plain floats that training may change.
public final class TrainableModel {
    /// What `config.json` holds.
    public let configuration: JSONObject
    /// Its tensors and what they are for.
    package let plan: DecoderPlan
    /// Its weights.
    public let parameters: DecoderParameters
    /// Low-rank parts that are trained beside frozen weights; nil without.
    var lowRank: LowRankParts?
    /// Everything that has a gradient.
    var trained: [Parameter] {
        (parameters.all + (lowRank?.all ?? [])).filter(\.isTrainable)
    }
    /// Changes to the `config.json` that is written, for a method that only training carries out.
    var storedChanges: [(key: String, value: JSONValue)] = []

    init(
        configuration: JSONObject, plan: DecoderPlan, parameters: DecoderParameters
    ) {
        self.configuration = configuration
        self.plan = plan
        self.parameters = parameters
    }

    /// A model with random weights.
    ///
    /// - Parameters:
    ///   - configuration: the content of a `config.json` of any family that Martlet runs.
    ///   - seed: decides the weights.
    ///   - source: the configuration's name in errors.
    public convenience init(
        configuration: JSONObject, seed: UInt64, source: String = "the recipe's model"
    ) throws(TrainingError) {
        let plan = try Self.trainable(source) { () throws(ModelError) in
            try DecoderPlan.read(ConfigurationFile(path: source, root: configuration))
        }
        var parameters: [Parameter] = []
        for tensor in plan.tensors {
            let parameter = try Parameter(
                name: tensor.name, shape: tensor.shape, isTable: tensor.row.roles[0].isTable)
            ParameterPlan(tensor, depth: plan.shape.layerCount).fill(parameter.values, seed: seed)
            parameters.append(parameter)
        }
        self.init(
            configuration: configuration, plan: plan, parameters: DecoderParameters(parameters))
    }

    /// The model of a checkpoint, its weights widened to floats.
    ///
    /// - Parameters:
    ///   - checkpoint: the model's files.
    ///   - configuration: replaces the checkpoint's own; a retrofit adds its changes to it.
    ///   - mergesHeads: whether the configuration may have fewer KV heads than are stored. Each head is then the mean of
    ///     a group of stored ones.
    ///   - isTrainable: which tensors have gradients, by name.
    public convenience init(
        _ checkpoint: Checkpoint, configuration: JSONObject? = nil, mergesHeads: Bool = false,
        isTrainable: (String) -> Bool = { _ in true }
    ) throws(TrainingError) {
        var configuration = configuration ?? checkpoint.configuration.root
        let source = checkpoint.configuration.path
        let plan = try Self.trainable(source) { () throws(ModelError) in
            try DecoderPlan.read(
                checkpoint, configuration: ConfigurationFile(path: source, root: configuration))
        }
        if !plan.notes.isEmpty {
            // A head of its own was stored beside a configuration that ties it: what is written says so.
            configuration = configuration.setting("tie_word_embeddings", to: .bool(false))
        }
        let names = StoredNames(plan, contains: checkpoint.tensors.contains)
        var parameters: [Parameter] = []
        for tensor in plan.tensors {
            let stored = names.name(tensor)
            let parameter = try Parameter(
                name: tensor.name, shape: tensor.shape, isTrainable: isTrainable(tensor.name),
                isTable: tensor.row.roles[0].isTable)
            if tensor.row.roles[0].isAdapter, !checkpoint.tensors.contains(stored) {
                ParameterPlan(tensor, depth: plan.shape.layerCount).fill(parameter.values, seed: 0)
            } else {
                do throws(FormatError) {
                    let entry = try checkpoint.tensors.tensor(stored)
                    if mergesHeads {
                        try Self.readMergingHeads(
                            entry, as: tensor, headDimension: plan.shape.headDimension,
                            into: parameter.values)
                    } else {
                        try entry.check(shape: tensor.shape)
                        try entry.copyFloats(into: parameter.values)
                    }
                } catch { throw .format(error) }
            }
            parameters.append(parameter)
        }
        self.init(
            configuration: configuration, plan: plan, parameters: DecoderParameters(parameters))
    }

    /// Checks that the plan that `read` makes can be trained.
    private static func trainable(
        _ source: String, _ read: () throws(ModelError) -> DecoderPlan
    ) throws(TrainingError) -> DecoderPlan {
        let plan: DecoderPlan
        do { plan = try read() } catch { throw .model(error) }
        guard plan.shape.layers.allSatisfy({ $0.mixing == .full }) else {
            throw .invalid(
                subject: "\(source): sliding_window", got: "a window in some layers",
                expected: "none: models with windows of their own can be run but not trained")
        }
        guard plan.isPlain else {
            throw .invalid(
                subject: "\(source): model_type", got: plan.shape.family,
                expected:
                    "a model of norms before attention and MLP, with no factors and whole rotations: "
                    + "others can be run but not trained")
        }
        return plan
    }

    /// A copy whose weights never change: the teacher of a retrofit.
    public func frozenCopy() throws(TrainingError) -> TrainableModel {
        var copies: [Parameter] = []
        for parameter in parameters.all { copies.append(try parameter.frozenCopy()) }
        return TrainableModel(
            configuration: configuration, plan: plan, parameters: DecoderParameters(copies))
    }
}
