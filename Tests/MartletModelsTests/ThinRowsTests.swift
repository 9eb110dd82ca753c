// Matrices of few rows, which share panels.

import MartletKernels
import Testing

@testable import MartletModels

@Suite struct ThinRowsTests {
    /// Whatever is laid in comes out, and rows of as many columns fill panels.
    @Test(arguments: 0..<20)
    func whatIsLaidInComesOut(seed: Int) throws {
        var random = CounterRandom(seed: UInt64(seed))
        let pool = WorkerPool(threadCount: 1)
        var panels = ThinPanels()
        var laid: [(place: ThinPanels.Place, rows: [[Float]])] = []
        for _ in 0..<1 + Int(random.next() % 40) {
            let (count, columns) = (
                1 + Int(random.next() % 21), [8, 33, 72][Int(random.next() % 3)]
            )
            let rows = (0..<count).map { _ in (0..<columns).map { _ in random.signedUnit() } }
            laid.append((panels.add(rows.flatMap { $0 }, columns: columns), rows))
        }
        let packed = try panels.packed(pool)
        for (place, rows) in laid {
            let thin = packed[place]
            #expect(thin.count == rows.count && packed.width >= thin.first + thin.count)
            for (index, row) in rows.enumerated() {
                let got = [Float](unsafeUninitializedCapacity: row.count) { buffer, count in
                    thin.matrix.readRow(thin.first + index, into: buffer)
                    count = row.count
                }
                #expect(got == row)
            }
        }
    }

    /// Eight layers' heads of two rows lie in one panel.
    @Test func headsOfLayersShareAPanel() throws {
        let pool = WorkerPool(threadCount: 1)
        func bytes(_ matrices: Int) throws -> Int {
            var panels = ThinPanels()
            for _ in 0..<matrices {
                _ = panels.add([Float](repeating: 1, count: 2 * 64), columns: 64)
            }
            return try panels.packed(pool).byteCount
        }
        #expect(try bytes(8) == bytes(1) && bytes(9) == 2 * bytes(1))
    }

    /// A number for each output of its own is 0 for those of others.
    @Test func biasesOfOthersAreNone() throws {
        var panels = ThinPanels()
        _ = panels.add([1, 2, 3, 4], columns: 2)
        let place = panels.add([5, 6], columns: 2)
        _ = panels.add([7, 8], columns: 2)
        let rows = try panels.packed(WorkerPool(threadCount: 1))[place]
        let vector = try rows.vector([9])
        #expect((0..<vector.count).map { vector.pointer[$0] } == [0, 0, 9, 0])
    }
}
