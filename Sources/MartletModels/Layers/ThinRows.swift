// Matrices of few rows, which share panels: a panel has 16, an adapter's matrix three or four.

import CMartletKernels
import MartletKernels

/// Some consecutive rows of a packed matrix whose other rows belong to others.
struct ThinRows: Sendable {
    /// What is multiplied; all of its outputs are written.
    let matrix: PackedMatrix
    /// The first output that is its own.
    let first: Int
    /// Its own outputs.
    let count: Int

    /// Multiplies prepared rows of a step into ``Step/lowRank``.
    ///
    /// - Returns: where the first row's own outputs are; others follow at ``Step/lowRankWidth``.
    func multiply(
        _ rows: StepRows, _ activation: Activation, bias: WeightVector? = nil
    ) -> UnsafeMutablePointer<Float> {
        let (scratch, width) = (rows.step.lowRank, rows.step.lowRankWidth)
        rows.multiply(
            matrix, activation, bias: bias?.pointer, out: scratch, outStride: width,
            epilogue: .store)
        return scratch + rows.first * width + first
    }

    /// A number for each of its own outputs, as a number for each of the matrix': 0 for those of others.
    func vector(_ own: [Float]) throws(ModelError) -> WeightVector {
        let zeros = { [Float](repeating: 0, count: $0) }
        return try WeightVector(zeros(first) + own + zeros(matrix.channels - first - count))
    }
}

/// Lays thin matrices of f32 into panels: those with as many columns share one while they fit.
struct ThinPanels {
    /// Where a matrix will be.
    struct Place {
        fileprivate let panel: Int
        fileprivate let first: Int
        fileprivate let count: Int
    }

    private struct Panel {
        let columns: Int
        var values: [Float]
        var rows: Int { values.count / columns }
    }

    private static let height = 16
    private var panels: [Panel] = []

    /// Takes the rows of one matrix.
    mutating func add(_ values: [Float], columns: Int) -> Place {
        let count = values.count / columns
        let shared = panels.firstIndex {
            $0.columns == columns && $0.rows + count <= Self.height
        }
        guard let shared else {
            panels.append(Panel(columns: columns, values: values))
            return Place(panel: panels.count - 1, first: 0, count: count)
        }
        let first = panels[shared].rows
        panels[shared].values += values
        return Place(panel: shared, first: first, count: count)
    }

    /// Packs all of them.
    func packed(_ pool: WorkerPool) throws(ModelError) -> Packed {
        var matrices: [PackedMatrix] = []
        for panel in panels {
            matrices.append(try PackedMatrix(panel.values, rows: panel.rows, pool))
        }
        return Packed(matrices: matrices)
    }

    /// The panels, in memory.
    struct Packed {
        fileprivate let matrices: [PackedMatrix]

        subscript(place: Place) -> ThinRows {
            ThinRows(matrix: matrices[place.panel], first: place.first, count: place.count)
        }
        /// Bytes of all of them.
        var byteCount: Int { matrices.reduce(0) { $0 + $1.byteCount } }
        /// The most outputs of a product.
        var width: Int { matrices.reduce(0) { max($0, $1.channels) } }
    }
}

extension PackedMatrix {
    /// Packs rows of f32 as they are.
    convenience init(_ values: [Float], rows: Int, _ pool: WorkerPool) throws(ModelError) {
        let columns = values.count / rows
        do {
            try self.init(type: .f32, channels: rows, columns: columns, pool: pool) { panel, out in
                let count = min(16, rows - panel * 16)
                for index in 0..<count * columns {
                    out[index] = values[panel * 16 * columns + index]
                }
                return count
            }
        } catch { throw .kernel(error) }
    }
}
