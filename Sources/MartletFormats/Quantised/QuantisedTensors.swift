/// The tensors of a quantised checkpoint: each matrix under its plain name, made of the parts that its format stores.

import MartletKernels

/// A source whose packed matrices are `NAME.weight` of `[outputs][inputs]`, like those of an unpacked model.
final class QuantisedTensors: TensorSource {
    let path: String
    let files: [MappedFile]
    let entries: [TensorEntry]
    var storesOutputsFirst: Bool { base.storesOutputsFirst }
    private let base: SafetensorsDirectory
    /// Packed matrices by name, and the names of all that is found.
    private let packed: [String: TensorEntry]
    private let names: Set<String>

    /// The directory itself where nothing packed its weights.
    ///
    /// - Throws: ``FormatError`` naming the tensor that is missing or of another shape or type.
    static func reading(
        _ base: SafetensorsDirectory, _ method: QuantisationMethod?,
        _ configuration: ConfigurationFile
    ) throws(FormatError) -> any TensorSource {
        switch method {
        case nil, .blocks, .mxfp4: base
        case let method?: try QuantisedTensors(base, method)
        }
    }

    private init(
        _ base: SafetensorsDirectory, _ method: QuantisationMethod
    ) throws(FormatError) {
        self.base = base
        path = base.path
        files = base.files
        var packed: [String: TensorEntry] = [:]
        var parts: Set<String> = []
        let stored = base.entries.map { SafetensorsDirectory.plainName($0.name) }
        let known = Set(stored)
        for (name, entry) in zip(stored, base.entries) {
            guard let module = Self.module(name, entry, method) else { continue }
            let matrix = QuantisedMatrix(module: module, source: base, method: method)
            var result = try matrix.entry(entry)
            result.grouped = try matrix.weights(entry)
            packed[module + ".weight"] = result
            for suffix in QuantisedMatrix.parts where known.contains(module + suffix) {
                parts.insert(module + suffix)
            }
            parts.insert(name)
        }
        // Scales of activations and of cached tokens: both are kept in formats of their own here.
        let ignored = [
            ".input_scale", ".activation_scale", ".input_zero_point", ".k_scale", ".v_scale",
            ".output_scale", ".q_scale", ".prob_scale", ".input_scale_ub", ".kv_scale",
        ]
        var entries: [TensorEntry] = []
        for (name, entry) in zip(stored, base.entries) {
            if let matrix = packed[Self.weight(name)], parts.contains(name) {
                if matrix.range == entry.range, matrix.file === entry.file {
                    entries.append(matrix)
                }
            } else if !ignored.contains(where: name.hasSuffix) {
                entries.append(entry)
            }
        }
        self.packed = packed
        self.entries = entries
        names = Set(entries.map { SafetensorsDirectory.plainName($0.name) })
    }

    /// The name of the matrix to which a part may belong.
    private static func weight(_ name: String) -> String {
        let module = name.lastIndex(of: ".").map { name[..<$0] } ?? ""
        return module + ".weight"
    }

    /// The module whose codes a tensor holds; nil for any other tensor.
    private static func module(
        _ name: String, _ entry: TensorEntry, _ method: QuantisationMethod
    ) -> String? {
        func module(_ suffix: String) -> String? {
            name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : nil
        }
        switch method {
        case .blocks, .mxfp4: return nil
        case .gptq, .awq: return module(".qweight")
        case .compressed:
            if let module = module(".weight_packed") { return module }
            return entry.dtype == .f8e4m3 || entry.dtype == .i8 ? module(".weight") : nil
        case .fp8: return entry.dtype == .f8e4m3 ? module(".weight") : nil
        }
    }

    func contains(_ name: String) -> Bool { names.contains(name) }

    func find(_ name: String) throws(FormatError) -> TensorEntry? {
        if let entry = packed[name] { return entry }
        return names.contains(name) ? try base.find(name) : nil
    }
}
