// The files of a model but its tokenizer's.

import Foundation
import MartletCache
import MartletFormats
import MartletKernels
import MartletTokenizers

@testable import Martlet
@testable import MartletModels

extension UntrustedInput {
    private static let goldens = "Tests/MartletModelsTests/Goldens/"
    private static let encoders = "Tests/MartletModelsTests/EncoderGoldens/"

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
            "config.json of an encoder",
            seeds: {
                try ["bert", "xlm-roberta", "nomic-bert-old-keys", "modernbert-biases"]
                    .map { try file(encoders + $0 + "/config.json") }
            }
        ) { bytes, folder in
            let file = try ConfigurationFile(path: folder.write("config.json", bytes))
            guard let family = EncoderRegistry.family(file) else { return }
            _ = try family.plan(file).parameterCount
        },
        UntrustedInput(
            "config.json of an encoder's checkpoint",
            seeds: { [try file(encoders + "modernbert-biases/config.json")] }
        ) { bytes, folder in
            let model = folder.path + "/model.safetensors"
            if !FileManager.default.fileExists(atPath: model) {
                try FileManager.default.createSymbolicLink(
                    atPath: model,
                    withDestinationPath: root + "/" + encoders
                        + "modernbert-biases/model.safetensors")
            }
            try folder.write("config.json", bytes)
            let encoder = try EncoderModel(
                Checkpoint(directory: folder.path), kernels: KernelSet.selected(),
                pool: WorkerPool(threadCount: 1))
            try encoder.encode([[3, 4, 5]]) { _, _ in }
        },
        // What sentence-transformers writes beside a model: each file takes the mutant.
        UntrustedInput(
            "modules.json and what it names",
            seeds: {
                [
                    #"[{"path": "", "type": "a.Transformer"}, {"path": "1_Pooling", "type": "a.Pooling"},"#
                        + #" {"path": "2_Normalize", "type": "a.Normalize"}]"#,
                    #"{"pooling_mode": ["cls", "mean"], "include_prompt": false}"#,
                    #"{"pooling_mode_max_tokens": true, "pooling_mode_lasttoken": true}"#,
                    #"{"max_seq_length": 256, "do_lower_case": false, "model_max_length": 512}"#,
                    #"{"prompts": {"query": "ask: ", "document": ""}, "default_prompt_name": "query"}"#,
                ].map { Array($0.utf8) }
            }
        ) { bytes, folder in
            try FileManager.default.createDirectory(
                atPath: folder.path + "/1_Pooling", withIntermediateDirectories: true)
            // A mutant of the list is the list; one of an object is each of the other files.
            let isList = bytes.first == UInt8(ascii: "[")
            let others = [
                "1_Pooling/config.json", "sentence_bert_config.json",
                "config_sentence_transformers.json",
            ]
            try? FileManager.default.removeItem(atPath: folder.path + "/modules.json")
            if isList { try folder.write("modules.json", bytes) }
            for name in others {
                try folder.write(name, isList ? Array("{}".utf8) : bytes)
            }
            _ = try EmbeddingFolder(folder.path).recipe()
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
