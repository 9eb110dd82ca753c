// Weights that other programs packed: each part of a matrix says its shape, and they must agree.

import Foundation

@testable import MartletFormats

extension UntrustedInput {
    private static let goldens = "Tests/MartletModelsTests/QuantisedGoldens/"
    private static let cases = [
        "gptq-128", "gptq-8", "awq-128", "compressed-row", "compressed-8", "fp8-blocks-bf16",
        "fp8-rows", "int8-rows",
    ]

    static let quantised: [UntrustedInput] =
        [
            UntrustedInput(
                "quantization_config",
                seeds: { try cases.map { try file(goldens + $0 + "/config.json") } }
            ) { bytes, folder in
                let file = try ConfigurationFile(path: folder.write("config.json", bytes))
                try file.requireReadableWeights()
            }
        ]
        + cases.map { name in
            UntrustedInput(
                "packed weights, \(name)",
                seeds: { [try file(goldens + name + "/model.safetensors")] }
            ) { bytes, folder in
                try folder.write("config.json", file(goldens + name + "/config.json"))
                try folder.write("model.safetensors", bytes)
                let tensors = try Checkpoint(directory: folder.path).tensors
                for entry in tensors.entries where entry.grouped != nil { _ = try entry.floats() }
            }
        }
}
