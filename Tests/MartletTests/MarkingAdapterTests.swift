// Adapters of heads that mark tokens, through the front door: chosen by request, refused for other weights.

import MartletCache
import MartletEngine
import MartletFormats
import MartletModels
import Testing

@testable import Martlet

@Suite struct MarkingAdapterTests {
    private static let tokens: [Int32] = (0..<60).map { Int32(97 + ($0 * 7) % 26) }

    private static func options(_ adapter: String?) -> GenerationOptions {
        var options = GenerationOptions()
        (options.maximumTokens, options.logprobs, options.ignoresEndTokens) = (20, 0, true)
        options.adapter = adapter
        return options
    }

    private static func response(
        _ model: Model, _ adapter: String?
    ) async throws -> Response {
        var response: Response?
        for try await piece in try model.generate(tokens, options: options(adapter)) {
            if let finished = piece.part.response { response = finished }
        }
        return try #require(response)
    }

    /// Two adapters and none share steps: each answer is that of the request alone, and none is the dense model's.
    @Test func requestsChooseTheirMarks() async throws {
        let folder = try AdapterFolder("builtin")
        try folder.writeHeads("near", window: 3, seed: 1)
        try folder.writeHeads("far", window: 24, seed: 1)
        let model = try await folder.model(live: ["near", "far", "a"], policy: "dms")
        let names: [String?] = ["near", nil, "far", "a", "near", nil]
        var alone: [String?: Response] = [:]
        for name in Set(names) { alone[name] = try await Self.response(model, name) }
        let together = try await withThrowingTaskGroup(of: (Int, Response).self) { group in
            for (place, name) in names.enumerated() {
                group.addTask { (place, try await Self.response(model, name)) }
            }
            return try await group.reduce(into: [Int: Response]()) { $0[$1.0] = $1.1 }
        }
        for (place, name) in names.enumerated() {
            let (found, wanted) = (try #require(together[place]), try #require(alone[name]))
            #expect(found.tokens == wanted.tokens && found.logprobs == wanted.logprobs)
            #expect(found.usage.peakTokens == wanted.usage.peakTokens)
        }
        #expect(model.loaded.notes.isEmpty)
        let unheard = try await folder.model(live: ["near", "far", "a"]).loaded.notes
        #expect(unheard.count == 2 && unheard[1].hasPrefix("adapter near marks tokens"))
        let dense = try await folder.model()
        let plain = try await Self.response(dense, nil)
        #expect(alone[nil]?.logprobs == plain.logprobs && alone[nil]?.tokens == plain.tokens)
        #expect(alone[nil]?.usage.kvReads == plain.usage.kvReads)
        for name in ["near", "far"] {
            let marked = try #require(alone[name])
            #expect(marked.usage.kvReads < plain.usage.kvReads, "\(name)")
            #expect(marked.logprobs != plain.logprobs)
        }
        let (near, far) = (try #require(alone["near"]), try #require(alone["far"]))
        #expect(near.usage.kvReads < far.usage.kvReads)
        try await model.engine.checkIntegrity()
    }

    /// A search plans with the compression that its adapter was trained for.
    @Test func searchesPlanWithTheirAdaptersCompression() async throws {
        let folder = try AdapterFolder("builtin")
        try folder.writeHeads("near", window: 3, seed: 1)
        let model = try await folder.model(live: ["near", "a"], policy: "dms")
        #expect(model.loaded.compressionRatio(under: "near") == 2)
        #expect(
            model.loaded.compressionRatio(under: "a") == 1 && model.loaded.compressionRatio == 1)
        var options = SolveOptions()
        (options.width, options.length, options.seed, options.adapter) = (2, 12, 5, "near")
        for try await event in model.solve("C97:a=8,b=a*9+4,b?", options: options) {
            guard case .answer(let result) = event else { continue }
            #expect(result.configuration.compressionRatio == 2 && result.chains.count == 2)
        }
    }

    /// Both digests are named, and a policy that listens to marks needs heads.
    @Test func othersAreRefused() async throws {
        let folder = try AdapterFolder("builtin")
        try folder.writeHeads("other", window: 3, seed: 1, digest: "tensors-sha256:abcd")
        let digest = try Checkpoint(directory: folder.base).tensors.weightsDigest()
        for options in [
            folder.options(live: ["other"], policy: "dms"),
            folder.options(merged: "other", policy: "dms"),
        ] {
            let error = await #expect(throws: MartletError.self) {
                _ = try await LoadedModel.load(folder.base, options: options)
            }
            #expect(error?.message.contains("sha256:abcd") == true)
            #expect(error?.message.contains(digest) == true)
        }
        let none = await #expect(throws: MartletError.self) {
            _ = try await folder.model(live: ["a"], policy: "dms")
        }
        #expect(none?.message.contains("no heads that mark tokens") == true)
    }

    /// A GGUF copy of the base is refused, with what is expected instead.
    @Test func aGGUFCopyIsRefused() async throws {
        let folder = try AdapterFolder("builtin")
        try folder.writeHeads("heads", window: 3, seed: 1)
        let copy = folder.path + "/copy.gguf"
        _ = try ModelConversion(folder.base).write(
            to: copy, as: .file(.f32))
        let error = await #expect(throws: MartletError.self) {
            _ = try await LoadedModel.load(
                copy, options: folder.options(live: ["heads"], policy: "dms"))
        }
        let message = error?.message ?? ""
        #expect(message.contains("the directory in the Hugging Face layout"), "\(message)")
        #expect(message.contains("(a model)") && message.contains("copy.gguf"))
    }

    /// The heads of two models are small beside them.
    @Test func headsAreSmall() throws {
        let folder = try AdapterFolder("builtin")
        try folder.writeHeads("heads", window: 16, seed: 1)
        let report = try #require(try AdapterReport(folder.path + "/heads"))
        #expect(
            report.bytes < 2_000_000
                && report.method == EvictionHeadShape.Method.sparsification.rawValue
                && report.rank == nil)
        #expect(report.card?.ratio.asked == 2 && report.card?.ratio.measured == 1.9)
        // SmolLM2-135M: 30 layers, 3 KV heads, 576 channels.
        let bytes = 30 * (3 + 1) * 576 * 4
        #expect(bytes < 2_000_000)
        let peft = try #require(try AdapterReport(folder.path + "/a"))
        #expect(peft.method == "lora" && peft.rank == 3 && peft.card == nil)
        #expect(peft.tensors > 8 && peft.parameters * 4 == peft.bytes)
        #expect(try AdapterReport(folder.base) == nil)
        #expect(try AdapterReport("random:tiny") == nil)
    }
}
