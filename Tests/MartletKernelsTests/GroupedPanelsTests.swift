// Panels of codes with scales and zero points: every weight is its definition's.

import CMartletKernels
import Testing

@testable import MartletKernels

@Suite struct GroupedPanelsTests {
    private static let types: [WeightType] = [.int4, .int4x32, .wide, .fp8]

    @Test(arguments: types, [1, 31, 32, 100, 128, 160, 300])
    func panelsHoldTheirNumbers(type: WeightType, columns: Int) throws {
        let channels = 19
        let width = try #require(type.groupColumns)
        let groups = (columns + width - 1) / width
        var random = CounterRandom(seed: 51, stream: UInt64(columns))
        let limit = type == .int4 || type == .int4x32 ? 16 : 256
        let codes = (0..<channels * columns).map { _ in
            let code = UInt8(random.below(limit))
            // What is no number makes a whole group none.
            return type == .fp8 && code & 0x7F == 0x7F ? code - 1 : code
        }
        // Scales of eleven bits: products and sums are exact.
        let scales = (0..<channels * groups).map { _ in
            Reference.half(Reference.halfBits(random.signedUnit() * 0.01))
        }
        let zeros = (0..<channels * groups).map { _ in UInt8(random.below(min(255, limit) + 1)) }
        let matrix = try PackedMatrix(
            grouped: type, channels: channels, columns: columns, pool: WorkerPool(threadCount: 2)
        ) { panel, rows in
            let count = min(16, channels - panel * 16)
            for row in 0..<count {
                let channel = panel * 16 + row
                for k in 0..<columns { rows.from(row).codes[k] = codes[channel * columns + k] }
                for group in 0..<groups {
                    rows.from(row).scales[group] = scales[channel * groups + group]
                    rows.from(row).zeros[group] = zeros[channel * groups + group]
                }
            }
            return count
        }
        #expect(matrix.byteCount == matrix.panelCount * type.layout.panelBytes(columns: columns))
        for channel in 0..<channels {
            let got = PackedMatrixTests.row(matrix, channel)
            for k in 0..<columns {
                let group = channel * groups + k / width
                let code = codes[channel * columns + k]
                let expected =
                    type == .fp8
                    ? scales[group] * Reference.e4m3(code)
                    : scales[group] * Float(Int(code) - Int(zeros[group]))
                #expect(
                    got[k] == expected, "\(channel) \(k) \(got[k]) \(expected)")
            }
        }
    }

    /// A group with what is no number among its floats gives no numbers.
    @Test func noNumbersStayNone() throws {
        let matrix = try PackedMatrix(
            grouped: .fp8, channels: 2, columns: 130, pool: WorkerPool(threadCount: 1)
        ) { _, rows in
            for k in 0..<260 { rows.codes[k] = k == 200 ? 0xFF : 0x38 }
            for group in 0..<4 { rows.scales[group] = 1 }
            return 2
        }
        #expect(PackedMatrixTests.row(matrix, 0).allSatisfy { $0 == 1 })
        let second = PackedMatrixTests.row(matrix, 1)
        #expect(second[..<128].allSatisfy(\.isNaN) && second[128...].allSatisfy { $0 == 1 })
    }

    @Test func floatsOfEightBitsAreTheirDefinition() {
        for byte in UInt8.min...UInt8.max {
            let (got, expected) = (mk_e4m3(byte), Reference.e4m3(byte))
            #expect(got.bitPattern == expected.bitPattern || got.isNaN && expected.isNaN)
        }
        #expect(Reference.e4m3(0x7E) == 448 && Reference.e4m3(0x01) == 0x1p-9)
    }
}
