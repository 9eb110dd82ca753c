// Quantised checkpoints written in other formats.

import Foundation
import MartletFormats
import MartletModels
import Testing

@testable import Martlet

@Suite struct QuantisedConversionTests {
    private static let goldens = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "MartletModelsTests/QuantisedGoldens").path

    /// A directory of floats holds the dequantised weights and says nothing of packing; a GGUF file is written, too.
    @Test(arguments: ["awq", "gptq-act-order", "compressed", "fp8-blocks"])
    func packedModelsAreConverted(name: String) throws {
        let source = Self.goldens + "/" + name
        let out = FileManager.default.temporaryDirectory.path + "/martlet-convert-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: out) }
        let conversion = try ModelConversion(source)
        try conversion.write(to: out, as: .directory(.f32))
        let (before, after) = try (Checkpoint(directory: source), Checkpoint(directory: out))
        #expect(!after.configuration.contains("quantization_config"))
        #expect(before.tensors.entries.contains { $0.grouped != nil })
        for entry in after.tensors.entries {
            #expect(entry.dtype == .f32)
            #expect(try entry.floats() == before.tensors.tensor(entry.name).floats())
        }
        let file = out + "/model.gguf"
        try conversion.write(to: file, as: .file(.f16))
        #expect(FileManager.default.fileExists(atPath: file))
    }

    /// `inspect` names what packed the matrices.
    @Test func reportsSayHowWeightsAreStored() async throws {
        let loaded = try await LoadedModel.load(
            Self.goldens + "/compressed", options: ModelOptions())
        #expect(ModelReport(loaded).storedBytes.map(\.type) == ["int4", "F16"])
        #expect(loaded.model.weightName == "int4-32+f16")
    }
}
