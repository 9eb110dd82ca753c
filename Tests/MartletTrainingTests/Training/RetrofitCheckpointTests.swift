// What a retrofit beside frozen weights keeps, and which weights it is known to be beside.

import Foundation
import MartletFormats
import MartletKernels
import MartletModels
import Testing

@testable import MartletTraining

@Suite struct RetrofitCheckpointTests {
    private static func plan(rank: Int) -> RetrofitPlan {
        var plan = RetrofitPlan()
        plan.target = 3
        (plan.steps, plan.checkpointEvery, plan.warmUp) = (7, 3, 2)
        plan.lowRank = rank
        plan.products = .f32
        plan.writesAdapter = true
        (plan.decisions.window, plan.decisions.scale) = (4, 20)
        (plan.sequences, plan.length) = (2, 32)
        plan.data = [Recipe.DataEntry(.task("copy(length=8..12)"))]
        return plan
    }

    private static func retrofit(
        _ base: String, _ folder: String, rank: Int, resumes: Bool = false
    ) throws -> Retrofit {
        try Retrofit(
            model: base, plan: plan(rank: rank), directory: folder, resumes: resumes,
            machine: try TrainingMachine(threads: 1))
    }

    private static func bits(_ retrofit: Retrofit) -> [[UInt32]] {
        retrofit.run.model.trained.map { $0.values.map(\.bitPattern) }
    }

    private static func withBase(_ body: (_ folder: String, _ base: String) throws -> Void) throws {
        try TrainingRunTests.withFolder { folder in
            try TrainingRunTests.run(TrainingRunTests.recipe(steps: 2), folder + "/base").run()
            try body(folder, folder + "/base")
        }
    }

    /// Runs to a step and stops there.
    private static func stop(_ retrofit: Retrofit, at step: Int) throws {
        var steps = 0
        try retrofit.run.run(shouldStop: {
            steps += 1
            return steps == step
        })
    }

    private static func newest(_ folder: String) throws -> String {
        let store = CheckpointStore(
            directory: folder + "/checkpoints", kept: 2, frozenBase: nil)
        return try #require(store.paths.last)
    }

