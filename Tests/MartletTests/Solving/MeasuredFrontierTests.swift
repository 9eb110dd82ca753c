/// Accuracies of a sweep between its points and beyond them.

import Foundation
import MartletKernels
import Testing

@testable import Martlet

@Suite struct MeasuredFrontierTests {
    private let frontier = MeasuredFrontier(
        [(1, 128, 0.4), (1, 512, 0.6), (4, 128, 0.5), (4, 256, 0.7), (4, 512, 0.6)].map {
            .init(width: $0, length: $1, accuracy: $2, tokens: $1 == 512 ? 200 : 100)
        })

    @Test func meetsItsPointsAndStaysBeyondThem() throws {
        let frontier = try #require(frontier)
        func expect(_ width: Int, _ length: Int, _ accuracy: Double) {
            #expect(abs(frontier.accuracy(width: width, length: length) - accuracy) < 1e-12)
        }
        expect(1, 128, 0.4)
        expect(1, 512, 0.6)
        expect(1, 9999, 0.6)
        // Logarithmic: 256 lies half-way between 128 and 512, two chains between one and four.
        expect(1, 256, 0.5)
        expect(2, 128, 0.45)
        expect(64, 128, 0.5)
        // Towards nothing.
        expect(1, 64, 0.2)
        expect(1, 0, 0)
        // 0.7 and then 0.6 are both 0.65: a longer limit loses nothing.
        expect(4, 256, 0.65)
        expect(4, 512, 0.65)
    }

    @Test func knowsWhatChainsWrite() throws {
        let frontier = try #require(frontier)
        #expect(frontier.expectedTokens(length: 128) == 100)
        #expect(frontier.expectedTokens(length: 512) == 200)
        #expect(frontier.expectedTokens(length: 4096) == 200)
        #expect((101...200).contains(frontier.expectedTokens(length: 300)))
        let silent = MeasuredFrontier([.init(width: 1, length: 64, accuracy: 0.5)])
        #expect(silent?.expectedTokens(length: 40) == 40)
    }

