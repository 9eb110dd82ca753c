/// A search stores keys and values in fewer bits where a sweep beside the model says that it may, and says so.

import Foundation
import Testing

@testable import Martlet

@Suite struct MeasuredCodecTests {
    /// The package's model under another name, so that it has no compressed forms, beside a sweep: eight chains are right
    /// on nine of ten problems, one on two, and in q4 as in floats, or on half as many.
    private static func solve(
        q4: Double = 1, memory: Int? = 800_000,
        _ change: (inout SolveOptions) -> Void = { _ in }
    ) async throws -> SolveConfiguration {
        try await withModel(q4: q4) { try await planned($0, memory: memory, change) }
    }

    private static func withModel<Result>(
        q4: Double = 1, _ body: (_ folder: String) async throws -> Result
    ) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "measured-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let own = try BuiltinModel.dense.directory()
        for file in try FileManager.default.contentsOfDirectory(atPath: own)
        where file != MeasuredSweep.fileName {
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/" + file, withDestinationPath: own + "/" + file)
        }
        let name = folder.split(separator: "/").last ?? ""
        let points = [("f16", 1.0), ("q4", q4)].flatMap { codec, share in
            Self.points(String(name), "dense", "dense + kv(\(codec))", codec, share)
        }
        try Self.write(points, to: folder)
        return try await body(folder)
    }

    /// One chain and eight under a policy.
    private static func points(
        _ model: String, _ method: String, _ policy: String, _ codec: String, _ share: Double,
        held: Double = 1
    ) -> [String] {
        [(1, 0.2), (8, 0.9)].map { width, accuracy in
            """
            {"method": "\(method)", "model": "\(model)", "policy": "\(policy)", "codec": "\(codec)", "width": \(width),
            "length": 64, "accuracy": \(accuracy * share), "tokens": \(60 * width), "promptTokens": 30,
            "measuredHeld": \(held), "measuredRead": \(held)}
            """
        }
    }

    private static func write(_ points: [String], to folder: String) throws {
        try "{\"points\": [\(points.joined(separator: ","))]}".write(
            toFile: folder + "/" + MeasuredSweep.fileName, atomically: true, encoding: .utf8)
    }

    private static func planned(
        _ folder: String, memory: Int?, prompt: String = "C97:a=8,b=a*9+4,b?",
        _ change: (inout SolveOptions) -> Void
    ) async throws -> SolveConfiguration {
        var options = ModelOptions()
        options.threads = 1
        let model = try await Model.load(folder, options: options, costs: CostStore(file: nil))
        var search = SolveOptions()
        search.seed = 1
        change(&search)
        var planned: SolveConfiguration?
        let stream = model.solve(
            prompt, budget: SolveBudget(memory: memory), options: search)
        for try await event in stream {
            guard case .planned(let configuration) = event else { continue }
            planned = configuration
            break
        }
        return try #require(planned)
    }

    @Test func fewerBitsBuyMoreChains() async throws {
        let chosen = try await Self.solve()
        #expect(chosen.policy.contains("kv(q4"))
        #expect(chosen.width >= 8)
        #expect(chosen.lossyMethods.contains { $0.hasPrefix("kv q4") })
    }

    /// Where they cost accuracy, where nothing binds, and where they were not allowed, nothing is stored so.
    @Test func floatsStayWhereNothingIsGained() async throws {
        let worse = try await Self.solve(q4: 0.5)
        #expect(!worse.policy.contains("kv(") && worse.lossyMethods.isEmpty)
        let free = try await Self.solve(memory: nil)
        #expect(!free.policy.contains("kv("))
        let exact = try await Self.solve { $0.usesCompressedForms = false }
        #expect(!exact.policy.contains("kv("))
        let kept = try await Self.solve { $0.usesMeasuredCodecs = false }
        #expect(!kept.policy.contains("kv("))
    }

    // MARK: A sweep that was named

    /// A method that holds a third of the tokens is chosen out of a sweep that was named, and out of no other.
    @Test func measuredMethodsAreChosenFromANamedSweep() async throws {
        let policy = "h2o(budget=32) + kv(f16)"
        try await Self.withModel(q4: 0.3) { folder in
            let model = String(folder.split(separator: "/").last ?? "")
            let sweep = folder + "-sweep"
            try FileManager.default.createDirectory(
                atPath: sweep, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: sweep) }
            try Self.write(
                Self.points(model, "dense", "dense + kv(f16)", "f16", 1)
                    + Self.points(model, "h2o", policy, "f16", 1, held: 3), to: sweep)
            func plan(_ change: (inout SolveOptions) -> Void) async throws -> SolveConfiguration {
                try await Self.planned(folder, memory: 800_000, change)
            }
            for path in [sweep, sweep + "/" + MeasuredSweep.fileName] {
                let chosen = try await plan { $0.sweep = path }
                #expect(chosen.policy.hasPrefix("h2o(budget=32"), "\(chosen.policy)")
                #expect(chosen.width >= 8 && chosen.length <= 64)
                #expect(chosen.compressionRatio == 3 && !chosen.lossyMethods.isEmpty)
            }
            let exact = try await plan {
                $0.sweep = sweep
                $0.usesCompressedForms = false
            }
            #expect(exact.lossyMethods.isEmpty)
            #expect(try await plan { _ in }.lossyMethods.isEmpty)
            // Neither longer chains than were measured, nor prompts that are much longer, nor other storage.
            #expect(
                try await plan {
                    $0.sweep = sweep
                    $0.length = 100
                }.compressionRatio == 1)
            let long = String(repeating: "a", count: 60)
            #expect(
                try await Self.planned(folder, memory: 800_000, prompt: long) { $0.sweep = sweep }
                    .compressionRatio == 1)
            // A sweep that did not measure what is loaded is no plan.
            try Self.write(Self.points(model, "h2o", policy, "f16", 1, held: 3), to: sweep)
            let error = await #expect(throws: MartletError.self) {
                _ = try await plan { $0.sweep = sweep }
            }
            #expect(error?.message.contains("did not measure dense") == true)
            // The same method where it is right half as often.
            try Self.write(
                Self.points(model, "dense", "dense + kv(f16)", "f16", 1)
                    + Self.points(model, "h2o", policy, "f16", 0.5, held: 3), to: sweep)
            #expect(try await plan { $0.sweep = sweep }.compressionRatio == 1)
        }
    }

    @Test func aNamedSweepIsReadOrRefused() async throws {
        try await Self.withModel { folder in
            func refusal(_ change: (inout SolveOptions) -> Void) async throws -> String {
                do {
                    _ = try await Self.planned(folder, memory: nil, change)
                    return "planned"
                } catch let error as MartletError { return "\(error.code): \(error.message)" }
            }
            let missing = try await refusal { $0.sweep = folder + "/none" }
            #expect(missing.hasPrefix("fileNotFound") && missing.contains("martlet frontier"))
            let wrong = try await refusal { $0.sweep = folder + "/config.json" }
            #expect(wrong.hasPrefix("malformedFile") && wrong.contains("points"))
            let other = folder + "-other"
            try FileManager.default.createDirectory(
                atPath: other, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: other) }
            try Self.write(Self.points("another", "dense", "dense", "f32", 1), to: other)
            let foreign = try await refusal { $0.sweep = other }
            #expect(foreign.contains("measured another, not"), "\(foreign)")
            let text = try await refusal { $0.instruction = "Think." }
            #expect(text.hasPrefix("invalidParameter: instruction"), "\(text)")
            let adapter = try await refusal {
                $0.sweep = folder
                $0.adapter = "style"
            }
            #expect(adapter.hasPrefix("invalidParameter: sweep"), "\(adapter)")
        }
    }
}
