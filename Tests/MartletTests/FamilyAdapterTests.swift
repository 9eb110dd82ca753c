// Adapters beside the weights of every family, whatever order and company its checkpoints store rows in.

import Foundation
import MartletFormats
import MartletKernels
import MartletModels
import Testing

@testable import Martlet

/// An adapter's rows are those of a checkpoint: queries and keys turned in pairs or by halves, all of a head together, or
/// several matrices in one tensor. Beside the weights they must land where merging them lands.
@Suite struct FamilyAdapterTests {
    private static let tokens: [Int32] = [1, 7, 3, 9, 2, 11, 5, 28, 21, 8, 20, 2, 17]

    private static func logprobs(
        _ path: String, merged: String? = nil, live: [String: String] = [:], use: String? = nil
    ) async throws -> [Float] {
        var options = ModelOptions()
        (options.threads, options.weights) = (2, .f32)
        (options.adapter, options.adapters) = (merged, live)
        let model = try await Model.load(path, options: options, costs: CostStore(file: nil))
        return try await model.score(tokens, adapter: use).logprobs.compactMap(\.self)
    }

    private static func worst(_ a: [Float], _ b: [Float]) -> Float {
        guard a.count == b.count else { return .infinity }
        return zip(a, b).map { abs($0 - $1) }.max() ?? .infinity
    }

    /// Golden, and whether GGUF has a name for the family and keys for all of it.
    private static let goldens: [(String, Bool)] = [
        ("gpt-neox", true), ("gpt-neox-sequential", true), ("phi3-window", true),
        ("phi3-longrope", true), ("starcoder2", true), ("glm4", true), ("cohere2", true),
        ("ernie4-5", true), ("llama-gqa-wide-heads", true), ("llama-mha-biases", true),
        ("mistral-window", true), ("granite-biases", true), ("smollm3-tied", true),
        ("stablelm-parallel", true), ("qwen2-tied", true), ("qwen3-untied", true),
        ("gemma2", true), ("gemma3", true), ("olmo3", true), ("exaone4", true), ("hunyuan", true),
        ("seed-oss", true), ("gpt2-tied", true), ("ministral3", false),
    ]

    @Test(arguments: goldens)
    func rowsLandWhereMergingPutsThem(golden: String, hasGGUF: Bool) async throws {
        let folder = try AdapterFolder("Goldens/" + golden)
        let names = ["a", "b"]
        let live = Dictionary(uniqueKeysWithValues: names.map { ($0, folder.path + "/" + $0) })
        var paths = [folder.base]
        if hasGGUF {
            let export = try GGUFExport(
                Checkpoint(directory: folder.base), name: golden, mix: .f32)
            paths.append(folder.path + "/model.gguf")
            try GGUFWriter.write(export.tensors, metadata: export.metadata, to: paths[1])
        }
        let plain = try await Self.logprobs(folder.base)
        for name in names {
            let merged = try await Self.logprobs(folder.base, merged: live[name])
            #expect(Self.worst(merged, plain) > 1e-2, "\(golden) \(name) changes nothing")
            for path in paths {
                let kind = path == folder.base ? "directory" : "GGUF"
                let beside = Self.worst(
                    try await Self.logprobs(path, live: live, use: name), merged)
                #expect(beside < 1e-4, "\(golden) \(kind) \(name): \(beside)")
                let inside = Self.worst(try await Self.logprobs(path, merged: live[name]), merged)
                #expect(inside < 1e-4, "\(golden) \(kind) \(name), merged: \(inside)")
            }
        }
    }
}

extension FamilyAdapterTests {
    /// An adapter beside weights into which another is merged already, of a file whose matrices lie the other way round
    /// than the family's.
    @Test func aSecondAdapterLandsInAFileToo() async throws {
        let folder = try AdapterFolder("Goldens/gpt2-tied")
        let export = try GGUFExport(
            Checkpoint(directory: folder.base), name: "gpt2", mix: .f32)
        let file = folder.path + "/model.gguf"
        try GGUFWriter.write(export.tensors, metadata: export.metadata, to: file)
        let (a, b) = (folder.path + "/a", folder.path + "/b")
        let once = try await Self.logprobs(folder.base, merged: a)
        let expected = try await Self.logprobs(
            folder.base, merged: a, live: ["b": b], use: "b")
        #expect(Self.worst(once, expected) > 1e-2)
        let got = try await Self.logprobs(file, merged: a, live: ["b": b], use: "b")
        #expect(Self.worst(got, expected) < 1e-4)
        let twice = try Checkpoint(gguf: file).adapted(by: a)
        #expect(twice.tensors.storesOutputsFirst)
        let merged = try twice.adapted(by: b).tensors
        let other = try Checkpoint(directory: folder.base).adapted(by: a).adapted(by: b).tensors
        let name = "h.1.attn.c_proj.weight"
        let (turned, straight) = (
            try merged.tensor(merged.contains(name) ? name : "transformer." + name).floats(),
            try other.tensor(other.contains(name) ? name : "transformer." + name)
        )
        let (rows, columns) = (straight.shape[0], straight.shape[1])
        let floats = try straight.floats()
        for row in 0..<rows {
            for column in 0..<columns {
                #expect(
                    abs(turned[column * rows + row] - floats[row * columns + column]) < 1e-5)
            }
        }
    }
}
