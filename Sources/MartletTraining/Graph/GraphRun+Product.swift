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
    ///
    /// - Parameter isExact: in f32 whatever the machine's products are.
    func product(
        _ c: UnsafeMutablePointer<Float>, rows: Int, columns: Int, depth: Int, _ a: Factor,
        _ b: Factor,
        adds: Bool, isExact: Bool = false
    ) {
        let multiply = isExact ? kernels.gemm : multiply
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

    /// Tiles as large and as equal as they can be: each packs its factors for itself, the rows once for every block of
    /// columns, and the last thread to end is waited for. Either the rows or the columns are divided among the threads,
    /// whichever costs less once parts are whole register tiles; parts beyond a block are cut evenly.
    private func tileShape(rows: Int, columns: Int) -> (rows: Int, columns: Int) {
        let unit = (rows: Int(kernels.gemm_rows), columns: Int(kernels.gemm_columns))
        func part(_ length: Int, _ parts: Int, _ unit: Int) -> Int {
            ((length + parts - 1) / parts + unit - 1) / unit * unit
        }
        func even(_ length: Int, _ block: Int, _ unit: Int) -> Int {
            length <= block ? length : part(length, (length + block - 1) / block, unit)
        }
        let threads = pool.threadCount
        let byRows = (rows: part(rows, threads, unit.rows), columns: part(columns, 1, unit.columns))
        let byColumns = (
            rows: part(rows, 1, unit.rows), columns: part(columns, threads, unit.columns)
        )
        let block = (rows: 96 * unit.rows, columns: 512)
        /// In multiplications for each term of the sums; packing an element takes as long as some twelve.
        func cost(_ part: (rows: Int, columns: Int)) -> Int {
            let blocks = (part.columns + block.columns - 1) / block.columns
            return part.rows * part.columns + 12 * (part.rows * blocks + part.columns)
        }
        let chosen = cost(byRows) <= cost(byColumns) ? byRows : byColumns
        return (
            even(chosen.rows, block.rows, unit.rows),
            even(chosen.columns, block.columns, unit.columns)
        )
    }
}
