// Blocks of GGUF files: read as the Python package `gguf` reads them, and packed without loss.

import CMartletKernels
import Foundation
import Testing

@testable import MartletKernels

@Suite struct StoredBlocksTests {
    /// Every weight of a panel is bit for bit the stored one, whatever the row and the block.
    @Test(arguments: StoredBlocks.allCases)
    func panelsHoldTheStoredWeights(blocks: StoredBlocks) throws {
        var random = CounterRandom(seed: 31, stream: UInt64(blocks.rawValue))
        for (channels, count) in [(1, 1), (16, 1), (17, 2), (33, 3)] {
            let columns = 256 * count
            let width = columns / blocks.columns * blocks.byteCount
            let stored = EdgeBuffer(
                (0..<channels).flatMap { _ in
                    blocks.random(columns / blocks.columns, &random)
                })
            let matrix = try PackedMatrix(
                stored: blocks, channels: channels, columns: columns,
                pool: WorkerPool(threadCount: 2)
            ) { panel, _ in
                (panel * 16..<min(channels, panel * 16 + 16)).map {
                    UnsafePointer(stored.base) + $0 * width
                }
            }
            #expect(matrix.type == blocks.weightType)
            for channel in 0..<channels {
                let expected = GuardedFloats(count: columns)
                blocks.read(
                    0..<columns,
                    of: UnsafeRawBufferPointer(
                        start: UnsafePointer(stored.base) + channel * width, count: width),
                    into: UnsafeMutableBufferPointer(start: expected.base, count: columns))
                let got = PackedMatrixTests.row(matrix, channel)
                // A zero of the other sign is the same weight.
                #expect(zip(got, expected.array).allSatisfy { $0 == $1 }, "\(blocks) \(channel)")
                let panel = UnsafeRawBufferPointer(
                    start: matrix.panels + channel / 16 * matrix.panelBytes,
                    count: matrix.panelBytes)
                let layout = (0..<columns).map {
                    matrix.type.layout.weight(panel: panel, lane: channel % 16, column: $0)
                }
                #expect(zip(got, layout).allSatisfy { $0 == $1 }, "\(blocks) \(channel)")
                #expect(expected.isIntact)
            }
        }
    }

    /// Parts of a row are the row's.
    @Test(arguments: StoredBlocks.allCases)
    func partsReadAsTheWhole(blocks: StoredBlocks) {
        var random = CounterRandom(seed: 32, stream: UInt64(blocks.rawValue))
        let count = 512
        let stored = EdgeBuffer(blocks.random(count / blocks.columns, &random))
        let bytes = UnsafeRawBufferPointer(start: stored.base, count: stored.count)
        func read(_ range: Range<Int>) -> [Float] {
            let out = GuardedFloats(count: range.count)
            blocks.read(
                range, of: bytes,
                into: UnsafeMutableBufferPointer(start: out.base, count: range.count))
            #expect(out.isIntact)
            return out.array
        }
        let all = read(0..<count)
        for range in [0..<1, 15..<17, 31..<33, 255..<257, 100..<400, 511..<512, 7..<7] {
            #expect(sameBits(read(range), Array(all[range])), "\(blocks) \(range)")
        }
    }

    private struct Golden: Decodable {
        let type: UInt32
        let name: String
        let columns: Int
        let blocks: String
        let weights: [Float]
    }

    private struct Goldens: Decodable {
        let read: [Golden]
        let stored: [Stored]
        struct Stored: Decodable {
            let type: UInt32
            let blocks: String
            let weights: [Float]
        }

        static func load() throws -> Goldens {
            let url = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "Goldens/stored_blocks.json")
            return try JSONDecoder().decode(Goldens.self, from: Data(contentsOf: url))
        }
    }

    static func store(_ blocks: StoredBlocks, _ weights: [Float]) -> [UInt8] {
        let count = (weights.count + blocks.columns - 1) / blocks.columns * blocks.byteCount
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialised in
            weights.withUnsafeBufferPointer { blocks.store($0, into: buffer) }
            initialised = count
        }
    }

    /// Blocks of 32 are those of ggml's reference, byte for byte.
    @Test func storingGivesTheBytesOfTheReference() throws {
        let goldens = try Goldens.load().stored
        #expect(goldens.count == 5)
        for golden in goldens {
            let blocks = try #require(StoredBlocks(rawValue: golden.type))
            let expected = try #require(Data(base64Encoded: golden.blocks))
            #expect(Self.store(blocks, golden.weights) == [UInt8](expected), "\(blocks)")
        }
    }

    /// What is stored comes back as near as its bits allow: the root of the mean square of the error beside that of
    /// weights of a normal distribution. ggml's own search is at 0.0725, 0.036 and 0.0175 for Q4_K, Q5_K and Q6_K.
    @Test(arguments: StoredBlocks.writable)
    func storingLosesLittle(blocks: StoredBlocks) {
        var random = CounterRandom(seed: 33)
        let weights = (0..<2048).map { _ in
            (0..<12).reduce(Float(0)) { sum, _ in sum + random.signedUnit() } * 0.01
        }
        let bytes = Self.store(blocks, weights)
        var back = [Float](repeating: 0, count: weights.count)
        bytes.withUnsafeBytes { stored in
            back.withUnsafeMutableBufferPointer { blocks.read(0..<2048, of: stored, into: $0) }
        }
        let error = zip(weights, back).reduce(0) { $0 + pow($1.0 - $1.1, 2) }
        let loss = (error / weights.reduce(0) { $0 + $1 * $1 }).squareRoot()
        let bound: Float =
            switch blocks {
            case .q8_0: 0.007
            case .q6K: 0.019
            case .q5_0, .q5_1, .q5K: 0.055
            default: 0.11
            }
        #expect(loss < bound, "\(blocks) \(loss)")
        // Zeros, and a row that ends inside a block.
        #expect(Self.store(blocks, [Float](repeating: 0, count: 40)).count > 0)
    }

    /// Random blocks as `gguf` 0.19.0 dequantises them (`Goldens/stored_blocks.py`).
    @Test func weightsAreThoseOfTheReference() throws {
        let goldens = try Goldens.load().read
        #expect(Set(goldens.map(\.type)) == Set(StoredBlocks.allCases.map(\.rawValue)))
        for golden in goldens {
            let blocks = try #require(StoredBlocks(rawValue: golden.type))
            let bytes = try #require(Data(base64Encoded: golden.blocks))
            #expect(blocks.description == golden.name && blocks.columns == golden.columns)
            #expect(bytes.count % blocks.byteCount == 0)
            #expect(bytes.count / blocks.byteCount * blocks.columns == golden.weights.count)
            var got = [Float](repeating: .nan, count: golden.weights.count)
            bytes.withUnsafeBytes { stored in
                got.withUnsafeMutableBufferPointer {
                    blocks.read(0..<golden.weights.count, of: stored, into: $0)
                }
            }
            #expect(zip(got, golden.weights).allSatisfy { $0 == $1 }, "\(blocks)")
        }
    }
}
