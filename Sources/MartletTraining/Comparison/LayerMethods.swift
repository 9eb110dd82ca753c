// Methods that run fewer layers for a part of the training (2307.06440, section 4).

import Foundation
import MartletKernels
import MartletModels

/// A method that decides which layers run.
class LayerMethod: TrainingMethod {
    let model: TrainableModel
    /// The layers of the next step.
    fileprivate(set) var layers: [Int]

    init(_ model: TrainableModel) {
        self.model = model
        layers = Array(0..<model.plan.shape.layerCount)
    }

    func begin(_ loop: TrainingLoop, progress: Double) -> Bool { false }

    func rows(
        _ loop: TrainingLoop, _ phase: RunLength.Phase, progress: Double
    ) throws(TrainingError) -> [PackedRow]? { nil }
}

/// Begins with a quarter of the layers and doubles them at 12.5 % and 30 % of the budget by copying each layer
/// onto the stack; new layers begin with fresh optimiser state.
final class LayerStacking: LayerMethod {
    private let thresholds = [0.125, 0.3]

    override init(_ model: TrainableModel) {
        super.init(model)
        layers = Array(0..<Self.count(layers.count, stage: 0))
    }

    private static func count(_ all: Int, stage: Int) -> Int {
        stage >= 2 ? all : max(1, (all + (4 >> stage) - 1) / (4 >> stage))
    }

    override func begin(_ loop: TrainingLoop, progress: Double) -> Bool {
        let stage = thresholds.filter { progress >= $0 }.count
        let wanted = Self.count(model.plan.shape.layerCount, stage: stage)
        let current = layers.count
        guard wanted > current else { return false }
        for layer in current..<wanted { copy(layer % current, onto: layer, loop) }
        layers = Array(0..<wanted)
        return true
    }

    private func copy(_ source: Int, onto target: Int, _ loop: TrainingLoop) {
        let plan = model.plan
        var sources: [String: String] = [:]
        for tensor in plan.tensors where tensor.layer == target {
            sources[tensor.name] = plan.name(of: tensor, layer: source)
        }
        for (index, parameter) in loop.plan.parameters.enumerated() {
            guard let name = sources[parameter.name] else { continue }
            parameter.values.baseAddress!.update(
                from: model.parameters[name].values.baseAddress!, count: parameter.count)
            loop.optimiser.reset(parameter: index)
        }
    }
}

/// Skips layer i of L (from 1) with probability p i / L for a whole batch, p = 1 - (1 + e^(-gamma t)) / 2 at the part
/// t of the budget; the identity takes its place, without rescaling.
final class LayerDropping: LayerMethod {
    private let gamma: Double
    private let seed: UInt64

    init(_ model: TrainableModel, seed: UInt64, gamma: Double = 20) {
        self.gamma = gamma
        self.seed = seed
        super.init(model)
    }

    override func begin(_ loop: TrainingLoop, progress: Double) -> Bool {
        let all = model.plan.shape.layerCount
        let rate = 1 - (0.5 + 0.5 * exp(-gamma * progress))
        var random = CounterRandom(seed: seed, stream: UInt64(loop.step))
        let kept = (0..<all).filter {
            random.unit() >= rate * Double($0 + 1) / Double(all)
        }
        // A model of no layers is no model.
        let wanted = kept.isEmpty ? [0] : kept
        defer { layers = wanted }
        return wanted != layers
    }
}
