// Retrofits as small files: beside or inside the base they are the retrofitted model, and without them it is the base.

import Foundation
import MartletCache
import MartletFormats
import MartletKernels
import MartletModels
import MartletPolicies
import MartletTokenizers
import Testing

@testable import MartletTraining

@Suite struct RetrofitAdapterTests {
    /// What an adapter of the fixture is.
    enum Kind: String, CaseIterable, Sendable {
        /// DMS with heads alone, and with low-rank parts too.
        case heads, parts
        /// Marks in channels of what low-rank parts change: DMS and DMC.
        case channel, merging

        var policy: String { self == .merging ? "dmc" : "dms" }
        var rank: Int? { self == .heads ? nil : 4 }
    }

    /// A trained base with an adapter of each kind, and the same retrofits as models. Made once.
    private final class Fixture: Sendable {
        let folder: String
        let reports: [Kind: RetrofitReport]

        static let shared = Result { try Fixture() }

        static func plan(_ kind: Kind, writesAdapter: Bool) -> RetrofitPlan {
            var plan = RetrofitPlan()
            plan.method = kind == .merging ? .dmc : .dms
            plan.source = kind == .merging || kind == .channel ? .channel : .adapter
            plan.target = 3
            plan.steps = 80
            plan.fadeSteps = 10
            plan.warmUp = 2
            plan.learningRate = 2e-2
            plan.baseLearningRate = plan.source == .channel ? 3e-2 : 1e-2
            plan.lowRank = kind.rank ?? 0
            plan.writesAdapter = writesAdapter
            plan.decisions.window = kind == .heads ? 4 : 6
            plan.decisions.scale = 20
            (plan.sequences, plan.length) = (2, 48)
            plan.data = [Recipe.DataEntry(.task("copy(length=8..12)"))]
            return plan
        }

        init() throws {
            folder = FileManager.default.temporaryDirectory.path + "/martlet-retrofits-\(UUID())"
            try TrainingRunTests.run(
                TrainingRunTests.recipe(steps: 40, rate: "1.0e-2"), folder + "/base"
            ).run()
            var reports: [Kind: RetrofitReport] = [:]
            for kind in Kind.allCases {
                for writesAdapter in [true, false] {
                    let retrofit = try Retrofit(
                        model: folder + "/base",
                        plan: Self.plan(kind, writesAdapter: writesAdapter),
                        directory: folder + Self.name(kind, writesAdapter), resumes: false,
                        machine: try TrainingMachine(threads: 1))
                    try retrofit.run.run()
                    guard writesAdapter else { continue }
                    let report = try retrofit.report(batches: 2)
                    try retrofit.writeAdapter(report)
                    reports[kind] = report
                }
            }
            self.reports = reports
        }

        private static func name(_ kind: Kind, _ isAdapter: Bool) -> String {
            "/\(isAdapter ? "adapter" : "model")-\(kind)"
        }

        var base: String { folder + "/base" }
        func adapter(_ kind: Kind) -> String { folder + Self.name(kind, true) }
        func model(_ kind: Kind) -> String { folder + Self.name(kind, false) }
    }

    // MARK: The engine

    private static let tokens: [Int32] = Array("copy 8a31f09c: 8a31f09c, and copy 77 again:".utf8)
        .map(Int32.init)
    private static let promptCount = 30

    private static func load(
        _ checkpoint: Checkpoint, live: [String: String] = [:]
    ) throws -> LanguageModel {
        try LanguageModel(
            checkpoint, weights: .f32, adapters: live, kernels: try KernelSet.selected(),
            pool: WorkerPool(threadCount: 2))
    }

    private struct Outcome: Equatable {
        var logits: [Float] = []
        var held: [[Int]] = []
    }

