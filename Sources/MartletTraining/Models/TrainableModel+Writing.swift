// A model in training as a Hugging Face directory.

import Foundation
import MartletFormats
import MartletKernels

extension TrainableModel {
    /// Writes `config.json`, `model.safetensors` and the tokenizer's files.
    ///
    /// Small matrices are not worth their scales and stay f32 where others become integers. Low-rank parts are added to
    /// their matrices.
    func write(
        to directory: String, tokenizer: ModelTokenizer?, weights: StoredWeights,
        replacing: Bool = false
    ) throws {
        if let tokenizer {
            for file in tokenizer.files {
                try AtomicDirectory.ensure(directory)
                try AtomicFile.write(file.bytes, to: directory + "/" + file.name)
            }
        }
        // Held until they are written.
        let written = try parameters.all.map(merged)
        let tensors = written.flatMap { Self.stored($0, weights) }
        var stored = configuration.setting(
            "torch_dtype", to: .string(weights == .bf16 ? "bfloat16" : "float32"))
        if weights == .q8 {
            // Other programs must refuse what they would take for plain integers.
            stored = stored.setting(
                "quantization_config",
                to: [
                    "quant_method": "martlet-blocks", "bits": 8,
                    "group_size": .integer(BlockIntegers.blockLength),
                ])
        }
        for change in storedChanges { stored = stored.setting(change.key, to: change.value) }
        try withExtendedLifetime(written) {
            _ = try CheckpointWriter(directory: directory).write(
                configuration: stored, tensors: tensors, replacing: replacing)
        }
    }

    /// A matrix with its low-rank part added; the parameter itself where it has none.
    private func merged(_ parameter: Parameter) throws(TrainingError) -> Parameter {
        guard let lowRank, lowRank[parameter.name] != nil else { return parameter }
        let merged = try parameter.frozenCopy()
        lowRank.merge(into: merged)
        return merged
    }

    private static let leastQuantisedCount = 1 << 14

    private static func stored(_ parameter: Parameter, _ weights: StoredWeights) -> [TensorToWrite]
    {
        let (name, shape) = (parameter.name, parameter.shape)
        let values = UnsafeBufferPointer(parameter.values)
        let isPlain = shape.count == 1 || (weights == .q8 && values.count < leastQuantisedCount)
        switch weights {
        case .bf16 where !isPlain:
            return [
                TensorToWrite(name: name, dtype: .bf16, shape: shape) { sink in
                    var halves = [UInt16](repeating: 0, count: values.count)
                    halves.withUnsafeMutableBufferPointer { Half.floatsToBfloats(values, $0) }
                    try halves.withUnsafeBytes(sink)
                }
            ]
        case .q8 where !isPlain:
            return BlockIntegers.tensors(name: name, shape: shape, values: values)
        default:
            return [TensorToWrite(parameter)]
        }
    }
}
