// A checkpoint as a directory in the Hugging Face layout: each tensor as its family's directories have it.

package import MartletFormats
package import MartletKernels

/// The configuration and tensors of a directory, whatever the format that they are read from.
package struct DirectoryExport {
    /// The content of `config.json`.
    package let configuration: JSONObject
    /// Its tensors, those of a layer together.
    package private(set) var tensors: [TensorToWrite] = []
    /// What other programs may not read, in sentences without a full stop.
    package private(set) var notes: [String] = []

    /// - Parameters:
    ///   - checkpoint: an encoder or a decoder. One of an unknown family keeps its tensors' names and shapes.
    ///   - dtype: the type of its weights.
    /// - Throws: ``ModelError`` for a model that would not load, and for tensors that are missing or of another shape.
    package init(_ checkpoint: Checkpoint, dtype: DType) throws(ModelError) {
        let tensors = checkpoint.tensors
        // What is written is packed by nothing, and stored as its family does.
        let left: Set<String> = ["quantization_config", Self.outputsFirst]
        configuration = JSONObject(
            checkpoint.configuration.root.members.filter { !left.contains($0.key) })
        var made: [Made] = []
        if EncoderPlan.describes(checkpoint.configuration) {
            _ = try EncoderPlan.read(checkpoint)
        } else if let plan = try Self.plan(checkpoint) {
            do {
                made += try Self.stacks(plan, checkpoint, dtype)
            } catch { throw .format(error) }
            // Directories of older versions say it in their configuration.
            let isTurned = checkpoint.configuration.root[Self.outputsFirst]?.boolValue == true
            if tensors.storesOutputsFirst || isTurned {
                made += try Self.turned(plan, tensors, dtype)
            }
            if checkpoint.metadata != nil,
                plan.shape.layers.contains(where: { $0.rotary?.isByFactors == true })
            {
                notes.append(
                    "config.json has the factors of rotations one by one (rope_type: factors), which other programs "
                        + "do not read")
            }
        }
        var places: [String: Int] = [:]
        for (place, tensor) in made.enumerated() {
            for name in tensor.instead { places[name] = place }
        }
        var written: Set<Int> = []
        for entry in tensors.entries {
            if let place = places[SafetensorsDirectory.plainName(entry.name)] {
                if written.insert(place).inserted { self.tensors.append(made[place].tensor) }
                continue
            }
            // Integers that are no packed weights are constants that loaders make themselves.
            guard entry.stored != nil || entry.grouped != nil || entry.dtype.isFloat else {
                continue
            }
            let whole: TensorEntry
            do { whole = try tensors.find(entry.name) ?? entry } catch { throw .format(error) }
            self.tensors.append(
                TensorToWrite(name: whole.name, dtype: dtype, shape: whole.shape) { sink in
                    try whole.write(as: dtype, to: sink)
                })
        }
    }

    private static let outputsFirst = "stores_outputs_first"

    /// A tensor that is written instead of others.
    private struct Made {
        let tensor: TensorToWrite
        let instead: [String]
    }

    /// The plan of a decoder; nil for a family that is not known.
    private static func plan(_ checkpoint: Checkpoint) throws(ModelError) -> DecoderPlan? {
        do { return try DecoderPlan.read(checkpoint) } catch {
            if case .unknownArchitecture = error { return nil }
            throw error
        }
    }

    // MARK: Experts

    /// The stacks of a family whose experts other programs read in these alone, where they are stored otherwise.
    private static func stacks(
        _ plan: DecoderPlan, _ checkpoint: Checkpoint, _ dtype: DType
    ) throws(FormatError) -> [Made] {
        guard plan.table.storesStacks else { return [] }
        let source = try plan.tensors(of: checkpoint)
        let names = StoredNames(plan, contains: source.contains)
        var made: [Made] = []
        for layer in plan.shape.layers.indices {
            guard let experts = plan.shape.layers[layer].experts else { continue }
            for stack in plan.table.stacks {
                let name = names.name(stack, layer: layer)
                for isBias in plan.table[stack.roles[0]].hasBias ? [false, true] : [false] {
                    let stored = isBias ? name + "_bias" : name
                    guard !checkpoint.tensors.contains(stored) else { continue }
                    var parts: [[TensorEntry]] = []
                    for expert in 0..<experts.count {
                        var roles: [TensorEntry] = []
                        for role in stack.roles {
                            let row = plan.table[role]
                            let outputs = plan.outputs(row, layer: layer)
                            roles.append(
                                try source.requireTensor(
                                    names.name(row, layer: layer, number: expert)
                                        + (isBias ? ".bias" : row.suffix),
                                    shape: isBias
                                        ? [outputs] : [outputs, plan.inputs(role, layer: layer)]))
                        }
                        parts.append(roles)
                    }
                    made.append(
                        Made(
                            tensor: self.stack(stored, stack, parts, dtype),
                            instead: parts.flatMap { $0.map(\.name) }
                                + (isBias ? [] : [name + "_blocks", name + "_scales"])))
                }
            }
        }
        return made
    }

    /// One tensor of several experts' `parts`, which are theirs by role.
    private static func stack(
        _ name: String, _ stack: ExpertStack, _ parts: [[TensorEntry]], _ dtype: DType
    ) -> TensorToWrite {
        let shape = parts[0][0].shape
        let outputs = parts[0].reduce(0) { $0 + $1.shape[0] }
        let inputs = shape.count > 1 ? shape[1] : 1
        guard stack.alternates else {
            return TensorToWrite(
                name: name, dtype: dtype, shape: [parts.count, outputs] + shape.dropFirst()
            ) { sink in
                for roles in parts { for part in roles { try part.write(as: dtype, to: sink) } }
            }
        }
        let turns = stack.roles.count
        return TensorToWrite(
            name: name, dtype: dtype,
            shape: [parts.count] + (shape.count > 1 ? [inputs, outputs] : [outputs])
        ) { sink in
            for roles in parts {
                let floats = try roles.map { try $0.floats() }
                var row = [Float](repeating: 0, count: outputs)
                for input in 0..<inputs {
                    for (turn, numbers) in floats.enumerated() {
                        for output in 0..<outputs / turns {
                            row[output * turns + turn] = numbers[output * inputs + input]
                        }
                    }
                    try dtype.bytes(of: row).withUnsafeBytes(sink)
                }
            }
        }
    }

    // MARK: Matrices

    /// The matrices that a family stores as [inputs][outputs], of a source that has all the other way round.
    private static func turned(
        _ plan: DecoderPlan, _ tensors: any TensorSource, _ dtype: DType
    ) throws(ModelError) -> [Made] {
        let family = try ModelRegistry.family(named: plan.shape.family)
        let turning = Set(family.table.rows.filter(\.isTransposed).map(\.roles))
        let names = StoredNames(plan, contains: tensors.contains)
        var made: [Made] = []
        for tensor in plan.tensors where turning.contains(tensor.row.roles) && !tensor.isBias {
            let entry: TensorEntry
            do {
                entry = try tensors.requireTensor(names.name(tensor), shape: tensor.shape)
            } catch { throw .format(error) }
            let (outputs, inputs) = (tensor.shape[0], tensor.shape[1])
            made.append(
                Made(
                    tensor: TensorToWrite(name: entry.name, dtype: dtype, shape: [inputs, outputs])
                    {
                        sink in
                        let floats = try entry.floats()
                        for input in 0..<inputs {
                            let row = (0..<outputs).map { floats[$0 * inputs + input] }
                            try dtype.bytes(of: row).withUnsafeBytes(sink)
                        }
                    }, instead: [entry.name]))
        }
        return made
    }
}

extension TensorEntry {
    /// Hands its numbers to `sink`, as a type.
    fileprivate func write(
        as dtype: DType, to sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let step = 1 << 16
        for start in stride(from: 0, to: elementCount, by: step) {
            let part = start..<min(elementCount, start + step)
            var floats = [Float](repeating: 0, count: part.count)
            try floats.withUnsafeMutableBufferPointer { try copyFloats(of: part, into: $0) }
            try dtype.bytes(of: floats).withUnsafeBytes(sink)
        }
        try checkIntact()
    }
}
