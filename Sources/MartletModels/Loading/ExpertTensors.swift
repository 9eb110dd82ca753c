// Experts that are stored as one tensor, each under the name that it would have alone.

import MartletFormats
import MartletKernels

/// A checkpoint's tensors, those of several experts divided.
final class ExpertTensors: TensorSource {
    let path: String
    let files: [MappedFile]
    let entries: [TensorEntry]
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
    func tensors(of checkpoint: Checkpoint) -> any TensorSource {
        let base = checkpoint.tensors
        guard shape.experts != nil, !table.stacks.isEmpty else { return base }
        let names = StoredNames(self, contains: base.contains)
        var parts: [TensorEntry] = []
        var stacked: Set<String> = []
        for layer in shape.layers.indices {
            guard let experts = shape.layers[layer].experts else { continue }
            for stack in table.stacks {
                let name = names.name(stack, layer: layer)
                if stack.alternates {
                    let found = turns(of: stack, name: name, layer: layer, in: base, names)
                    parts += found.parts
                    stacked.formUnion(found.stacked)
                    continue
                }
                guard let entry = try? base.find(name), !entry.isAdapted, entry.isWhole else {
                    continue
                }
                let sizes = stack.roles.map { outputs(TensorRow($0, name: ""), layer: layer) }
                let inputs = inputs(stack.roles[0], layer: layer)
                guard entry.shape == [experts.count, sizes.reduce(0, +), inputs] else { continue }
                stacked.insert(entry.name)
                for expert in 0..<experts.count {
                    var first = 0
                    for (role, size) in zip(stack.roles, sizes) {
                        let part = names.name(table[role], layer: layer, expert: expert) + ".weight"
                        parts.append(
                            entry.part(part, index: expert, rows: first..<first + size))
                        first += size
                    }
                }
            }
        }
        guard !stacked.isEmpty else { return base }
        return ExpertTensors(base, parts: parts, of: stacked)
    }

    /// The tensors of experts whose roles take turns in a stack, and the names of those that hold them.
    private func turns(
        of stack: ExpertStack, name: String, layer: Int, in base: any TensorSource,
        _ names: StoredNames
    ) -> (parts: [TensorEntry], stacked: [String]) {
        func find(_ suffix: String, _ shape: [Int]) -> TensorEntry? {
            guard let entry = try? base.find(name + suffix), entry.shape == shape, entry.isWhole
            else { return nil }
            return entry
        }
        let count = shape.layers[layer].experts?.count ?? 0
        let size = outputs(TensorRow(stack.roles[0], name: ""), layer: layer)
        let (all, inputs) = (size * stack.roles.count, inputs(stack.roles[0], layer: layer))
        var make: [(suffix: String, part: (String, Int, Int) -> TensorEntry)] = []
        var stacked: [String] = []
        let turns = stack.roles.count
        if let floats = find("", [count, inputs, all]) {
            stacked.append(floats.name)
            make.append((".weight", { floats.turn($0, index: $1, first: $2, of: turns) }))
        } else if inputs % 32 == 0, let blocks = find("_blocks", [count, all, inputs / 32, 16]),
            let scales = find("_scales", [count, all, inputs / 32]), blocks.dtype == .u8,
            scales.dtype == .u8
        {
            stacked += [blocks.name, scales.name]
            make.append(
                (
                    ".weight",
                    { blocks.turnOfBlocks($0, scales: scales, index: $1, first: $2, of: turns) }
                ))
        }
        if let biases = find("_bias", [count, all]) {
            stacked.append(biases.name)
            make.append((".bias", { biases.turn($0, index: $1, first: $2, of: turns) }))
        }
        let parts = make.flatMap { suffix, part in
            (0..<count).flatMap { expert in
                stack.roles.enumerated().map { first, role in
                    part(
                        names.name(table[role], layer: layer, expert: expert) + suffix, expert,
                        first)
                }
            }
        }
        return (parts, stacked)
    }
}
