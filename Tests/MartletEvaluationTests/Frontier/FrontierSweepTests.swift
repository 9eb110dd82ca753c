/// Sweeps: every configuration once, interrupted ones go on, files are refused when they are of another sweep.

import Foundation
import Martlet
import MartletFormats
import Testing

@testable import MartletEvaluation

@Suite struct FrontierSweepTests {
    private static func plan() throws -> FrontierPlan {
        var plan = FrontierPlan()
        plan.task = "copy(length=8..12)"
        plan.model = "random:tiny"
        plan.compressed = [.init(method: "dms", ratio: 4, models: ["random:tiny"])]
        plan.methods = try ["dense", "tova", "knorm(budget={budget})"].map(FrontierMethod.init)
        plan.ratios = [4]
        plan.lengths = [6]
        plan.widths = [1, 2]
        plan.samples = 3
        return plan
    }

    private static func options() -> ModelOptions {
        var options = ModelOptions()
        options.threads = 1
        return options
    }

    private static func withFile(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "frontier-\(UInt64.random(in: 0...UInt64.max))").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder + "/records.jsonl")
    }

    private static let header = header(seed: 0)

    private static func header(seed: Int) -> RunHeader {
        RunHeader(
            run: "frontier", models: [], settings: [("task", "copy"), ("seed", .integer(seed))],
            command: "martlet frontier --out 'a b'")
    }

    @Test func measuresEveryConfigurationOnce() async throws {
        try await Self.withFile { path in
            let sweep = try FrontierSweep(Self.plan())
            #expect(
                sweep.configurations.map(\.label) == [
                    "6-1-1", "6-2-1", "6-1-4", "6-2-4", "6-1-4", "6-2-4",
                ])
            var started = 0
            let results = try await sweep.run(
                Self.options(), records: FrontierRecords(path: path, header: Self.header)
            ) { _ in started += 1 }
            let points = results.points
            // Numbers of chains are measured together.
            #expect(started == 3 && points.count == 6)
            for point in points {
                #expect(point.scores.count == 3)
                for cost in FrontierCost.allCases { #expect((point.costs[cost] ?? 0) > 0) }
            }
            // Everything is known, so nothing is measured again, and the figures are the same.
            let again = try await sweep.run(
                Self.options(), records: FrontierRecords(path: path, header: Self.header)
            ) { _ in started += 1 }
            #expect(started == 3 && again == results && again.text == results.text)
        }
    }

    /// The votes of a few chains are those of a sweep that asks for no more: the same answers at the same cost.
    @Test func fewerChainsAreTheFirstOfMany() async throws {
        func points(_ widths: [Int]) async throws -> [FrontierPoint] {
            var found: [FrontierPoint] = []
            try await Self.withFile { path in
                var plan = try Self.plan()
                plan.widths = widths
                found = try await FrontierSweep(plan).run(
                    Self.options(), records: FrontierRecords(path: path, header: Self.header)
                ).points
            }
            return found
        }
        let together = try await points([1, 2, 4])
        for width in [1, 2] {
            let alone = try await points([width])
            let same = together.filter { $0.configuration.width == width }
            #expect(same.count == 3 && same.map(\.configuration) == alone.map(\.configuration))
            #expect(same.map(\.scores) == alone.map(\.scores))
            for cost in [FrontierCost.kvReads, .peakTokens, .bytes, .flops, .isoCost] {
                #expect(same.map { $0.costs[cost] } == alone.map { $0.costs[cost] }, "\(cost)")
            }
        }
    }

    /// Cut anywhere, as a killed process leaves it, the file leads to the same scores and costs but for time.
    @Test func goesOnFromAnyPlace() async throws {
        try await Self.withFile { path in
            let sweep = try FrontierSweep(Self.plan())
            let whole = try await sweep.run(
                Self.options(), records: FrontierRecords(path: path, header: Self.header)
            ).points
            let bytes = try #require(FileManager.default.contents(atPath: path))
            for share in [0.02, 0.3, 0.55, 0.9, 0.999] {
                try bytes.prefix(Int(Double(bytes.count) * share)).write(
                    to: URL(filePath: path))
                let points = try await sweep.run(
                    Self.options(), records: FrontierRecords(path: path, header: Self.header)
                ).points
                #expect(points.map(\.scores) == whole.map(\.scores))
                for cost in [FrontierCost.kvReads, .bytesMoved, .peakTokens, .bytes] {
                    #expect(points.map { $0.costs[cost] } == whole.map { $0.costs[cost] })
                }
            }
        }
    }

    @Test func anotherSweepsFileIsRefused() async throws {
        try await Self.withFile { path in
            _ = try FrontierRecords(path: path, header: Self.header)
            let before = FileManager.default.contents(atPath: path)
            #expect {
                _ = try FrontierRecords(path: path, header: Self.header(seed: 1))
            } throws: { error in
                let error = error as? MartletError
                return error?.code == .alreadyExists && error?.message.contains("seed") == true
            }
            #expect(FileManager.default.contents(atPath: path) == before)
            try Data("{\"sweep\":1}\nno json\n{}\n".utf8).write(to: URL(filePath: path))
            #expect {
                _ = try FrontierRecords(path: path, header: Self.header)
            } throws: { error in
                (error as? MartletError)?.message.contains("line 2") == true
            }
        }
    }

    /// Records of a version that did not count what is moved lead to a report without that axis, which says so; where
    /// some lack it, none has it.
    @Test func olderRecordsLackAnAxis() async throws {
        try await Self.withFile { path in
            let sweep = try FrontierSweep(Self.plan())
            let whole = try await sweep.run(
                Self.options(), records: FrontierRecords(path: path, header: Self.header)
            ).points
            #expect(FrontierReport(whole).missingNote == nil)
            let file = try String(contentsOfFile: path, encoding: .utf8)
            let lines = file.split(separator: "\n").map(String.init)
            func read(_ isOld: (Int) -> Bool) async throws -> [FrontierPoint] {
                let text = lines.enumerated().map { index, line in
                    isOld(index) ? line.replacing(/"bytesMoved":\d+,/, with: "") : line
                }
                try Data((text.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: path))
                return try await sweep.run(
                    Self.options(), records: FrontierRecords(path: path, header: Self.header)
                ) { _ in Issue.record("measured again") }.points
            }
            for (isOld, lacking) in [({ _ in true }, 6), ({ $0 == 2 }, 1)] as [((Int) -> Bool, Int)]
            {
                let points = try await read(isOld)
                #expect(points.map(\.scores) == whole.map(\.scores))
                #expect(points.count { $0.costs[.bytesMoved] == nil } == lacking)
                #expect(
                    points.map { $0.costs[.kvReads] } == whole.map { $0.costs[.kvReads] })
                let report = FrontierReport(points)
                #expect(report.costs == FrontierCost.allCases.filter { $0 != .bytesMoved })
                let note = try #require(report.missingNote)
                #expect(note.contains("bytes moved (\(lacking) of 6 configurations)"))
                #expect(report.comparisons.allSatisfy { $0.cost != .bytesMoved })
                #expect(!report.csv.contains("bytesMoved"))
                let page = FrontierPage(report: report, task: "copy", facts: []).html
                // Six costs, and the measured compression.
                #expect(page.components(separatedBy: "<svg").count == 1 + 6 + 1)
                #expect(page.contains("Left out: \(note)"))
            }
        }
    }

    @Test func gridsThatCannotBeAreRefused() throws {
        func code(_ change: (inout FrontierPlan) throws -> Void) throws -> MartletError.Code? {
            var plan = try Self.plan()
            do {
                try change(&plan)
                _ = try FrontierSweep(plan)
                return nil
            } catch let error as MartletError { return error.code }
        }
        #expect(try code { _ in } == nil)
        #expect(try code { $0.task = "nothing" } == .invalidParameter)
        #expect(try code { $0.widths = [0] } == .invalidParameter)
        #expect(try code { $0.lengths = [] } == .invalidParameter)
        #expect(try code { $0.ratios = [0.5] } == .invalidParameter)
        #expect(try code { $0.codecs = [] } == .invalidParameter)
        #expect(try code { $0.codecs = ["q3"] } != nil)
        #expect(try code { $0.seeds = [] } == .invalidParameter)
        #expect(try code { $0.seeds = [1, 1] } == .invalidParameter)
        #expect(try code { $0.codecs = ["f16", "q8", "q4"] } == nil)
        #expect(try code { $0.methods = [] } == .invalidParameter)
        #expect(
            try code { plan in
                plan.methods = [try FrontierMethod("dms")]
                plan.compressed = []
            } == .invalidParameter)
        #expect(try code { _ in _ = try FrontierMethod("nothing") } == .invalidParameter)
    }

    @Test func thePageHoldsWhatWasMeasured() async throws {
        try await Self.withFile { path in
            let sweep = try FrontierSweep(Self.plan())
            let records = try FrontierRecords(path: path, header: Self.header)
            let points = try await sweep.run(Self.options(), records: records).points
            let report = FrontierReport(points)
            let page = FrontierPage(
                report: report, task: "a < b", facts: [("command", "x & y")],
                transcripts: FrontierTranscripts.read(report, from: [path])
            ).html
            #expect(page.contains("a &lt; b") && page.contains("x &amp; y"))
            #expect(page.contains("Side by side"))
            #expect(page.components(separatedBy: "<svg").count == 1 + 8)
            // At the measured compression the wider of two methods stands beside the dense cache.
            #expect(page.components(separatedBy: "<circle").count == 1 + 7 * points.count + 4)
            // Nothing is fetched.
            let links = page.replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "")
            #expect(!links.contains("http") && !page.contains("src="))
            #expect(report.csv.split(separator: "\n").count == 1 + points.count)
            #expect(report.comparisons.allSatisfy { $0.over == "dense" })
            #expect(report.safeRatios.count == 2)
        }
    }

    /// Models of other sizes stand beside the first, each method with its own name, and FLOPs compare them.
    @Test func otherSizesAreMeasuredAlike() async throws {
        try await Self.withFile { path in
            var plan = try Self.plan()
            plan.others = ["random:tiny"]
            plan.methods = try [FrontierMethod("dense")]
            let points = try await FrontierSweep(plan).run(
                Self.options(), records: FrontierRecords(path: path, header: Self.header)
            ).points
            #expect(
                points.map(\.configuration.method)
                    == ["dense", "dense", "dense of random:tiny", "dense of random:tiny"])
            // The same model at the same problems.
            #expect(points[2].scores == points[0].scores)
            #expect(points[2].costs[.flops] == points[0].costs[.flops])
            #expect(try #require(points[1].costs[.flops]) > #require(points[0].costs[.flops]))
        }
    }

    /// By hand for a shape with every number different.
    @Test(arguments: ["random:tiny", "random:tiny-experts"])
    func flopsAreCountedFromTheShape(name: String) throws {
        let loaded = try LoadedModel(name, options: ModelOptions())
        let shape = loaded.model.shape
        let count = FlopCount(
            shape, activeParameterCount: loaded.model.activeParameterCount, prompts: [3, 10])
        let table = shape.tiesEmbeddings ? 0 : shape.vocabularySize * shape.hiddenSize
        // Three matrices of the experts that a token leaves alone.
        let idle = (shape.experts.map { ($0.count - $0.perToken) * $0.width } ?? 0) * 3
        let weights = Double(
            loaded.model.parameterCount - table - idle * shape.hiddenSize * shape.layerCount)
        let heads = Double(shape.layerCount * shape.headCount * shape.headDimension)
        // Ten prompt tokens attend to 55, five generated ones read 60.
        let flops = count.flops(problem: 1, tokens: 5, reads: 60)
        #expect(flops == 2 * weights * 15 + 4 * heads * 115)
    }
}