    /// Sequences of the same tokens, each under its adapter, in one batch: the logits of each and what is left of it.
    private static func run(
        _ model: LanguageModel, _ policy: String, _ adapters: [String?] = [nil]
    ) throws -> [Outcome] {
        let cache = try KVCache(
            shape: model.cacheShape(codec: .f32), budgetBytes: 64 << 20,
            policy: try CachePolicy(policy))
        let runner = try ModelRunner(model, maximumBatchTokens: 512, cache: cache)
        let sequences = adapters.map { _ in cache.makeSequence() }
        var outcomes = adapters.map { _ in Outcome() }
        func compute(_ part: ArraySlice<Int32>, isDecode: Bool, completesPrompt: Bool) throws {
            try cache.reserve(sequences.map { ($0, part.count) })
            let rows = try runner.forward(
                ForwardBatch(
                    slices: zip(sequences, adapters).map {
                        SequenceSlice(
                            sequence: $0, tokens: Array(part), logits: .all, isDecode: isDecode,
                            completesPrompt: completesPrompt, adapter: $1)
                    }), cache: cache)
            let size = part.count * runner.vocabularySize
            for index in outcomes.indices {
                outcomes[index].logits += rows[index * size..<(index + 1) * size]
            }
        }
        try compute(tokens[..<promptCount], isDecode: false, completesPrompt: true)
        for index in promptCount..<tokens.count {
            try compute(tokens[index...index], isDecode: true, completesPrompt: false)
        }
        try cache.checkIntegrity()
        for (index, sequence) in sequences.enumerated() {
            for layer in 0..<cache.shape.layerCount {
                for head in 0..<cache.shape.keyValueHeadCount {
                    outcomes[index].held.append(
                        cache.heldPositions(sequence, layer: layer, head: head).sorted())
                }
            }
        }
        return outcomes
    }

    private static func count(_ outcome: Outcome) -> Int {
        outcome.held.reduce(0) { $0 + $1.count }
    }

    /// Merged it is the retrofitted model, bit for bit; beside the weights too where there are heads alone, and within
    /// rounding where there are low-rank parts.
    @Test(arguments: Kind.allCases) func anAdapterIsTheRetrofittedModel(kind: Kind) throws {
        let fixture = try Self.Fixture.shared.get()
        // With low-rank parts also where marks are not carried out: channels take no part in attention even so.
        for policy in [kind.policy, "dense"] {
            let wanted = try Self.run(
                Self.load(Checkpoint(directory: fixture.model(kind))), policy)[0]
            let isFreed = Self.count(wanted) < Self.tokens.count * wanted.held.count
            #expect(isFreed == (policy == kind.policy), "\(Self.count(wanted)) are held")
            let merged = try Checkpoint(directory: fixture.base).adapted(by: fixture.adapter(kind))
            #expect(try Self.run(Self.load(merged), policy)[0] == wanted)
            let live = try Self.load(
                Checkpoint(directory: fixture.base), live: ["it": fixture.adapter(kind)])
            let found = try Self.run(live, policy, ["it"])[0]
            #expect(found.held == wanted.held)
            if kind == .heads { #expect(found.logits == wanted.logits) }
            let worst = zip(found.logits, wanted.logits).map { abs($0 - $1) }.max() ?? .infinity
            #expect(worst < 1e-4, "\(worst)")
        }
    }

    /// Several adapters share a batch and a cache, each with its own reach; without one a request is the base's.
    @Test func eachRequestHasItsOwn() throws {
        let fixture = try Self.Fixture.shared.get()
        let base = try Checkpoint(directory: fixture.base)
        var live: [String: String] = [:]
        for kind in Kind.allCases { live[kind.rawValue] = fixture.adapter(kind) }
        let model = try Self.load(base, live: live)
        let plain = try Self.run(Self.load(base), "dense")[0]
        let names: [String?] = [
            "heads", nil, "parts", "merging", "heads", "channel", nil, "parts", "channel",
            "merging",
        ]
        for policy in ["dms", "dmc"] {
            let together = try Self.run(model, policy, names)
            for (name, outcome) in zip(names, together) {
                #expect(
                    try Self.run(model, policy, [name])[0] == outcome, "\(name ?? "none") \(policy)"
                )
                let whole = Self.tokens.count * outcome.held.count
                let isHeard = name.flatMap(Kind.init)?.policy == policy
                #expect((Self.count(outcome) < whole) == isHeard, "\(name ?? "none") \(policy)")
            }
            #expect(together[1] == plain)
        }
        // Marks are carried out by a policy that listens to them, and by no other.
        #expect(try Self.run(model, "dense", ["heads"])[0] == plain)
        #expect(try Self.run(model, "dmc", ["heads"])[0] == plain)
        // What the policy's text says counts for all.
        let wide = try Self.run(model, "dms", ["heads", "parts"])
        let narrow = try Self.run(model, "dms(window=1)", ["heads", "parts"])
        #expect(Self.count(narrow[0]) < Self.count(wide[0]))
    }

