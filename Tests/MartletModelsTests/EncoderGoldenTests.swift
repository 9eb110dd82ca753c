// Every family of encoders against transformers: the vectors of all tokens, of texts of several lengths.

import Foundation
import MartletFormats
import MartletKernels
import Testing

@testable import MartletModels

/// One golden encoder and what transformers computed from it.
struct EncoderGolden: Sendable, CustomTestStringConvertible {
    let name: String
    let tolerance: Float
    var testDescription: String { name }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("EncoderGoldens").path

    /// The cases of the manifest, those of decoders too.
    static let every: [EncoderGolden] = {
        guard let manifest = try? ConfigurationFile(path: folder + "/manifest.json"),
            let cases = try? manifest.object("cases")
        else { return [] }
        return cases.root.members.map { member in
            let tolerance = member.value.objectValue?["tolerance"]?.doubleValue ?? 2e-4
            return EncoderGolden(name: member.key, tolerance: Float(tolerance))
        }
    }()

    /// Those of encoders.
    static let all = every.filter { golden in
        (try? golden.checkpoint()).map { EncoderPlan.describes($0.configuration) } ?? false
    }

    func checkpoint() throws -> Checkpoint { try Checkpoint(directory: Self.folder + "/" + name) }

    func load(
        _ set: InstructionSet, threads: Int = 1, weights: WeightType? = nil
    ) throws -> EncoderModel {
        try EncoderModel(
            checkpoint(), weights: weights, kernels: KernelSet(set),
            pool: WorkerPool(threadCount: threads))
    }

    func golden() throws -> (texts: [[Int32]], vectors: [Float]) {
        let file = try SafetensorsFile(path: Self.folder + "/\(name)/golden.safetensors")
        let tokens = Array(try #require(file["tokens"]).bytes.bindMemory(to: Int32.self))
        let lengths = Array(try #require(file["lengths"]).bytes.bindMemory(to: Int32.self))
        var texts: [[Int32]] = []
        var first = 0
        for length in lengths {
            texts.append(Array(tokens[first..<first + Int(length)]))
            first += Int(length)
        }
        return (texts, try #require(file["hidden"]).floats())
    }
}

/// The vectors of all tokens of all texts.
func vectors(
    _ model: EncoderModel, _ texts: [[Int32]], batchRows: Int = 512
) throws -> [[Float]] {
    var result = [[Float]](repeating: [], count: texts.count)
    try model.encode(texts, batchRows: batchRows) { index, vectors in
        result[index] = Array(vectors)
    }
    return result
}

@Suite struct EncoderGoldenTests {
    @Test func everyFamilyHasAGolden() throws {
        #expect(EncoderGolden.every.count >= 8)
        let families = Set(
            try EncoderGolden.all.map { try $0.checkpoint().configuration }
                .compactMap { EncoderRegistry.family($0)?.modelType })
        // RoBERTa is XLM-RoBERTa under another name.
        #expect(families.union(["roberta"]) == Set(EncoderPlan.familyNames))
    }

    @Test(arguments: EncoderGolden.all, InstructionSet.available)
    func agreesWithTransformers(_ golden: EncoderGolden, _ set: InstructionSet) throws {
        let (texts, expected) = try golden.golden()
        let got = try vectors(golden.load(set, weights: .f32), texts).flatMap(\.self)
        try #require(got.count == expected.count)
        let worst = zip(got, expected).map { abs($0 - $1) }.max() ?? .infinity
        #expect(worst <= golden.tolerance, "largest difference \(worst)")
    }

    /// A text's bits depend on nothing but the text and the weights.
    @Test(arguments: EncoderGolden.all, [WeightType.f32, .bf16, .q8, .q4])
    func bitsDependOnNoOtherText(_ golden: EncoderGolden, _ type: WeightType) throws {
        let set = try InstructionSet.selected()
        let (texts, _) = try golden.golden()
        let alone = try golden.load(set, weights: type)
        let expected = try texts.flatMap { try vectors(alone, [$0]) }
        let three = try golden.load(set, threads: 3, weights: type)
        for batchRows in [1, 20, 512] {
            let got = try vectors(three, texts, batchRows: batchRows)
            #expect(got == expected, "batches of \(batchRows)")
            #expect(
                try vectors(three, texts.reversed(), batchRows: batchRows) == expected.reversed())
        }
    }

    @Test(arguments: EncoderGolden.all)
    func quantisedWeightsStayNear(_ golden: EncoderGolden) throws {
        let set = try InstructionSet.selected()
        let (texts, expected) = try golden.golden()
        for (type, least) in [(WeightType.bf16, 0.999), (.q8, 0.99), (.q4, 0.95)] {
            let got = try vectors(golden.load(set, weights: type), texts).flatMap(\.self)
            let dot = zip(got, expected).reduce(0.0) { $0 + Double($1.0 * $1.1) }
            let norms = [got, expected].map { $0.reduce(0.0) { $0 + Double($1 * $1) } }
            #expect(dot / (norms[0] * norms[1]).squareRoot() > least, "\(type)")
        }
    }

    @Test func refusesWhatItCannotRead() throws {
        let golden = try #require(EncoderGolden.all.first)
        let model = try golden.load(InstructionSet.selected())
        #expect(throws: ModelError.self) { try vectors(model, [[1, 31]]) }
        #expect(throws: ModelError.self) {
            try vectors(model, [[Int32](repeating: 5, count: model.plan.contextLength + 1)])
        }
        #expect(try vectors(model, []).isEmpty)
    }

    /// What would change a vector and is not computed is refused by its name.
    @Test(arguments: refused)
    func refusesConfigurations(golden: String, key: String, value: JSONValue) throws {
        let found = try #require(EncoderGolden.all.first { $0.name == golden }).checkpoint()
        let members =
            found.configuration.root.members.filter { $0.key != key }
            + [JSONObject.Member(key: key, value: value)]
        let changed = Checkpoint(
            directory: found.directory,
            configuration: ConfigurationFile(path: "changed", root: JSONObject(members)),
            tensors: found.tensors)
        #expect(throws: ModelError.self) { try EncoderPlan.read(changed) }
    }

    private static let refused: [(String, String, JSONValue)] = [
        ("bert", "hidden_act", "relu"), ("bert", "is_decoder", true),
        ("bert", "position_embedding_type", "relative_key"), ("bert", "new_key", 2),
        ("bert", "num_attention_heads", 5), ("xlm-roberta", "pad_token_id", 90),
        ("nomic-bert-old-keys", "prenorm", true),
        ("nomic-bert-old-keys", "rotary_emb_fraction", 0.5),
        ("nomic-bert-old-keys", "activation_function", "gelu"),
        (
            "nomic-bert", "rope_parameters",
            ["rope_type": "default", "partial_rotary_factor": 0.5]
        ),
        ("nomic-bert", "rope_parameters", ["rope_type": "yarn", "factor": 2]),
        ("modernbert", "layer_types", ["full_attention"]), ("modernbert", "norm_bias", false),
    ]
}