    /// Monotone in length, and never outside of what was measured, whatever the sweep says.
    @Test func neverFallsWithLength() throws {
        var random = CounterRandom(seed: 7)
        for _ in 0..<200 {
            let points = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                MeasuredFrontier.Point(
                    width: Int.random(in: 1...9, using: &random),
                    length: Int.random(in: 1...600, using: &random),
                    accuracy: Double.random(in: 0...1, using: &random))
            }
            let distinct = Dictionary(points.map { ([$0.width, $0.length], $0) }) { a, _ in a }
            let frontier = try #require(MeasuredFrontier(Array(distinct.values)))
            let most = points.map(\.accuracy).max() ?? 0
            for width in 1...10 {
                let row = stride(from: 0, through: 700, by: 7).map {
                    frontier.accuracy(width: width, length: $0)
                }
                #expect(zip(row, row.dropFirst()).allSatisfy { $0 <= $1 + 1e-12 })
                #expect(row.allSatisfy { $0 >= 0 && $0 <= most + 1e-12 })
            }
        }
    }

    private func sweep(_ text: String) throws -> MeasuredSweep? {
        let folder = NSTemporaryDirectory() + "/martlet-frontier-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data(text.utf8).write(to: URL(filePath: folder + "/frontier.json"))
        return MeasuredSweep(folder: folder)
    }

    @Test func readsWhatTheCommandWrites() throws {
        func read(_ text: String) throws -> MeasuredFrontier? {
            try sweep(text)?.frontiers(of: [("build/small", "dms", .floats)], promptTokens: 9)[0]
        }
        let points = """
            {"points":[{"method":"dms","model":"/else/small","policy":"dms","length":64,"width":2,"accuracy":0.5},
            {"method":"dense","model":"small","length":64,"width":2,"accuracy":0.9},
            {"method":"dms","model":"other","length":64,"width":2,"accuracy":0.9},
            {"method":"dms","model":"small","length":-1,"width":2,"accuracy":0.9}, 3]}
            """
        #expect(try read(points)?.accuracy(width: 2, length: 64) == 0.5)
        #expect(try read("{\"points\":[]}") == nil)
        #expect(try read("{\"points\":7") == nil)
        #expect(MeasuredSweep(folder: NSTemporaryDirectory() + "/none") == nil)
    }

    /// Short prompts and long ones are different tasks, and forms are compared on the same one.
    @Test func goesByTheSweepOfTheNearestPrompts() throws {
        func point(_ model: String, _ prompt: String, _ accuracy: Double) -> String {
            """
            {"method":"dense","model":"\(model)","length":64,"width":1,"accuracy":\(accuracy),"promptTokens":\(prompt)}
            """
        }
        let points = [
            point("a", "50", 0.5), point("b", "50", 0.6), point("a", "1000", 0.7),
            point("b", "1000", 0.8), point("a", "3000", 0.9), point("c", "null", 0.4),
            point("c", "3000", 0.3), point("d", "-7", 0.2),
        ]
        let sweep = try #require(try sweep("{\"points\":[\(points.joined(separator: ","))]}"))
        func accuracies(_ models: String..., prompt: Int) -> [Double?] {
            sweep.frontiers(of: models.map { ($0, "dense", .floats) }, promptTokens: prompt)
                .map { $0?.accuracy(width: 1, length: 64) }
        }
        #expect(accuracies("a", "b", prompt: 1) == [0.5, 0.6])
        // Logarithmic: 223 is nearer to 50, 224 to 1,000.
        #expect(accuracies("a", "b", prompt: 223) == [0.5, 0.6])
        #expect(accuracies("a", "b", prompt: 224) == [0.7, 0.8])
        #expect(accuracies("a", prompt: 9999) == [0.9])
        // The second form was not measured on the longest.
        #expect(accuracies("a", "b", prompt: 9999) == [0.7, 0.8])
        #expect(accuracies("a", "c", prompt: 50) == [0.9, 0.3])
        // Nothing in common, or nothing at all.
        #expect(accuracies("b", "c", prompt: 50) == [nil, nil])
        #expect(accuracies("a", "none", prompt: 50) == [nil, nil])
        // A length that was not recorded is as good as any, when there is no other.
        #expect(accuracies("d", prompt: 50) == [0.2])
        #expect(accuracies("c", prompt: 50) == [0.3])
    }

    /// Floats of any width are one accuracy, a codec of integers has its own, and one that was not measured with prompts of
    /// the nearest length has none and moves nothing.
    @Test func goesByTheCodec() throws {
        func point(_ codec: String?, _ prompt: Int, _ accuracy: Double) -> String {
            let said = codec.map { "\"codec\":\"\($0)\"," } ?? ""
            return
                "{\"method\":\"dense\",\"model\":\"a\",\(said)\"length\":64,\"width\":1,\"accuracy\":\(accuracy),\"promptTokens\":\(prompt)}"
        }
        let points = [
            point("f16", 50, 0.5), point("q4", 50, 0.4), point("q8", 50, 0.45),
            point(nil, 1000, 0.7), point("q8", 1000, 0.6), point("odd", 1000, 0.1),
        ]
        let sweep = try #require(try sweep("{\"points\":[\(points.joined(separator: ","))]}"))
        func accuracies(_ prompt: Int) -> [Double?] {
            sweep.frontiers(
                of: ["f32", "q8", "q4"].map { ("a", "dense", .init($0)) },
                optional: [false, true, true], promptTokens: prompt
            ).map { $0?.accuracy(width: 1, length: 64) }
        }
        #expect(accuracies(50) == [0.5, 0.45, 0.4])
        #expect(accuracies(1000) == [0.7, 0.6, nil])
    }

    /// A sweep's file with numbers at the ends of their types gives plans, or is done without.
    @Test func absurdSweepsDoNotTrap() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "martlet-sweep-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let edges = [
            "9223372036854775807", "-9223372036854775808", "1e308", "-1e308", "4.9e-324", "0",
            "-0.0",
            "null", "\"x\"", "1", "2147483648", "[]",
        ]
        var state: UInt64 = 5
        func edge() -> String {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return edges[Int(state >> 33) % edges.count]
        }
        for _ in 0..<2000 {
            let points = (0..<3).map { point in
                var values = ["1", "\(8 << point)", "0.5", "7.5", "20"]
                values[Int(state >> 40) % 5] = edge()
                values[Int(state >> 45) % 5] = edge()
                return """
                    {"method": "dense", "model": "m", "width": \(values[0]), "length": \(values[1]),
                    "accuracy": \(values[2]), "tokens": \(values[3]), "promptTokens": \(values[4])}
                    """
            }
            try "{\"points\": [\(points.joined(separator: ","))]}".write(
                toFile: folder + "/" + MeasuredSweep.fileName, atomically: false, encoding: .utf8)
            let sweep = try #require(MeasuredSweep(folder: folder))
            for frontier in sweep.frontiers(
                of: [(model: "m", method: "dense", storage: .floats)], promptTokens: 9)
            {
                for length in [1, 100, Int.max] {
                    let expected = frontier?.expectedTokens(length: length) ?? 0
                    #expect((0...length).contains(expected))
                    _ = frontier?.accuracy(width: Int.max, length: length)
                }
            }
        }
    }
}
