// A character model as one safetensors file, which says in its header what the model is.
// This file knows names and bytes; it refuses to know training.

import Foundation
import MartletFormats
import MartletKernels
public import MartletTraining

extension CharacterModel {
    /// Writes the weights (f32) and, as metadata, the model, its widths and its characters.
    ///
    /// - Throws: ``TrainingError/format(_:)`` when the file cannot be written.
    public func write(to path: String) throws(TrainingError) {
        var characters = String.UnicodeScalarView()
        characters.append(contentsOf: vocabulary.scalars)
        do {
            try SafetensorsWriter.write(
                parameters.map { TensorToWrite($0) },
                metadata: [
                    ("model", "\(plan)"), ("width", "\(shape.width)"), ("heads", "\(shape.heads)"),
                    ("characters", String(characters)),
                ], to: path)
        } catch let error as FormatError { throw .format(error) } catch {
            throw .data(source: path, reason: "cannot be written: \(error)")
        }
    }

    /// Reads what ``write(to:)`` wrote.
    ///
    /// - Throws: ``TrainingError`` in one sentence when the file holds no character model.
    public convenience init(reading path: String) throws(TrainingError) {
        let file: SafetensorsFile
        do throws(FormatError) { file = try SafetensorsFile(path: path) } catch {
            throw .format(error)
        }
        guard let plan = file.metadata["model"], let characters = file.metadata["characters"],
            let width = Int(file.metadata["width"] ?? ""),
            let heads = Int(file.metadata["heads"] ?? "")
        else {
            throw .data(source: path, reason: "is not a character model of 'martlet train charlm'")
        }
        try self.init(
            CharacterModelPlan(plan), shape: CharacterShape(width: width, heads: heads),
            vocabulary: CharacterVocabulary(scalars: Array(characters.unicodeScalars)), seed: 0)
        for parameter in parameters {
            guard let entry = file[parameter.name], entry.shape == parameter.shape,
                entry.dtype == .f32, entry.bytes.count == parameter.count * 4
            else {
                throw .data(
                    source: path,
                    reason: "lacks the tensor \(parameter.name) of shape \(parameter.shape) in F32")
            }
            UnsafeMutableRawBufferPointer(parameter.values).copyMemory(from: entry.bytes)
        }
        do throws(FormatError) { try file.file.checkIntact() } catch { throw .format(error) }
    }
}
