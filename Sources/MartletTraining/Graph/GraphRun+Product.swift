// Matrix products over all threads.

import CMartletKernels
import MartletKernels

/// A matrix as a product reads it: itself or its transpose.
struct Factor {
    let pointer: UnsafePointer<Float>
    /// Floats from one row of the factor to the next, and from one column to the next.
    let row: Int
    let column: Int

    /// A row-major matrix of `columns` columns.
    static func plain(_ pointer: UnsafeMutablePointer<Float>, columns: Int) -> Factor {
        Factor(pointer: pointer, row: columns, column: 1)
    }

    /// The transpose of a row-major matrix of `columns` columns.
    static func transposed(_ pointer: UnsafeMutablePointer<Float>, columns: Int) -> Factor {
        Factor(pointer: pointer, row: 1, column: columns)
    }
}

extension GraphRun {
    /// C (rows x columns) = or += A (rows x depth) B (depth x columns), in tiles handed to the threads.
    func product(
        _ c: UnsafeMutablePointer<Float>, rows: Int, columns: Int, depth: Int, _ a: Factor,
        _ b: Factor,
        adds: Bool
    ) {
        let tile = tileShape(rows: rows, columns: columns)
        let across = (columns + tile.columns - 1) / tile.columns
        let down = (rows + tile.rows - 1) / tile.rows
        pool.run(across * down) { job, worker in
            let row = job / across * tile.rows
            let column = job % across * tile.columns
            var work = mk_gemm(
                a: a.pointer, a_row: a.row, a_column: a.column, b: b.pointer, b_row: b.row,
                b_column: b.column, c: c, c_row: columns, k: Int32(depth), row_begin: Int32(row),
                row_end: Int32(min(rows, row + tile.rows)), column_begin: Int32(column),
                column_end: Int32(min(columns, column + tile.columns)), accumulate: adds ? 1 : 0,
                scratch: UnsafeMutableRawPointer(scratch(worker)))
            multiply(&work)
        }
    }

    /// Large tiles, since each packs its factors for itself, but enough of them for every thread.
    private func tileShape(rows: Int, columns: Int) -> (rows: Int, columns: Int) {
        let unit = (rows: Int(kernels.gemm_rows), columns: Int(kernels.gemm_columns))
        let wide = min(columns, 512)
        let across = (columns + wide - 1) / wide
        let threads = pool.threadCount
        // Three tiles a thread even out what the system takes away from one of them.
        let wanted = max(1, (3 * threads + across - 1) / across)
        var high = (rows + wanted - 1) / wanted
        if high < 8 * unit.rows { high = (rows + threads - 1) / threads }
        high = min(448, max(unit.rows, (high + unit.rows - 1) / unit.rows * unit.rows))
        return (high, wide)
    }
}