    // MARK: The file

    @Test(arguments: Kind.allCases) func theCardSaysWhatItIs(kind: Kind) throws {
        let fixture = try Self.Fixture.shared.get()
        let card = try AdapterCard(directory: fixture.adapter(kind))
        let base = try Checkpoint(directory: fixture.base)
        #expect(try card.baseDigest == base.tensors.weightsDigest())
        #expect(
            card.baseName == "base"
                && card.method == kind.policy)
        #expect(card.rank == kind.rank)
        #expect(card.ratio.asked == 3)
        let report = try #require(fixture.reports[kind])
        #expect(abs(card.ratio.measured - report.ratio) < 1e-9 && report.ratio > 1)
        let training = try card.file.object("training")
        #expect(try training.int("steps") == Fixture.plan(kind, writesAdapter: true).totalSteps)
        #expect(try abs(training.double("compressedLoss") - report.loss) < 1e-9)
        let names =
            FileManager.default.enumerator(atPath: fixture.adapter(kind))?
            .compactMap { $0 as? String }.filter { !$0.contains("checkpoints") } ?? []
        #expect(!names.contains { $0.hasSuffix("config.json") || $0 == "model.safetensors" })
    }

    /// Frozen weights have no gradients and stay what they were.
    @Test func theBaseIsNotTrained() throws {
        try TrainingRunTests.withFolder { folder in
            let fixture = try Self.Fixture.shared.get()
            var plan = Fixture.plan(.parts, writesAdapter: true)
            plan.steps = 4
            let retrofit = try Retrofit(
                model: fixture.base, plan: plan, directory: folder, resumes: false,
                machine: try TrainingMachine(threads: 2))
            try retrofit.run.run()
            let student = retrofit.run.model
            let base = try Checkpoint(directory: fixture.base)
            for parameter in student.parameters.all where !parameter.name.contains("dms") {
                #expect(parameter.gradient == nil && !parameter.isTrainable)
                #expect(try base.tensors.tensor(parameter.name).floats() == Array(parameter.values))
            }
            #expect(student.trained.count == 2 * 2 + 2 * 4 * 2)
            for parameter in student.trained { #expect(parameter.gradient != nil) }
            let up = try #require(student.lowRank?.all[1])
            #expect(up.values.contains { $0 != 0 })
        }
    }

    /// A GGUF file is a base like a directory: of the same floats comes the same adapter to the bit, which knows its own
    /// base and no other. A model is not made of it.
    @Test func aGGUFFileIsABase() throws {
        try TrainingRunTests.withFolder { folder in
            let fixture = try Self.Fixture.shared.get()
            let directory = try Checkpoint(directory: fixture.base)
            let export = try GGUFExport(directory, name: "base", mix: .f32)
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            let file = folder + "/base.gguf"
            try GGUFWriter.write(export.tensors, metadata: export.metadata, to: file)
            let base = try RetrofitBase(
                gguf: Checkpoint(gguf: file), tokenizer: Tokenizer.load(directory: fixture.base),
                chatTemplate: nil)
            var plan = Fixture.plan(.parts, writesAdapter: true)
            plan.steps = 6
            func retrofit(_ base: RetrofitBase, _ name: String) throws -> Retrofit {
                let retrofit = try Retrofit(
                    base: base, plan: plan, directory: folder + "/" + name, resumes: false,
                    machine: try TrainingMachine(threads: 1))
                try retrofit.run.run()
                try retrofit.writeAdapter(retrofit.report(batches: 1))
                return retrofit
            }
            func bits(_ retrofit: Retrofit) -> [[UInt32]] {
                retrofit.run.model.trained.map { $0.values.map(\.bitPattern) }
            }
            let ofFile = try retrofit(base, "of-file")
            let ofDirectory = try retrofit(RetrofitBase(directory: fixture.base), "of-directory")
            #expect(bits(ofFile) == bits(ofDirectory))

            let live = try Self.load(Checkpoint(gguf: file), live: ["it": folder + "/of-file"])
            let wanted = try Self.load(directory, live: ["it": folder + "/of-directory"])
            #expect(
                try Self.run(live, "dms", ["it"])[0].held
                    == Self.run(wanted, "dms", ["it"])[0].held)
            #expect(throws: (any Error).self) {
                _ = try Self.load(directory, live: ["it": folder + "/of-file"])
            }
            #expect(throws: (any Error).self) {
                _ = try Self.load(
                    Checkpoint(gguf: file), live: ["it": folder + "/of-directory"])
            }
            plan.writesAdapter = false
            let error = #expect(throws: TrainingError.self) { _ = try retrofit(base, "model") }
            #expect(error.map { "\($0)" }?.contains("martlet convert") == true)
        }
    }

    /// The gradient of a product's frozen matrix is not computed, and not charged either.
    @Test func frozenMatricesCostNoGradient() throws {
        func seconds(isTrainable: Bool) throws -> Double {
            let graph = Graph()
            let first = try Parameter(name: "first", shape: [64, 64])
            let second = try Parameter(name: "second", shape: [64, 64], isTrainable: isTrainable)
            let x = graph.given(rows: 256, columns: 64, name: "x")
            _ = graph.linear(graph.linear(x, graph.parameter(first)), graph.parameter(second))
            return ReferenceSystem.trainingSeconds(graph)
        }
        let product = 256.0 * 64 * 64 / ReferenceSystem.productRate
        let saved = try seconds(isTrainable: true) - seconds(isTrainable: false)
        #expect(abs(saved - product) < 1e-12)
    }

    /// A run that stopped goes on to the same bits, low-rank parts included.
    @Test func resumingChangesNoBit() throws {
        try TrainingRunTests.withFolder { folder in
            let fixture = try Self.Fixture.shared.get()
            var plan = Fixture.plan(.parts, writesAdapter: true)
            (plan.steps, plan.checkpointEvery) = (9, 4)
            func retrofit(_ name: String, resumes: Bool = false) throws -> Retrofit {
                try Retrofit(
                    model: fixture.base, plan: plan, directory: folder + "/" + name,
                    resumes: resumes, machine: try TrainingMachine(threads: 1))
            }
            let whole = try retrofit("whole")
            try whole.run.run()
            var steps = 0
            try retrofit("parts").run.run(shouldStop: {
                steps += 1
                return steps == 5
            })
            let second = try retrofit("parts", resumes: true)
            #expect(second.run.stepsDone == 5)
            try second.run.run()
            func bits(_ retrofit: Retrofit) -> [[UInt32]] {
                retrofit.run.model.trained.map { $0.values.map(\.bitPattern) }
            }
            #expect(bits(whole) == bits(second))
        }
    }

    @Test func plansThatDoNotFitAreRefused() throws {
        func sentence(_ change: (inout RetrofitPlan) -> Void) -> String {
            var plan = Fixture.plan(.parts, writesAdapter: true)
            change(&plan)
            let error = #expect(throws: TrainingError.self) { try plan.check() }
            return error.map { "\($0)" } ?? ""
        }
        #expect(sentence { $0.trainsBase = true }.contains("frozen"))
        #expect(sentence { $0.lowRank = -1 }.contains("rank"))
        #expect(sentence { ($0.lowRank, $0.trainsBase) = (0, true) }.contains("adapter"))
        #expect(sentence { $0.decisions.timing = .late }.contains("delayed"))
    }

    // MARK: What is refused

    /// Copies an adapter with changed tensors or another card.
    private static func damaged(
        _ source: String, in folder: String, card: (String) -> String = { $0 },
        change: (inout [TensorToWrite]) -> Void = { _ in }
    ) throws -> String {
        let path = folder + "/\(UUID())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let text = try String(contentsOfFile: source + "/" + AdapterCard.name, encoding: .utf8)
        try card(text).write(
            toFile: path + "/" + AdapterCard.name, atomically: false, encoding: .utf8)
        var tensors = try SafetensorsFile(path: source + "/adapter_model.safetensors").entries.map {
            TensorToWrite(name: $0.name, shape: $0.shape, floats: try $0.floats())
        }
        change(&tensors)
        try SafetensorsWriter.write(tensors, to: path + "/adapter_model.safetensors")
        return path
    }

    /// The same sentence whether it is merged or stands beside the weights.
    @Test func damageIsNamed() throws {
        let fixture = try Self.Fixture.shared.get()
        try TrainingRunTests.withFolder { folder in
            let base = try Checkpoint(directory: fixture.base)
            let source = fixture.adapter(.parts)
            func zeros(_ tensor: TensorToWrite, _ shape: [Int], _ value: Float = 0) -> TensorToWrite
            {
                TensorToWrite(
                    name: tensor.name, shape: shape,
                    floats: Array(repeating: value, count: shape.reduce(1, *)))
            }
            func place(_ tensors: [TensorToWrite], _ part: String) -> Int {
                tensors.firstIndex { $0.name.contains(part) } ?? 0
            }
            var cases: [(String, [String])] = []
            func add(_ says: String..., change: (inout [TensorToWrite]) -> Void) throws {
                cases.append((try Self.damaged(source, in: folder, change: change), says))
            }
            func addCard(_ says: String..., card: (String) -> String) throws {
                cases.append((try Self.damaged(source, in: folder, card: card), says))
            }
            try add("layers.1", "dms_proj_alpha_norm") { tensors in
                tensors.removeAll { $0.name.contains("layers.1.self_attn.dms_proj_alpha_norm") }
            }
            try add("without heads") { $0.removeAll { $0.name.contains("dms_proj") } }
            try add("lora_B") { tensors in
                tensors.remove(at: place(tensors, "layers.0.self_attn.q_proj.lora_B"))
            }
            try add("k_proj") { $0.removeAll { $0.name.contains("k_proj") } }
            try add("layers.7") { tensors in
                let at = place(tensors, "dms_proj_alpha.weight")
                tensors.append(
                    TensorToWrite(
                        name: "model.layers.7.self_attn.dms_proj_alpha.weight",
                        shape: tensors[at].shape, floats: Array(repeating: 0, count: 16)))
            }
            try add("dms_proj_alpha.weight", "shape", "[1, 8]") { tensors in
                let at = place(tensors, "dms_proj_alpha.weight")
                tensors[at] = zeros(tensors[at], [1, 8])
            }
            try add("lora_A", "shape") { tensors in
                let at = place(tensors, "q_proj.lora_A")
                tensors[at] = zeros(tensors[at], [3, 16])
            }
            try add("o_proj", "shape") { tensors in
                let at = place(tensors, "o_proj.lora_B")
                tensors[at] = zeros(tensors[at], [12, 4])
            }
            for part in ["dms_proj_alpha.weight", "dms_proj_alpha_norm", "v_proj.lora_B"] {
                try add(part, "nan", "finite") { tensors in
                    let at = place(tensors, part)
                    tensors[at] = zeros(tensors[at], tensors[at].shape, .nan)
                }
            }
            try add("gate_up_proj") { tensors in
                for part in ["A", "B"] {
                    tensors.append(
                        TensorToWrite(
                            name:
                                "base_model.model.model.layers.0.mlp.gate_up_proj.lora_\(part).weight",
                            shape: [4, 4], floats: Array(repeating: 0, count: 16)))
                }
            }
            let digest = try base.tensors.weightsDigest()
            try addCard(digest, "tensors-sha256:0000", "base") { text in
                text.replacing(digest, with: "tensors-sha256:0000")
            }
            // Of a card that knows files it is the files' digest that is compared.
            let files = "sha256:" + (try FileDigest.sha256(fixture.base + "/model.safetensors"))
            try addCard(files, "sha256:0000", "base") { text in
                text.replacing(digest, with: "sha256:0000")
            }
            for (key, part) in [
                ("scale2", "\"eviction\": {"), ("base.revision", "\"base\": {"),
                ("compression.unit", "\"compression\": {"), ("method", "{"),
            ] {
                try addCard(key, "no such key") { text in
                    let name = key.split(separator: ".").last ?? ""
                    return text.replacing(part, with: part + "\"\(name)\": 1, ", maxReplacements: 1)
                }
            }
            try addCard("method", "dmc", "as eviction.method says") { text in
                text.replacing("\"version\": 2", with: "\"version\": 1, \"method\": \"dmc\"")
            }
            try addCard("lora_A", "shape") { $0.replacing("\"r\": 4", with: "\"r\": 5") }
            try addCard("window") { $0.replacing("\"window\": 6", with: "\"window\": -6") }
            try addCard("source", "projection") {
                $0.replacing("\"method\": \"dms\"", with: "\"method\": \"dmc\"")
            }
            try addCard("\"format\"") { $0.replacing("\"format\"", with: "\"form\"") }
            try addCard("version") { $0.replacing("\"version\": 2", with: "\"version\": 9") }
            let short = try Self.damaged(source, in: folder)
            let file = URL(filePath: short + "/adapter_model.safetensors")
            try Data(contentsOf: file).dropLast(40).write(to: file)
            cases.append((short, ["adapter_model.safetensors"]))
            for (path, says) in cases {
                for isMerged in [true, false] {
                    let error = #expect(throws: (any Error).self, "\(says) \(isMerged)") {
                        _ =
                            try isMerged
                            ? Self.load(base.adapted(by: path))
                            : Self.load(base, live: ["it": path])
                    }
                    let sentence = error.map { "\($0)" } ?? ""
                    for part in says {
                        #expect(sentence.contains(part), "\(part), merged \(isMerged): \(sentence)")
                    }
                    #expect(!sentence.contains("\n"))
                }
            }
        }
    }

    /// Another model's weights: both digests are named.
    @Test func otherModelsAreRefused() throws {
        let fixture = try Self.Fixture.shared.get()
        let retrofitted = try Checkpoint(directory: fixture.model(.heads))
        for isMerged in [true, false] {
            let error = #expect(throws: (any Error).self) {
                _ =
                    try isMerged
                    ? Self.load(retrofitted.adapted(by: fixture.adapter(.heads)))
                    : Self.load(retrofitted, live: ["it": fixture.adapter(.heads)])
            }
            let sentence = error.map { "\($0)" } ?? ""
            #expect(try sentence.contains(retrofitted.tensors.weightsDigest()))
            #expect(
                try sentence.contains(AdapterCard(directory: fixture.adapter(.heads)).baseDigest))
        }
    }
}
