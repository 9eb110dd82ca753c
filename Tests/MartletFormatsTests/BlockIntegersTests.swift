/// Matrices stored as integers with scales.

import Foundation
import MartletFormats
import MartletKernels
import Testing

@Suite struct BlockIntegersTests {
    private func values(_ count: Int) -> [Float] {
        var state: UInt32 = 7
        return (0..<count).map { index in
            state = state &* 1_664_525 &+ 1_013_904_223
            // Blocks of very different size, zeros among them.
            let size = pow(Float(10), Float(index / 37 % 9) - 5)
            return index / 100 % 5 == 4 ? 0 : size * (Float(state >> 8) / Float(1 << 23) - 1)
        }
    }

    private func checkpoint(
        _ shape: [Int], _ values: [Float], _ folder: TemporaryFolder,
        change: ([TensorToWrite]) -> [TensorToWrite] = { $0 }
    ) throws -> Checkpoint {
        let tensors = values.withUnsafeBufferPointer {
            BlockIntegers.tensors(name: "w", shape: shape, values: $0)
        }
        let directory = folder.file("model")
        try CheckpointWriter(directory: directory).write(
            configuration: JSONObject([]), tensors: change(tensors))
        return try Checkpoint(directory: directory)
    }

    @Test(arguments: [[1, 1], [3, 31], [4, 32], [5, 33], [7, 200]])
    func elementsAreOffByHalfAScaleAtMost(shape: [Int]) throws {
        let values = values(shape[0] * shape[1])
        let entry = try checkpoint(shape, values, try TemporaryFolder())
            .tensors.requireTensor("w", shape: shape)
        let read = try entry.floats()
        for row in 0..<shape[0] {
            for start in stride(from: 0, to: shape[1], by: 32) {
                let block = (start..<min(start + 32, shape[1])).map { row * shape[1] + $0 }
                let largest = block.reduce(Float(0)) { max($0, abs(values[$1])) }
                // A half has 11 bits, and below 2^-14 steps of 2^-24.
                let scale = largest / 127 * (1 + 0x1p-10) + 0x1p-24
                for index in block {
                    #expect(abs(read[index] - values[index]) <= scale * 0.5001)
                }
            }
        }
        // Any part reads as it does in the whole.
        let rows = try (0..<shape[0]).flatMap { try entry.floats(row: $0) }
        #expect(rows == read)
        for range in [0..<1, read.count / 3..<read.count, read.count..<read.count] {
            var part = [Float](repeating: 0, count: range.count)
            try part.withUnsafeMutableBufferPointer { try entry.copyFloats(of: range, into: $0) }
            #expect(part == Array(read[range]))
        }
    }

    /// What was stored once is stored again without loss.
    @Test func storingTwiceChangesNothing() throws {
        let shape = [6, 96]
        let once = try checkpoint(shape, values(576), try TemporaryFolder()).tensors.tensor("w")
            .floats()
        let twice = try checkpoint(shape, once, try TemporaryFolder()).tensors.tensor("w").floats()
        let worst = zip(once, twice).map { abs($0 - $1) }.max() ?? 0
        let largest = once.map { abs($0) }.max() ?? 0
        #expect(worst <= largest / 127 * 0x1p-9)
    }

    @Test func integersWithoutScalesAreRefused() throws {
        let checkpoint = try checkpoint([4, 64], values(256), try TemporaryFolder()) {
            $0.filter { $0.name == "w" }
        }
        #expect(throws: FormatError.self) { try checkpoint.tensors.requireTensor("w") }
        #expect(throws: FormatError.self) { try checkpoint.tensors.tensor("w").floats() }
    }

    @Test(arguments: [[4, 1], [4, 3], [8], [2, 4]])
    func scalesOfAnotherShapeAreRefused(shape: [Int]) throws {
        let bytes = [UInt8](repeating: 0, count: 2 * shape.reduce(1, *))
        let checkpoint = try checkpoint([4, 64], values(256), try TemporaryFolder()) {
            [$0[0], TensorToWrite(name: "w.scale", dtype: .f16, shape: shape, bytes: bytes)]
        }
        #expect(throws: FormatError.self) { try checkpoint.tensors.tensor("w") }
    }

    @Test func scalesOfAnotherTypeAreRefused() throws {
        let checkpoint = try checkpoint([4, 64], values(256), try TemporaryFolder()) {
            [
                $0[0],
                TensorToWrite(
                    name: "w.scale", shape: [4, 2], floats: [Float](repeating: 1, count: 8)),
            ]
        }
        #expect(throws: FormatError.self) { try checkpoint.tensors.tensor("w") }
    }
}
