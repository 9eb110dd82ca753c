/// A model written in another format.

import Foundation
import MartletFormats
package import MartletKernels
package import MartletModels
import MartletTokenizers

/// What a model is written as: follows from the name of what is to be written, and a type.
package enum ConversionFormat: Sendable {
    /// A GGUF file.
    case file(GGUFMix)
    /// A directory in the Hugging Face layout.
    case directory(DType)

    /// The types of a file's weights.
    package static let fileTypes = GGUFMix.allCases.map(\.rawValue)
    /// The types of a directory's weights.
    package static let directoryTypes = ["bf16", "f16", "f32"]

    /// Throws `invalidParameter` for a type that there is not.
    package init(out: String, type: String?) throws(MartletError) {
        let isFile = out.lowercased().hasSuffix(".gguf")
        let known = isFile ? Self.fileTypes : Self.directoryTypes
        let type = type ?? (isFile ? "q8_0" : "bf16")
        if isFile, let mix = GGUFMix(rawValue: type) {
            self = .file(mix)
        } else if !isFile, known.contains(type), let dtype = DType(rawValue: type.uppercased()) {
            self = .directory(dtype)
        } else {
            throw MartletError(
                code: .invalidParameter, subject: "type",
                message: "type: got \(type), expected one of \(known.joined(separator: ", ")) for "
                    + "\(isFile ? "a GGUF file" : "a directory"); correct or remove it")
        }
    }

    /// The type's name.
    package var type: String {
        switch self {
        case .file(let mix): mix.rawValue
        case .directory(let dtype): dtype.rawValue.lowercased()
        }
    }
}

/// Writes a model as a GGUF file, or as a directory in the Hugging Face layout.
package struct ModelConversion {
    private let source: ModelSource
    private let checkpoint: Checkpoint

    /// Opens the model to convert. Throws what loading does.
    package init(_ name: String) throws(MartletError) {
        source = try ModelSource(name)
        guard let checkpoint = try source.openCheckpoint() else {
            throw MartletError(
                code: .invalidParameter, subject: name,
                message:
                    "\(name): random weights are not converted; give a directory or a GGUF file")
        }
        self.checkpoint = checkpoint
    }

    /// Whether something is at a path.
    package static func isTaken(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path)
    }

    /// Whether a directory would lack the tokenizer, which a GGUF file keeps.
    package var leavesTokenizer: Bool { checkpoint.metadata != nil }

    /// Writes the model. Throws `unsupportedModel` and what writing throws.
    package func write(to path: String, as format: ConversionFormat) throws(MartletError) {
        switch format {
        case .file(let mix): try writeGGUF(to: path, mix: mix)
        case .directory(let dtype): try writeDirectory(path, dtype: dtype)
        }
    }

    /// Writes a GGUF file with its tokenizer and chat template. Throws `unsupportedModel` and what writing throws.
    private func writeGGUF(to path: String, mix: GGUFMix) throws(MartletError) {
        do {
            let name = URL(filePath: path).deletingPathExtension().lastPathComponent
            let export = try GGUFExport(checkpoint, name: name, mix: mix)
            try GGUFWriter.write(
                export.tensors, metadata: export.metadata + (try tokenizerKeys()), to: path)
        } catch { throw MartletError(any: error) }
    }

    /// The keys `tokenizer.…` of the model.
    private func tokenizerKeys() throws -> [(key: String, value: GGUFValueToWrite)] {
        if let metadata = checkpoint.metadata {
            return metadata.metadata.compactMap { key, value in
                guard key.hasPrefix("tokenizer."), let copy = GGUFValueToWrite(value) else {
                    return nil
                }
                return (key, copy)
            }
        }
        let files = TokenizerFiles(directory: checkpoint.directory)
        guard files.isComplete else { return [] }
        var keys = try TokenizerMetadata(of: files).keys
        if let source = try ChatTemplateSource(directory: checkpoint.directory) {
            keys.append(("tokenizer.chat_template", .string(source.template)))
            if let tools = source.toolTemplate {
                keys.append(("tokenizer.chat_template.tool_use", .string(tools)))
            }
        }
        return keys
    }

    /// Writes a directory with `config.json` and the weights in one type; for a GGUF file its tokenizer stays behind.
    private func writeDirectory(_ directory: String, dtype: DType) throws(MartletError) {
        do {
            let tensors = checkpoint.tensors.entries.map { entry in
                let tensor = (try? checkpoint.tensors.find(entry.name)) ?? entry
                return TensorToWrite(name: tensor.name, dtype: dtype, shape: tensor.shape) { sink in
                    let step = 1 << 16
                    for start in stride(from: 0, to: tensor.elementCount, by: step) {
                        let part = start..<min(tensor.elementCount, start + step)
                        var floats = [Float](repeating: 0, count: part.count)
                        try floats.withUnsafeMutableBufferPointer {
                            try tensor.copyFloats(of: part, into: $0)
                        }
                        try dtype.bytes(of: floats).withUnsafeBytes(sink)
                    }
                    try tensor.checkIntact()
                }
            }
            // What is written is packed by nothing.
            let configuration = JSONObject(
                checkpoint.configuration.root.members.filter { $0.key != "quantization_config" })
            try CheckpointWriter(directory: directory).write(
                configuration: configuration, tensors: tensors)
        } catch { throw MartletError(any: error) }
    }
}
