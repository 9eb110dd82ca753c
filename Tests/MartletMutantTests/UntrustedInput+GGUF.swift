// GGUF files: header, metadata, tensors, tokenizer.

import Foundation
import MartletFormats
import MartletKernels
import MartletTokenizers

@testable import Martlet
@testable import MartletModels

extension UntrustedInput {
    static let gguf: [UntrustedInput] = [
        UntrustedInput(
            "GGUF",
            seeds: {
                try [
                    ("llama-mqa", GGUFMix.f32), ("qwen2-tied", .q8_0), ("mistral-window", .f16),
                    ("mixtral", .f32),
                ].map { try ggufFile($0.0, $0.1) }
            }
        ) { bytes, folder in
            let path = try folder.write("model.gguf", bytes)
            let file = try GGUFFile(path: path)
            for entry in file.entries where entry.elementCount > 0 { _ = try? entry.floats(row: 0) }
            for value in file.metadata.map(\.value) { _ = GGUFValueToWrite(value) }
            if let metadata = TokenizerMetadata(file),
                let tokenizer = try? Tokenizer(metadata: metadata)
            {
                _ = tokenizer.encode("a test \u{1F600}")
            }
            let model = try LanguageModel(
                Checkpoint(gguf: path), kernels: KernelSet.selected(),
                pool: WorkerPool(threadCount: 1))
            _ = model.cacheShape(codec: .f16)
        }
    ]

    private static func ggufFile(_ golden: String, _ mix: GGUFMix) throws -> [UInt8] {
        let export = try GGUFExport(
            Checkpoint(directory: root + "/Tests/MartletModelsTests/Goldens/" + golden),
            name: golden, mix: mix)
        var tokens = (0..<94).map { [UInt8($0 + 33)][...] }
        tokens += ["th", "the", "\u{120}t", "<|end|>"].map { ArraySlice($0.utf8) }
        let keys: [(key: String, value: GGUFValueToWrite)] = [
            ("tokenizer.ggml.model", .string("gpt2")), ("tokenizer.ggml.pre", .string("qwen2")),
            ("tokenizer.ggml.tokens", .strings(tokens)),
            ("tokenizer.ggml.token_type", .integers(tokens.indices.map { $0 == 97 ? 3 : 1 })),
            (
                "tokenizer.ggml.merges",
                .strings(["t h", "th e"].map { ArraySlice($0.utf8) })
            ),
            ("tokenizer.ggml.eos_token_id", .uint32(97)),
        ]
        let path = FileManager.default.temporaryDirectory.path + "/martlet-\(UUID()).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try GGUFWriter.write(export.tensors, metadata: export.metadata + keys, to: path)
        return [UInt8](try Data(contentsOf: URL(filePath: path)))
    }
}
