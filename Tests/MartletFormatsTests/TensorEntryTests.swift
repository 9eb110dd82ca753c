/// Values of stored tensors, against the definition of each type.

import MartletFormats
import MartletKernels
import Testing

@Suite struct TensorEntryTests {
    private func entry(
        _ dtype: DType, _ shape: [Int], _ bytes: [UInt8], _ folder: TemporaryFolder
    ) throws -> TensorEntry {
        let path = folder.file("t.safetensors")
        let source = TensorToWrite(name: "t", dtype: dtype, shape: shape, bytes: bytes)
        try SafetensorsWriter.write([source], to: path)
        return try #require(try SafetensorsFile(path: path)["t"])
    }

    private func bytes<T>(_ values: [T]) -> [UInt8] {
        values.withUnsafeBytes { Array($0) }
    }

    /// The value of half-precision bits by the definition of IEEE 754.
    private func half(_ bits: UInt16) -> Double {
        let sign: Double = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10) & 0x1F
        let fraction = Double(bits & 0x3FF) / 1024
        func power(_ exponent: Int) -> Double {
            Double(sign: .plus, exponent: exponent, significand: 1)
        }
        switch exponent {
        case 0: return sign * fraction * power(-14)
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (1 + fraction) * power(exponent - 15)
        }
    }

    @Test func everyHalfPrecisionValue() throws {
        let folder = try TemporaryFolder()
        let all = (0...UInt16.max).map { $0 }
        let values = try entry(.f16, [256, 256], bytes(all), folder).floats()
        var wrong = 0
        for (bits, value) in zip(all, values) {
            let expected = half(bits)
            let same =
                expected.isNaN
                ? value.isNaN : Double(value) == expected && value.sign == expected.sign
            if !same { wrong += 1 }
        }
        #expect(wrong == 0)
    }

    @Test func everyBrainFloatValue() throws {
        let folder = try TemporaryFolder()
        let all = (0...UInt16.max).map { $0 }
        let values = try entry(.bf16, [65536], bytes(all), folder).floats()
        #expect(zip(all, values).allSatisfy { UInt32($0) << 16 == $1.bitPattern })
    }

    @Test func singlePrecisionKeepsBits() throws {
        let folder = try TemporaryFolder()
        let patterns: [UInt32] = [
            0, 0x8000_0000, 1, 0x7F80_0000, 0xFF80_0000, 0x7FC0_1234, 0x3F80_0000,
        ]
        let values = try entry(.f32, [7], bytes(patterns), folder).floats()
        #expect(values.map(\.bitPattern) == patterns)
    }

    @Test func rowsAndRanges() throws {
        let folder = try TemporaryFolder()
        let stored = try entry(.f32, [2, 3, 4], bytes((0..<24).map { Float($0) }), folder)
        #expect(try stored.floats(row: 5) == [20, 21, 22, 23])
        var part = [Float](repeating: 0, count: 3)
        try part.withUnsafeMutableBufferPointer { try stored.copyFloats(of: 7..<10, into: $0) }
        #expect(part == [7, 8, 9])
    }

    @Test func refusesWhatIsNotWanted() throws {
        let folder = try TemporaryFolder()
        let integers = try entry(.i32, [2], bytes([1, 2] as [Int32]), folder)
        #expect(
            folder.message { _ = try integers.floats() }
                == "t.safetensors: element type of tensor \"t\" is I32, expected F32, F16, BF16: "
                + "convert the checkpoint to one of these")
        let empty = try entry(.f32, [0, 4], [], folder)
        #expect(try empty.floats().isEmpty)
        #expect(
            folder.message { try empty.check(shape: [0, 4]) }
                == "t.safetensors: tensor \"t\" has no elements, got shape [0, 4], expected at least "
                + "one element: check that the weights are complete")
        let matrix = try entry(.f32, [1, 2], bytes([1, 2] as [Float]), folder)
        #expect(
            folder.message { try matrix.check(shape: [2, 1]) }
                == "t.safetensors: shape of tensor \"t\" is [1, 2], expected [2, 1]: check that the "
                + "weights belong to this config.json")
    }
}
