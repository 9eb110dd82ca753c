// A decoder in training form: its configuration and its parameters.

public import MartletFormats
import MartletKernels
package import MartletModels

/// A model whose weights are plain floats that training may change.
public final class TrainableModel {
    /// What `config.json` holds.
    public let configuration: JSONObject
    /// Its parts.
    package let blueprint: DecoderBlueprint
    /// Its weights.
    public let parameters: DecoderParameters
    /// Changes to the `config.json` that is written, for a method that only training carries out.
    var storedChanges: [(key: String, value: JSONValue)] = []

    init(
        configuration: JSONObject, blueprint: DecoderBlueprint, parameters: DecoderParameters
    ) {
        self.configuration = configuration
        self.blueprint = blueprint
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
        let blueprint = try Self.blueprint(
            ConfigurationFile(path: source, root: configuration), source)
        var parameters: [Parameter] = []
        for plan in DecoderParameters.layout(blueprint) {
            let parameter = try Parameter(name: plan.name, shape: plan.shape)
            plan.fill(parameter.values, seed: seed)
            parameters.append(parameter)
        }
        self.init(
            configuration: configuration, blueprint: blueprint,
            parameters: DecoderParameters(parameters))
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
        let configuration = configuration ?? checkpoint.configuration.root
        let source = checkpoint.configuration.path
        let blueprint = try Self.blueprint(
            ConfigurationFile(path: source, root: configuration), source)
        var parameters: [Parameter] = []
        for plan in DecoderParameters.layout(blueprint) {
            // GPT-2's published checkpoint has no prefix.
            let short =
                plan.name.hasPrefix("transformer.") ? String(plan.name.dropFirst(12)) : plan.name
            let stored = checkpoint.contains(plan.name) ? plan.name : short
            let parameter = try Parameter(
                name: plan.name, shape: plan.shape, isTrainable: isTrainable(plan.name))
            if plan.isAdapter, !checkpoint.contains(stored) {
                plan.fill(parameter.values, seed: 0)
            } else {
                do throws(FormatError) {
                    let entry = try checkpoint.tensor(stored)
                    if mergesHeads {
                        try Self.readMergingHeads(
                            entry, as: plan, headDimension: blueprint.shape.headDimension,
                            into: parameter.values)
                    } else {
                        try entry.check(shape: plan.shape)
                        try entry.copyFloats(into: parameter.values)
                    }
                } catch { throw .format(error) }
            }
            parameters.append(parameter)
        }
        self.init(
            configuration: configuration, blueprint: blueprint,
            parameters: DecoderParameters(parameters))
    }

    private static func blueprint(
        _ file: ConfigurationFile, _ source: String
    ) throws(TrainingError) -> DecoderBlueprint {
        let blueprint: DecoderBlueprint
        do { blueprint = try DecoderBlueprint.read(file) } catch { throw .model(error) }
        guard blueprint.shape.layerWindows.allSatisfy({ $0 == nil }) else {
            throw .invalid(
                subject: "\(source): sliding_window", got: "a window in some layers",
                expected: "none: models with windows of their own can be run but not trained")
        }
        return blueprint
    }

    /// A copy whose weights never change: the teacher of a retrofit.
    public func frozenCopy() throws(TrainingError) -> TrainableModel {
        var copies: [Parameter] = []
        for parameter in parameters.all { copies.append(try parameter.frozenCopy()) }
        return TrainableModel(
            configuration: configuration, blueprint: blueprint,
            parameters: DecoderParameters(copies))
    }
}
