// Adapters beside shared weights: each request's own, whatever others have.

import Foundation
import MartletCache
import MartletEngine
import MartletFormats
import MartletModels
import Testing

@testable import Martlet

@Suite struct LiveAdapterTests {
    private static let tokens: [Int32] = [1, 7, 3, 9, 2, 11, 5, 40, 21, 8, 30, 2, 17]

    private static func logprobs(_ model: Model, _ adapter: String?) async throws -> [Float] {
        let result = try await model.engine.score(
            ScoringRequest(tokens: tokens, adapter: adapter))
        return result.logprobs.compactMap(\.self)
    }

    /// Live is merged, but for rounding; a request without an adapter has the base's bits.
    @Test(arguments: [
        "Goldens/llama-mqa", "Goldens/gpt2-untied", "Goldens/phi3-window", "Goldens/olmo2",
        "QuantisedGoldens/fp8-blocks",
    ])
    func liveIsMerged(golden: String) async throws {
        let folder = try AdapterFolder(golden)
        let live = try await folder.model(live: ["a", "b"])
        let plain = try await Self.logprobs(folder.model(), nil)
        #expect(try await Self.logprobs(live, nil) == plain)
        #expect(live.loaded.model.adapterBytes > 0)
        for name in ["a", "b"] {
            let merged = try await Self.logprobs(folder.model(merged: name), nil)
            let got = try await Self.logprobs(live, name)
            let worst = zip(got, merged).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst < 1e-4, "\(name): \(worst)")
            #expect(zip(got, plain).map { abs($0 - $1) }.max() ?? 0 > 1e-2)
        }
    }

    /// Each row has its own adapter, also where the rows of some are not asked for.
    @Test func rowsKeepTheirAdapters() async throws {
        let folder = try AdapterFolder("Goldens/llama-mqa")
        let model = try await folder.model(live: ["a", "b"]).loaded.model
        let wishes: [(adapter: String?, logits: LogitsWanted)] = [
            ("a", .none), ("b", .last), (nil, .all), ("b", .none), ("a", .last), (nil, .last),
        ]
        func rows(_ logits: (LogitsWanted) -> LogitsWanted) throws -> [Float] {
            let cache = try KVCache(
                shape: model.cacheShape(codec: .f32), budgetBytes: 8 << 20,
                layerWindows: model.shape.layerWindows)
            let runner = try ModelRunner(model, maximumBatchTokens: 128, cache: cache)
            let ids = wishes.map { _ in cache.makeSequence() }
            try cache.reserve(ids.map { ($0, Self.tokens.count) })
            let slices = zip(ids, wishes).map {
                SequenceSlice(
                    sequence: $0, tokens: Self.tokens, logits: logits($1.logits),
                    adapter: $1.adapter)
            }
            return Array(try runner.forward(ForwardBatch(slices: slices), cache: cache))
        }
        let (wanted, all) = (try rows { $0 }, try rows { _ in .all })
        let width = model.shape.vocabularySize
        let each = (0..<wishes.count).map { index in
            Array(all[index * Self.tokens.count * width..<(index + 1) * Self.tokens.count * width])
        }
        let expected = zip(wishes, each).flatMap { wish, rows in
            switch wish.logits {
            case .none: [Float]()
            case .last: Array(rows.suffix(width))
            case .all: rows
            }
        }
        #expect(wanted == expected)
        // They are different rows.
        #expect(Set([0, 1, 2].map { each[$0].suffix(width) }).count == 3)
    }

    private struct Heard: Equatable {
        var tokens: [Int32] = []
        var logprobs: [Float?] = []
        var cached = 0
    }

    private static func hear(_ stream: GenerationStream) async throws -> Heard {
        var heard = Heard()
        for try await event in stream {
            switch event {
            case .started: break
            case .token(let token):
                heard.tokens.append(token.id)
                heard.logprobs.append(token.logprob)
            case .finished(let end): heard.cached = end.usage.cachedPromptTokens
            }
        }
        return heard
    }

    private static func request(
        _ adapter: String?, _ prompt: [Int32] = tokens, in conversation: Conversation? = nil
    ) -> GenerationRequest {
        var sampling = SamplingParameters()
        sampling.temperature = 0.8
        sampling.seed = 3
        sampling.logprobs = 0
        sampling.maximumTokens = 12
        sampling.ignoreEOS = true
        return GenerationRequest(
            promptTokens: prompt, sampling: sampling, conversation: conversation, adapter: adapter)
    }

    /// Requests that share steps have the bits that each has alone, under a policy that evicts, too.
    @Test(arguments: ["dense", "h2o(budget=8, recent=4)"])
    func othersChangeNothing(policy: String) async throws {
        let folder = try AdapterFolder("Goldens/llama-mqa")
        let names: [String?] = ["a", nil, "b", "a", "a", nil, "b"]
        let model = try await folder.model(live: ["a", "b"], policy: policy)
        var alone: [String?: Heard] = [:]
        for name in Set(names) {
            alone[name] = try await Self.hear(model.engine.generate(Self.request(name)))
        }
        let base = try await folder.model(policy: policy)
        #expect(try await Self.hear(base.engine.generate(Self.request(nil))) == alone[nil])
        #expect(alone["a"] != alone["b"] && alone["a"] != alone[nil])
        let streams = names.map { model.engine.generate(Self.request($0)) }
        for (name, stream) in zip(names, streams) {
            let heard = try await Self.hear(stream)
            #expect(heard.tokens.count == 12 && heard == alone[name], "\(name ?? "none")")
        }
    }

    /// What one adapter left in a conversation's cache serves that adapter alone.
    @Test func cachedPromptsBelongToTheirAdapter() async throws {
        let folder = try AdapterFolder("Goldens/llama-mqa")
        let model = try await folder.model(live: ["a", "b"])
        let conversation = model.engine.makeConversation()
        let longer = Self.tokens + [4, 6]
        func turn(_ name: String?, _ prompt: [Int32]) async throws -> Heard {
            try await Self.hear(
                model.engine.generate(Self.request(name, prompt, in: conversation)))
        }
        _ = try await turn("a", Self.tokens)
        let same = try await turn("a", longer)
        #expect(same.cached == Self.tokens.count)
        for name in ["b", nil] as [String?] {
            let other = try await turn(name, longer)
            #expect(other.cached == 0)
            #expect(
                try await other == Self.hear(model.engine.generate(Self.request(name, longer))))
        }
    }

    // MARK: What is refused

    @Test func unknownNamesAreRefused() async throws {
        let folder = try AdapterFolder("Goldens/llama-mqa")
        for (live, says) in [(["a"], "one of a"), ([], "none, because none was loaded")] {
            let model = try await folder.model(live: live)
            var options = GenerationOptions()
            options.adapter = "c"
            let error = await #expect(throws: MartletError.self) {
                for try await _ in try model.generate(Self.tokens, options: options) {}
            }
            #expect(error?.code == .invalidParameter)
            #expect(error?.message.contains("got c, expected \(says)") == true)
        }
    }

    /// Damage is one sentence, and the same one whether the adapter is merged or stands beside the weights.
    @Test func damageIsNamed() async throws {
        let folder = try AdapterFolder("Goldens/llama-mqa")
        let source = try SafetensorsFile(path: folder.path + "/a/adapter_model.safetensors")
        let module = "base_model.model.model.layers.0.self_attn.q_proj"
        func write(_ name: String, _ change: (inout [TensorToWrite]) -> Void) throws -> String {
            try folder.write(name, rank: 3) { _ in true }
            var tensors = try source.entries.map {
                TensorToWrite(name: $0.name, shape: $0.shape, floats: try $0.floats())
            }
            change(&tensors)
            let path = folder.path + "/" + name + "/adapter_model.safetensors"
            try SafetensorsWriter.write(tensors, to: path)
            return path
        }
        func replace(
            _ tensors: inout [TensorToWrite], _ part: String, _ shape: [Int], _ value: Float = 0
        ) {
            let name = "\(module).lora_\(part).weight"
            tensors.removeAll { $0.name == name }
            tensors.append(
                TensorToWrite(
                    name: name, shape: shape,
                    floats: Array(repeating: value, count: shape.reduce(1, *))))
        }
        let a = try #require(source["\(module).lora_A.weight"]).shape
        let b = try #require(source["\(module).lora_B.weight"]).shape
        _ = try write("missing") { $0.removeAll { $0.name == "\(module).lora_B.weight" } }
        _ = try write("rank") { replace(&$0, "A", [2, a[1]]) }
        _ = try write("width") { replace(&$0, "A", [3, a[1] + 1]) }
        _ = try write("other") { replace(&$0, "B", [b[0] + 2, 3]) }
        _ = try write("nan") { replace(&$0, "B", b, .nan) }
        _ = try write("infinite") { replace(&$0, "A", a, .infinity) }
        _ = try write("module") { tensors in
            for (part, shape) in [("A", a), ("B", b)] {
                tensors.append(
                    TensorToWrite(
                        name: "\(module)_extra.lora_\(part).weight", shape: shape,
                        floats: Array(repeating: 0, count: shape.reduce(1, *))))
            }
        }
        let short = try write("short") { _ in }
        try Data(contentsOf: URL(filePath: short)).dropLast(99).write(to: URL(filePath: short))
        for (name, says) in [
            ("missing", "q_proj.lora_B.weight"), ("rank", "expected [3, "),
            ("width", "q_proj.lora_A"),
            ("other", "q_proj.lora_B"), ("nan", "expected a finite number"),
            ("infinite", "expected a finite number"), ("module", "q_proj_extra"),
            ("short", "adapter_model.safetensors"),
        ] {
            for isMerged in [true, false] {
                let error = await #expect(throws: MartletError.self, "\(name) \(isMerged)") {
                    _ = try await folder.model(
                        live: isMerged ? [] : [name], merged: isMerged ? name : nil)
                }
                let sentence = error?.message ?? ""
                #expect(sentence.contains(says) && !sentence.contains("\n"), "\(sentence)")
            }
        }
    }

    @Test func whatCannotStandBesideWeightsIsRefused() async throws {
        let folder = try AdapterFolder("Goldens/llama-mqa")
        try folder.write("dora", rank: 2, configuration: #", "use_dora": true"#) { _ in true }
        try folder.write("other", rank: 2, configuration: #", "rank_pattern": {"q_proj": 3}"#) {
            _ in true
        }
        let table = "base_model.model.model.embed_tokens.weight"
        let entry = try Checkpoint(directory: folder.base).tensors.tensor(
            "model.embed_tokens.weight")
        try folder.write("tables", rank: 2) { _ in true }
        try SafetensorsWriter.write(
            [TensorToWrite(name: table, shape: entry.shape, floats: entry.floats())],
            to: folder.path + "/tables/adapter_model.safetensors")
        for (name, says) in [
            ("dora", "use_dora"), ("other", "shape of tensor"),
            ("tables", "an update of model.embed_tokens.weight"), ("nothing", "no adapter at"),
        ] {
            let error = await #expect(throws: MartletError.self) {
                _ = try await folder.model(live: [name])
            }
            #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
        }
    }
}
