// Experts that are stored as one tensor, each under the name that it would have alone.

import MartletFormats
import MartletKernels

/// A checkpoint's tensors, those of several experts divided.
final class ExpertTensors: TensorSource {
    let path: String
    let files: [MappedFile]
    let entries: [TensorEntry]
    var storesOutputsFirst: Bool { base.storesOutputsFirst }
    private let base: any TensorSource
    private let parts: [String: TensorEntry]
    private let stacked: Set<String>

    /// - Parameter parts: what the stacks of these names hold.
    fileprivate init(_ base: any TensorSource, parts: [TensorEntry], of stacked: Set<String>) {
        self.base = base
        self.stacked = stacked
        path = base.path
        files = base.files
        entries = base.entries.filter { !stacked.contains($0.name) } + parts
        self.parts = Dictionary(parts.map { ($0.name, $0) }) { first, _ in first }
    }

    func contains(_ name: String) -> Bool {
        parts[name] != nil || (base.contains(name) && !stacked.contains(name))
    }

    func find(_ name: String) throws(FormatError) -> TensorEntry? {
        if let part = parts[name] { return part }
        return stacked.contains(name) ? nil : try base.find(name)
    }
}

extension DecoderPlan {
    /// The tensors of a checkpoint as the plan names them. A stack whose shape is not what the plan asks for stays as it
    /// is, and is refused as a tensor that nothing reads.
    ///
    /// - Throws: ``FormatError`` for a stack that cannot be read.
    func tensors(of checkpoint: Checkpoint) throws(FormatError) -> any TensorSource {
        let base = checkpoint.tensors
        guard shape.experts != nil, !table.stacks.isEmpty else { return base }
        let names = StoredNames(self, contains: base.contains)
        var parts: [TensorEntry] = []
        var stacked: Set<String> = []
        for layer in shape.layers.indices where shape.layers[layer].experts != nil {
            for stack in table.stacks {
                let held = StackedExperts(self, stack, layer: layer, names)
                let found = try stack.alternates ? held.turns(in: base) : held.rows(in: base)
                parts += found.parts
                stacked.formUnion(found.stacked)
            }
        }
        guard !stacked.isEmpty else { return base }
        return ExpertTensors(base, parts: parts, of: stacked)
    }
}

/// One stack of a layer: what it is called, and what of it is which expert's.
private struct StackedExperts {
    /// The tensors of experts, and the names of those that hold them.
    typealias Found = (parts: [TensorEntry], stacked: [String])

    let plan: DecoderPlan
    let stack: ExpertStack
    let layer: Int
    let names: StoredNames
    private let name: String
    private let count: Int
    /// Outputs of each role, and what all of them read.
    private let sizes: [Int]
    private let inputs: Int

    init(_ plan: DecoderPlan, _ stack: ExpertStack, layer: Int, _ names: StoredNames) {
        self.plan = plan
        self.stack = stack
        self.layer = layer
        self.names = names
        name = names.name(stack, layer: layer)
        count = plan.shape.layers[layer].experts?.count ?? 0
        sizes = stack.roles.map { plan.outputs(TensorRow($0, name: ""), layer: layer) }
        inputs = plan.inputs(stack.roles[0], layer: layer)
    }

    /// A tensor of this shape that lies as it is stored.
    private func find(
        _ name: String, _ shape: [Int], in base: any TensorSource
    ) throws(FormatError) -> TensorEntry? {
        guard let entry = try base.find(name), entry.shape == shape, entry.isWhole else {
            return nil
        }
        return entry
    }

    private func part(_ role: TensorRole, expert: Int) -> String {
        names.name(plan.table[role], layer: layer, number: expert)
    }

    /// Of a stack in which each role's rows follow those of the one before.
    func rows(in base: any TensorSource) throws(FormatError) -> Found {
        guard let entry = try find(name, [count, sizes.reduce(0, +), inputs], in: base) else {
            return ([], [])
        }
        var parts: [TensorEntry] = []
        for expert in 0..<count {
            var first = 0
            for (role, size) in zip(stack.roles, sizes) {
                parts.append(
                    entry.part(
                        part(role, expert: expert) + ".weight", index: expert,
                        rows: first..<first + size))
                first += size
            }
        }
        return (parts, [entry.name])
    }

    /// Of a stack in which the outputs of the roles take turns, as floats or as blocks, with its biases.
    func turns(in base: any TensorSource) throws(FormatError) -> Found {
        let (all, turns) = (sizes.reduce(0, +), stack.roles.count)
        var found: Found = ([], [])
        func add(_ suffix: String, _ turn: (String, _ expert: Int, _ first: Int) -> TensorEntry) {
            for expert in 0..<count {
                for (first, role) in stack.roles.enumerated() {
                    found.parts.append(turn(part(role, expert: expert) + suffix, expert, first))
                }
            }
        }
        if let floats = try find(name, [count, inputs, all], in: base) {
            found.stacked.append(floats.name)
            add(".weight") { floats.turn($0, index: $1, first: $2, of: turns) }
        } else if inputs % 32 == 0,
            let blocks = try find(name + "_blocks", [count, all, inputs / 32, 16], in: base),
            let scales = try find(name + "_scales", [count, all, inputs / 32], in: base),
            blocks.dtype == .u8, scales.dtype == .u8
        {
            found.stacked += [blocks.name, scales.name]
            add(".weight") {
                blocks.turnOfBlocks($0, scales: scales, index: $1, first: $2, of: turns)
            }
        }
        if let biases = try find(name + "_bias", [count, all], in: base) {
            found.stacked.append(biases.name)
            add(".bias") { biases.turn($0, index: $1, first: $2, of: turns) }
        }
        return found
    }
}
