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
            [(1, 0.2), (8, 0.9)].map { width, accuracy in
                """
                {"method": "dense", "model": "\(name)", "codec": "\(codec)", "width": \(width), "length": 64,
                "accuracy": \(accuracy * share), "tokens": \(60 * width), "promptTokens": 30}
                """
            }
        }
        try "{\"points\": [\(points.joined(separator: ","))]}".write(
            toFile: folder + "/" + MeasuredSweep.fileName, atomically: true, encoding: .utf8)
        var options = ModelOptions()
        options.threads = 1
        let model = try await Model.load(folder, options: options, costs: CostStore(file: nil))
        var search = SolveOptions()
        search.seed = 1
        change(&search)
        var planned: SolveConfiguration?
        let stream = model.solve(
            "C97:a=8,b=a*9+4,b?", budget: SolveBudget(memory: memory), options: search)
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
}
