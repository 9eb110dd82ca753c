/// A model written in another format.

import Foundation
import MartletFormats
package import MartletKernels
package import MartletModels

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
    private let isEncoder: Bool

    /// Opens the model to convert. Throws what loading does.
    package init(_ name: String) throws(MartletError) {
        source = try ModelSource(name)
        var opened: Checkpoint?
        do { opened = try source.openEncoder() } catch { throw MartletError(any: error) }
        isEncoder = opened != nil
        if !isEncoder { opened = try source.openCheckpoint() }
        guard let checkpoint = opened else {
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

    /// Writes the model; an earlier one at a directory's path is replaced. Throws `unsupportedModel` and what writing
    /// throws.
    ///
    /// - Returns: what the copy lacks or has otherwise, in sentences without a full stop.
    @discardableResult
    package func write(to path: String, as format: ConversionFormat) throws(MartletError)
        -> [String]
    {
        switch format {
        case .file(let mix): try writeGGUF(to: path, mix: mix)
        case .directory(let dtype): try writeDirectory(path, dtype: dtype)
        }
    }

    /// Writes a GGUF file with its tokenizer, chat template and sampling advice.
    private func writeGGUF(to path: String, mix: GGUFMix) throws(MartletError) -> [String] {
        do {
            let name = URL(filePath: path).deletingPathExtension().lastPathComponent
            var notes: [String] = []
            let export: GGUFExport
            if isEncoder {
                let plan = try EncoderPlan.read(checkpoint)
                let recipe = try EmbeddingRecipe.read(checkpoint, of: plan)
                let dense =
                    EncoderPlan.keepsProducts(checkpoint.configuration)
                    ? try recipe.denseTensors() : []
                notes = recipe.lostInGGUF(
                    context: plan.contextLength, keepsProducts: !dense.isEmpty)
                export = try GGUFExport(
                    encoder: checkpoint, name: name, mix: mix, pooling: recipe.poolingType,
                    dense: dense)
            } else {
                let recipe = try EmbeddingRecipe.read(checkpoint)
                export = try GGUFExport(
                    checkpoint, name: name, mix: mix, pooling: recipe?.poolingType)
                notes =
                    recipe?.lostInGGUF(context: export.contextLength, keepsProducts: false) ?? []
            }
            let companions = try CompanionKeys(checkpoint, beside: export)
            try GGUFWriter.write(
                export.tensors, metadata: export.metadata + companions.keys, to: path)
            return companions.notes + notes
        } catch { throw MartletError(any: error) }
    }

    /// Writes a directory with the weights in one type and what lies beside them; `config.json` is the last.
    private func writeDirectory(_ directory: String, dtype: DType) throws(MartletError) -> [String]
    {
        do {
            let export = try DirectoryExport(checkpoint, dtype: dtype)
            let companions = try CompanionFiles(checkpoint)
            // Without it a directory that is written in part is no model.
            try FileSystem.remove(
                FileSystem.join(directory, Checkpoint.configurationName))
            try companions.write(to: directory)
            try CheckpointWriter(directory: directory).write(
                configuration: export.configuration, tensors: export.tensors, replacing: true)
            return companions.notes + export.notes
        } catch { throw MartletError(any: error) }
    }
}
