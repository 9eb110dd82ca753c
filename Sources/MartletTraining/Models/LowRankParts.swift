// Thin matrices beside frozen ones, which a retrofit trains instead of them.

import MartletFormats
import MartletModels

/// Low-rank parts of the projections of attention (Hu et al. 2021, LoRA, arXiv 2106.09685): y = W x + B (A x), with A random
/// and B zeros at first, so that they change nothing. The parts have the names that PEFT gives to them.
final class LowRankParts {
    /// A and B of one matrix.
    struct Part {
        /// `[rank][inputs]`.
        let down: Parameter
        /// `[outputs][rank]`.
        let up: Parameter
    }

    /// The rank of every part.
    let rank: Int
    /// The last parts of the names of the modules that have a part.
    let modules: [String]
    /// All matrices, in the order of the layers.
    let all: [Parameter]
    private let parts: [String: Part]

    /// Roles whose matrices have a part.
    private static let roles: [TensorRole] = [.query, .key, .value, .output]

    /// New parts for a model.
    ///
    /// - Throws: ``TrainingError/invalid(subject:got:expected:)`` for a family that stores projections in one tensor, or
    ///   transposed.
    init(_ plan: DecoderPlan, rank: Int, seed: UInt64) throws(TrainingError) {
        self.rank = rank
        var (parts, all, modules) = ([String: Part](), [Parameter](), [String]())
        for layer in plan.shape.layers.indices {
            for role in Self.roles {
                let row = plan.table[role]
                guard row.roles == [role], !row.isTransposed else {
                    throw .invalid(
                        subject: "low-rank parts", got: "a \(plan.shape.family) model",
                        expected: "one whose queries, keys and values are matrices of their own")
                }
                let name = plan.name(row, layer: layer)
                let (outputs, inputs) = (
                    plan.outputs(row, layer: layer), plan.inputs(role, layer: layer)
                )
                let down = ParameterPlan(
                    "base_model.model.\(name).lora_A.weight", [rank, inputs], .matrix)
                let part = Part(
                    down: try Parameter(name: down.name, shape: down.shape),
                    up: try Parameter(
                        name: "base_model.model.\(name).lora_B.weight", shape: [outputs, rank]))
                down.fill(part.down.values, seed: seed)
                parts[name + ".weight"] = part
                all += [part.down, part.up]
                let module = name.split(separator: ".").last.map(String.init) ?? name
                if layer == 0 { modules.append(module) }
            }
        }
        (self.parts, self.all, self.modules) = (parts, all, modules)
    }

    /// The part of the matrix of this name; nil where it has none.
    subscript(name: String) -> Part? { parts[name] }

    /// Adds a part's product to a matrix, in the arithmetic in which an adapter is merged.
    func merge(into parameter: Parameter) {
        guard let part = parts[parameter.name] else { return }
        LowRankUpdate(
            left: Array(part.up.values), right: Array(part.down.values), rank: rank,
            columns: parameter.columns, scale: 1
        ).add(to: parameter.values, first: 0)
    }
}
