// A checkpoint as an encoder: which family it is of, and its plan, held against the tensors that it stores.

package import MartletFormats

extension EncoderPlan {
    /// Whether a configuration is of an encoder, which generates no text.
    package static func describes(_ file: ConfigurationFile) -> Bool {
        EncoderRegistry.family(file) != nil
    }

    /// Names of the families.
    package static var familyNames: [String] { EncoderRegistry.families.map(\.modelType) }

    /// Reads a checkpoint's configuration and compares it with its tensors: one that would not be read is refused.
    package static func read(_ checkpoint: Checkpoint) throws(ModelError) -> EncoderPlan {
        let file = checkpoint.configuration
        guard let family = EncoderRegistry.family(file) else {
            throw .unknownArchitecture(
                file: file.path, got: file.value("model_type")?.summary ?? "not named",
                available: familyNames)
        }
        let plan = try family.plan(file)
        let names = EncoderNames(plan, contains: checkpoint.tensors.contains)
        let read = Set(names.all)
        for entry in checkpoint.tensors.entries {
            let name = SafetensorsDirectory.plainName(entry.name)
            guard name.hasPrefix(names.prefix), !read.contains(name),
                !isForeign(name.dropFirst(names.prefix.count))
            else { continue }
            throw .unsupported(
                file: checkpoint.tensors.path, key: "tensor \(entry.name)", got: "stored",
                expected: "no such tensor, because a \(plan.family) model with this "
                    + "configuration does not read it and it may change results")
        }
        return plan
    }

    /// Heads for other tasks, and constants that exporters store.
    private static func isForeign(_ name: Substring) -> Bool {
        let heads = [
            "pooler.", "cls.", "head.", "decoder.", "lm_head.", "classifier.", "qa_outputs.",
            "score.",
        ]
        return heads.contains(where: name.hasPrefix) || name.hasSuffix("position_ids")
            || name.hasSuffix("token_type_ids") || name.hasSuffix("inv_freq")
    }
}

/// The names under which one checkpoint stores the tensors of an encoder.
struct EncoderNames: Sendable {
    let plan: EncoderPlan
    /// What stands before them.
    let prefix: String

    /// - Parameter contains: whether the checkpoint has a tensor of this name.
    init(_ plan: EncoderPlan, contains: (String) -> Bool) {
        self.plan = plan
        let prefixes = plan.table.prefixes
        let first = plan.table.row(.embedding).map { $0.name + ".weight" } ?? ""
        prefix = prefixes.first { contains($0 + first) } ?? prefixes[0]
    }

    /// The stored name of a row without `.weight` or `.bias`.
    func name(_ row: EncoderRow, layer: Int?) -> String { prefix + row.name(layer: layer) }

    /// The stored names of all tensors.
    var all: [String] {
        plan.table.tensors(layerCount: plan.layerCount).flatMap { row, layer in
            let name = name(row, layer: layer)
            return row.hasBias ? [name + ".weight", name + ".bias"] : [name + ".weight"]
        }
    }
}
