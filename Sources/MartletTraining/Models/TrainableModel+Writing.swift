// A model in training as a Hugging Face directory.

import Foundation
import MartletFormats
import MartletKernels

extension TrainableModel {
    /// Writes `config.json`, `model.safetensors` and the tokenizer's files.
    ///
    /// - Parameter type: of the stored weights, f32 or bf16; vectors stay f32.
    func write(
        to directory: String, tokenizer: ModelTokenizer?, type: DType, replacing: Bool = false
    ) throws {
        if let tokenizer {
            for file in tokenizer.files {
                try AtomicDirectory.ensure(directory)
                try AtomicFile.write(file.bytes, to: directory + "/" + file.name)
            }
        }
        let tensors = parameters.all.map { parameter in
            TensorSource(
                name: parameter.name, dtype: parameter.shape.count > 1 ? type : .f32,
                shape: parameter.shape
            ) { sink in
                if type == .f32 || parameter.shape.count == 1 {
                    return try sink(UnsafeRawBufferPointer(parameter.values))
                }
                var halves = [UInt16](repeating: 0, count: parameter.count)
                halves.withUnsafeMutableBufferPointer {
                    Half.floatsToBfloats(UnsafeBufferPointer(parameter.values), $0)
                }
                try halves.withUnsafeBytes(sink)
            }
        }
        var stored = configuration.setting(
            "torch_dtype", to: .string(type == .bf16 ? "bfloat16" : "float32"))
        for change in storedChanges { stored = stored.setting(change.key, to: change.value) }
        try CheckpointWriter(directory: directory).write(
            configuration: stored, tensors: tensors, replacing: replacing)
    }
}
