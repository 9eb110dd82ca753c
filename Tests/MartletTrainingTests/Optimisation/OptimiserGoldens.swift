/// What `tools/fixtures/make_training_goldens.py` wrote about optimisers and schedules.

import Foundation
import MartletTraining

/// The contents of `optimisers.json`.
struct OptimiserGoldens: Decodable {
    struct Tensor: Decodable {
        let shape: [Int]
        let decays: Bool
        let start: [Float]
    }
    struct Options: Decodable {
        let beta1: Double?
        let beta2: Double?
        let epsilon: Double?
        let rho: Double?
        let momentum: Double?
        let scale: String?
        let scalesByRMS: Bool?
    }
    struct Case: Decodable {
        let source: String
        let method: String
        let rates: [Double]
        let weightDecay: Double
        let options: Options
        /// Values by number of steps and tensor.
        let after: [String: [String: [Float]]]
    }
    struct Schedules: Decodable {
        let peak: Double
        let total: Double
        let every: Int
        let rates: [String: [Double]]
    }

    let tensors: [String: Tensor]
    let gradients: [[String: [Float]]]
    let sampledLabelGradients: [[String: [Float]]]
    let batchTokens: Int
    let hessianInterval: Int
    let cases: [String: Case]
    let schedules: Schedules

    static func load() throws -> OptimiserGoldens {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Goldens/optimisers.json")
        return try JSONDecoder().decode(Self.self, from: Data(contentsOf: file))
    }

    static let names = [
        "adamw", "adamw-rms", "adafactor", "adafactor-momentum", "lion", "lion-rms", "sophia",
        "sophia-rms", "muon", "muon-original",
    ]

    /// A case's hyper-parameters; those that its options leave out are the defaults.
    func configuration(_ name: String) throws -> OptimiserConfiguration {
        guard let golden = cases[name] else { throw OptimiserGoldenError.noCase(name) }
        let (o, decay) = (golden.options, golden.weightDecay)
        switch try OptimiserConfiguration(named: golden.method) {
        case .adamW(var rule):
            rule.weightDecay = decay
            o.beta1.map { rule.beta1 = $0 }
            o.beta2.map { rule.beta2 = $0 }
            o.epsilon.map { rule.epsilon = $0 }
            return .adamW(rule)
        case .adamWRMS(var rule):
            rule.weightDecay = decay
            o.beta1.map { rule.beta1 = $0 }
            o.beta2.map { rule.beta2 = $0 }
            o.epsilon.map { rule.epsilon = $0 }
            return .adamWRMS(rule)
        case .adafactor(var rule):
            rule.weightDecay = decay
            rule.beta1 = o.beta1
            o.scalesByRMS.map { rule.scalesByRMS = $0 }
            return .adafactor(rule)
        case .lion(var rule):
            rule.weightDecay = decay
            o.beta1.map { rule.beta1 = $0 }
            o.beta2.map { rule.beta2 = $0 }
            o.scalesByRMS.map { rule.scalesByRMS = $0 }
            return .lion(rule)
        case .sophia(var rule):
            rule.weightDecay = decay
            rule.hessianInterval = hessianInterval
            o.beta1.map { rule.beta1 = $0 }
            o.beta2.map { rule.beta2 = $0 }
            o.rho.map { rule.rho = $0 }
            o.scalesByRMS.map { rule.scalesByRMS = $0 }
            return .sophia(rule)
        case .muon(var rule):
            rule.weightDecay = decay
            rule.rest.weightDecay = decay
            o.momentum.map { rule.momentum = $0 }
            o.scale.flatMap(Muon.Scale.init(rawValue:)).map { rule.scale = $0 }
            return .muon(rule)
        }
    }
}

enum OptimiserGoldenError: Error { case noCase(String) }

/// Tensors in a fixed order with an optimiser, as a trainer would hold them.
final class OptimiserRun {
    let names: [String]
    let optimiser: Optimiser
    var values: [[Float]]
    var parallel: ParallelLoop = serialLoop

    init(_ configuration: OptimiserConfiguration, _ goldens: OptimiserGoldens) throws {
        names = goldens.tensors.keys.sorted()
        values = names.map { goldens.tensors[$0]?.start ?? [] }
        optimiser = try Optimiser(
            configuration,
            parameters: names.map { name in
                let shape = goldens.tensors[name]?.shape ?? []
                return ParameterInfo(
                    name: name, rows: shape.count == 2 ? shape[0] : 1, columns: shape.last ?? 0,
                    decays: goldens.tensors[name]?.decays, isEmbedding: name == "embedding")
            })
    }

    /// Step number `step` of a case.
    func take(_ step: Int, _ goldens: OptimiserGoldens, rate: Double) {
        for (index, name) in names.enumerated() {
            if optimiser.needsHessian {
                optimiser.updateHessian(
                    parameter: index,
                    sampledLabelGradient: goldens.sampledLabelGradients[
                        step / goldens.hessianInterval][name] ?? [],
                    batchTokens: goldens.batchTokens, parallel: parallel)
            }
            values[index].withUnsafeMutableBufferPointer { buffer in
                optimiser.step(
                    parameter: index, values: buffer.baseAddress!,
                    gradient: goldens.gradients[step][name] ?? [], learningRate: rate,
                    parallel: parallel)
            }
        }
        optimiser.advance()
    }

    /// The state of every tensor.
    var state: [[Float]] {
        names.indices.flatMap { index in
            optimiser.stateArrays(of: index).map { Array($0.values) }
        }
    }
}

/// The bits of floats, so that NaN and the sign of zero count.
func bits(_ values: [[Float]]) -> [[UInt32]] { values.map { $0.map(\.bitPattern) } }
