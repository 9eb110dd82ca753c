// The files of a model but its tokenizer's.

import Foundation
import MartletCache
import MartletFormats
import MartletKernels
import MartletTokenizers

@testable import MartletModels

extension UntrustedInput {
    private static let goldens = "Tests/MartletModelsTests/Goldens/"

    static let models: [UntrustedInput] = [
        UntrustedInput(
            "config.json",
            seeds: {
                try [
                    "llama-rope-llama3", "llama-rope-linear-old-keys", "llama-mqa", "gpt2-tied",
                    "mistral-window", "mistral-window-old-keys", "qwen2-tied",
                    "qwen2-untied-old-keys", "qwen3-untied",
                ].map { try file(goldens + $0 + "/config.json") }
                    + [file("Sources/Martlet/Resources/Models/builtin-cr4/config.json")]
            }
        ) { bytes, folder in
            let path = try folder.write("config.json", bytes)
            let plan = try DecoderPlan.read(ConfigurationFile(path: path))
            _ = plan.shape.layerWindows
        },
        // What a configuration says against the weights beside it.
        UntrustedInput(
            "config.json of a checkpoint",
            seeds: { [try file(goldens + "llama-rope-llama3/config.json")] }
        ) { bytes, folder in
            let model = folder.path + "/model.safetensors"
            if !FileManager.default.fileExists(atPath: model) {
                try FileManager.default.createSymbolicLink(
                    atPath: model,
                    withDestinationPath: root + "/" + goldens
                        + "llama-rope-llama3/model.safetensors")
            }
            try folder.write("config.json", bytes)
            let language = try LanguageModel(
                Checkpoint(directory: folder.path), weights: .f32, kernels: KernelSet.selected(),
                pool: WorkerPool(threadCount: 1))
            _ = language.cacheShape(codec: .f16)
        },
        UntrustedInput(
            "generation_config.json",
            seeds: {
                [
                    #"{"eos_token_id": 2, "max_new_tokens": 601, "temperature": 0.6}"#,
                    #"{"bos_token_id": 1, "eos_token_id": [2, 1], "do_sample": true}"#,
                ].map { Array($0.utf8) }
            }
        ) { bytes, folder in
            _ = try Tokenizer.load(
                TokenizerFiles(
                    source: "files",
                    files: ["tokenizer.model": sentencePieces, "generation_config.json": bytes]))
            let advice = try ConfigurationFile(path: folder.write("generation.json", bytes))
            _ = try advice.int("max_new_tokens", default: 1024, in: 1...1 << 24)
        },
    ]
}
