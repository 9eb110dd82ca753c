// Rotary positions.

import CMartletKernels
import Foundation

/// Cosines and sines for every position that a graph may meet.
public final class RotaryTable {
    let cosines: [Float]
    let sines: [Float]
    let half: Int
    let positions: Int

    /// - Parameters:
    ///   - frequencies: radians for each position, one for each pair of dimensions.
    ///   - positions: the number of positions in the table.
    public init(frequencies: [Double], positions: Int) {
        half = frequencies.count
        self.positions = positions
        var cosines = [Float](repeating: 0, count: positions * half)
        var sines = cosines
        for position in 0..<positions {
            for (pair, frequency) in frequencies.enumerated() {
                let angle = Double(position) * frequency
                cosines[position * half + pair] = Float(cos(angle))
                sines[position * half + pair] = Float(sin(angle))
            }
        }
        self.cosines = cosines
        self.sines = sines
    }
}

struct RotaryOperation: Operation {
    let x: Value
    let y: Value
    let positions: Integers
    let table: RotaryTable
    let (rows, heads): (Int, Int)

    var name: String { "rotary" }
    var inputs: [Value] { [x] }
    var outputs: [Value] { [y] }
    var kept: [Value] { [] }

    func forward(_ run: GraphRun) {
        rotate(run, from: run[x], to: run[y], isBack: false, adds: false)
    }

    func backward(_ run: GraphRun) {
        guard let dy = run.gradient(y), let target = run.gradientTarget(x) else { return }
        rotate(run, from: dy, to: target.pointer, isBack: true, adds: target.adds)
    }

    private func rotate(
        _ run: GraphRun, from: UnsafeMutablePointer<Float>, to: UnsafeMutablePointer<Float>,
        isBack: Bool, adds: Bool
    ) {
        let (half, index) = (table.half, run[positions])
        table.cosines.withUnsafeBufferPointer { cosines in
            table.sines.withUnsafeBufferPointer { sines in
                run.forRows(rows, grain: 64) { range, _ in
                    for row in range {
                        let offset = Int(index[row]) * half
                        for head in 0..<heads {
                            let at = (row * heads + head) * 2 * half
                            run.kernels.rotate_training(
                                from + at, cosines.baseAddress! + offset,
                                sines.baseAddress! + offset, Int32(half), isBack ? 1 : 0,
                                adds ? 1 : 0, to + at)
                        }
                    }
                }
            }
        }
    }
}

extension Graph {
    /// Rotates every head of every row to its position.
    public func rotary(_ x: Value, positions: Integers, table: RotaryTable) -> Value {
        let (rows, columns) = shape(x)
        precondition(columns % (2 * table.half) == 0, "rotary: got \(columns) columns")
        let y = computed(rows: rows, columns: columns, from: [x], name: "rotary")
        append(
            RotaryOperation(
                x: x, y: y, positions: positions, table: table, rows: rows,
                heads: columns / (2 * table.half)))
        return y
    }
}
