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

    @Test func readsWhatTheCommandWrites() throws {
        let folder = NSTemporaryDirectory() + "/martlet-frontier-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func read(_ text: String) throws -> MeasuredFrontier? {
            try Data(text.utf8).write(to: URL(filePath: folder + "/frontier.json"))
            return MeasuredSweep(folder: folder)?.frontier(model: "build/small", method: "dms")
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
        #expect(MeasuredSweep(folder: folder + "/none") == nil)
    }
}