    /// A checkpoint has what is trained and the optimiser's state, and goes on to the same bits.
    @Test(arguments: [0, 2]) func frozenWeightsAreNotKept(rank: Int) throws {
        try Self.withBase { folder, base in
            let whole = try Self.retrofit(base, folder + "/whole", rank: rank)
            try whole.run.run()
            try Self.stop(try Self.retrofit(base, folder + "/parts", rank: rank), at: 4)
            let checkpoint = try Self.newest(folder + "/parts")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: checkpoint).sorted()
                    == ["optimiser.safetensors", "trained.safetensors", "training.json"])
            let file = try SafetensorsFile(path: checkpoint + "/trained.safetensors")
            #expect(Set(file.entries.map(\.name)) == Set(whole.run.model.trained.map(\.name)))
            let second = try Self.retrofit(base, folder + "/parts", rank: rank, resumes: true)
            #expect(second.run.stepsDone == 4)
            try second.run.run()
            #expect(Self.bits(whole) == Self.bits(second))
        }
    }

    /// A checkpoint that holds the whole model, as earlier versions wrote it, goes on to the same bits; with another model it
    /// is refused.
    @Test(arguments: [0, 2]) func wholeModelsAreReadToo(rank: Int) throws {
        try Self.withBase { folder, base in
            let whole = try Self.retrofit(base, folder + "/whole", rank: rank)
            try whole.run.run()
            let first = try Self.retrofit(base, folder + "/parts", rank: rank)
            try Self.stop(first, at: 4)
            let checkpoint = try Self.newest(folder + "/parts")
            let model = first.run.model
            try FileManager.default.removeItem(atPath: checkpoint + "/trained.safetensors")
            let parts = model.lowRank
            model.lowRank = nil
            try model.write(to: checkpoint, tokenizer: nil, weights: .f32)
            if let parts {
                try SafetensorsWriter.write(
                    parts.all.map { TensorToWrite($0) }, to: checkpoint + "/low_rank.safetensors")
            }
            let (state, _, _) = try RunState.read(checkpoint + "/training.json")
            var digests: [String: String] = [:]
            for name in try FileManager.default.contentsOfDirectory(atPath: checkpoint)
            where name != "training.json" {
                digests[name] = try FileDigest.sha256(checkpoint + "/" + name)
            }
            try Data(state.json(base: nil, digests: digests).serialized()).write(
                to: URL(filePath: checkpoint + "/training.json"))
            let second = try Self.retrofit(base, folder + "/parts", rank: rank, resumes: true)
            #expect(second.run.stepsDone == 4)
            try second.run.run()
            #expect(Self.bits(whole) == Self.bits(second))

            try FileManager.default.removeItem(
                atPath: try Self.newest(folder + "/parts"))
            try Self.replace(base)
            let error = #expect(throws: TrainingError.self) {
                _ = try Self.retrofit(base, folder + "/parts", rank: rank, resumes: true)
            }
            #expect(
                error.map { "\($0)" }?.contains("model's") == true, "\(error.map { "\($0)" } ?? "")"
            )
        }
    }

    /// Other weights under the name of the base.
    private static func replace(_ base: String) throws {
        let file = URL(filePath: base + "/model.safetensors")
        var bytes = try Data(contentsOf: file)
        bytes[bytes.count - 2] ^= 0x10
        try bytes.write(to: file, options: .atomic)
    }

    /// Weights that are replaced while a run goes on, or before it goes on, are not those that it trained beside.
    @Test func theBaseIsKnownAsItWasRead() throws {
        try Self.withBase { folder, base in
            let digest = try Checkpoint(directory: base).tensors.weightsDigest()
            let retrofit = try Self.retrofit(base, folder + "/run", rank: 0)
            try Self.stop(retrofit, at: 4)
            try Self.replace(base)
            let other = try Checkpoint(directory: base).tensors.weightsDigest()
            #expect(other != digest)
            let error = #expect(throws: TrainingError.self) {
                _ = try Self.retrofit(base, folder + "/run", rank: 0, resumes: true)
            }
            let sentence = error.map { "\($0)" } ?? ""
            #expect(sentence.contains(digest) && sentence.contains(other), "\(sentence)")
            try retrofit.run.run()
            try retrofit.writeAdapter(try retrofit.report(batches: 1))
            #expect(try AdapterCard(directory: folder + "/run").baseDigest == digest)
        }
    }

    /// The base may be divided into files in another way; a card that knows files says that it does.
    @Test func aDigestIsOfTensors() throws {
        try Self.withBase { folder, base in
            let retrofit = try Self.retrofit(base, folder + "/run", rank: 0)
            try retrofit.run.run()
            try retrofit.writeAdapter(try retrofit.report(batches: 1))
            let whole = try Checkpoint(directory: base)
            let divided = folder + "/divided"
            try FileManager.default.copyItem(atPath: base, toPath: divided)
            try FileManager.default.removeItem(atPath: divided + "/model.safetensors")
            var map = JSONObject()
            for (index, entry) in whole.tensors.entries.reversed().enumerated() {
                let name = "model-\(index % 2).safetensors"
                map = map.setting(entry.name, to: .string(name))
            }
            for name in ["model-0.safetensors", "model-1.safetensors"] {
                try SafetensorsWriter.write(
                    try whole.tensors.entries.filter { map[$0.name]?.stringValue == name }.map {
                        TensorToWrite(name: $0.name, shape: $0.shape, floats: try $0.floats())
                    }, to: divided + "/" + name)
            }
            let index: JSONValue = ["weight_map": .object(map)]
            try Data(index.serialized()).write(
                to: URL(filePath: divided + "/model.safetensors.index.json"))
            let other = try Checkpoint(directory: divided)
            #expect(other.tensors.files.count == 2)
            #expect(try other.tensors.weightsDigest() == whole.tensors.weightsDigest())
            _ = try AdapterFile(directory: folder + "/run", of: other.tensors)

            // Of an earlier version: the digest of the file, and the method once more.
            let card = folder + "/run/" + AdapterCard.name
            let text = try String(contentsOfFile: card, encoding: .utf8)
            let digest = try whole.tensors.weightsDigest()
            let file = "sha256:" + (try FileDigest.sha256(base + "/model.safetensors"))
            try text.replacing(digest, with: file).replacing(
                "\"version\": 2", with: "\"version\": 1, \"method\": \"dms\""
            ).write(toFile: card, atomically: true, encoding: .utf8)
            _ = try AdapterFile(directory: folder + "/run", of: whole.tensors)
            let error = #expect(throws: FormatError.self) {
                _ = try AdapterFile(directory: folder + "/run", of: other.tensors)
            }
            #expect(error.map { "\($0)" }?.contains("divided into other files") == true)
        }
    }
}
