// The iteration by which Muon makes a matrix nearly orthogonal.

import CMartletKernels

/// Newton-Schulz iteration of the fifth degree (Jordan et al. 2024):
///
///     X = G / max(‖G‖, 1e-7)
///     A = X Xᵀ;  X = a X + (b A + c A A) X,   (a, b, c) = (3.4445, -4.7750, 2.0315)
///
/// The coefficients are chosen for their slope at zero: singular values end near, not at, 1. Everything
/// is f32 here; the published code rounds to bfloat16. X has the shorter side as its rows.
struct NewtonSchulz {
    private static let a: Float = 3.4445
    private static let b: Float = -4.7750
    private static let c: Float = 2.0315

    let rows: Int
    let columns: Int
    private let short: Int
    private let long: Int
    private let x: UnsafeMutablePointer<Float>
    private let next: UnsafeMutablePointer<Float>
    private let gram: UnsafeMutablePointer<Float>
    private let polynomial: UnsafeMutablePointer<Float>

    private let packing: UnsafeMutablePointer<Float>
    private let kernels: mk_training

    /// The number of pieces of a product, for any number of threads. Each piece packs its own factors.
    private static let pieces = 4
    private static var packingFloats: Int { (mk_gemm_scratch() + 63) / 64 * 16 }

    /// Whole cache lines, so that every matrix begins on one.
    private static func aligned(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    /// Floats of memory that a matrix of this shape needs.
    static func scratch(rows: Int, columns: Int) -> Int {
        let short = min(rows, columns)
        return 2 * aligned(rows * columns) + 2 * aligned(short * short) + pieces * packingFloats
    }

    init(rows: Int, columns: Int, scratch: UnsafeMutablePointer<Float>, kernels: mk_training) {
        self.rows = rows
        self.columns = columns
        self.kernels = kernels
        short = min(rows, columns)
        long = max(rows, columns)
        x = scratch
        next = x + Self.aligned(short * long)
        gram = next + Self.aligned(short * long)
        polynomial = gram + Self.aligned(short * short)
        packing = polynomial + Self.aligned(short * short)
    }

    private var isTall: Bool { rows > columns }

    /// Fills X with `value(index)` of every element of the tensor and divides it by its norm.
    func load(_ parallel: @escaping ParallelLoop, _ value: (Int) -> Float) {
        let (stride, step) = isTall ? (1, long) : (long, 1)
        x.update(repeating: 0, count: short * long)
        parallel(rows) { row in
            for column in 0..<columns {
                x[row * stride + column * step] = value(row * columns + column)
            }
        }
        let norm = Blocks.squares(x, count: short * long, parallel).squareRoot()
        let factor = Float(1 / max(norm, 1e-7))
        Blocks.forEach(short * long, parallel) { range in
            for i in range { x[i] *= factor }
        }
    }

    /// Runs the iteration; X is in `x` before and after.
    func run(_ iterations: Int, _ parallel: @escaping ParallelLoop) {
        let (short, long) = (short, long)
        let kernels = kernels
        for _ in 0..<iterations {
            product(x, long, by: (x, 1, long), into: gram, depth: long, columns: short, parallel)
            product(
                gram, short, by: (gram, short, 1), into: polynomial, depth: short, columns: short,
                parallel)
            Blocks.forEach(short * short, parallel) { range in
                let (at, count) = (range.lowerBound, Int32(range.count))
                kernels.accumulate(polynomial + at, polynomial + at, Self.c, 0, count)
                kernels.accumulate(polynomial + at, gram + at, Self.b, 1, count)
            }
            product(
                polynomial, short, by: (x, long, 1), into: next, depth: short, columns: long,
                parallel)
            Blocks.forEach(short * long, parallel) { range in
                let (at, count) = (range.lowerBound, Int32(range.count))
                kernels.accumulate(x + at, x + at, Self.a, 0, count)
                kernels.accumulate(x + at, next + at, 1, 1, count)
            }
        }
    }

    /// C = A B, with A `short` rows of `depth`; B is given with the distances of its rows and columns.
    private func product(
        _ a: UnsafePointer<Float>, _ aRow: Int,
        by b: (pointer: UnsafeMutablePointer<Float>, row: Int, column: Int),
        into c: UnsafeMutablePointer<Float>, depth: Int, columns: Int,
        _ parallel: @escaping ParallelLoop
    ) {
        let unit = Int(kernels.gemm_rows)
        let height = ((short + Self.pieces - 1) / Self.pieces + unit - 1) / unit * unit
        let kernels = kernels
        parallel((short + height - 1) / height) { piece in
            var work = mk_gemm(
                a: a, a_row: aRow, a_column: 1, b: UnsafePointer(b.pointer), b_row: b.row,
                b_column: b.column, c: c, c_row: columns, k: Int32(depth),
                row_begin: Int32(piece * height), row_end: Int32(min(short, (piece + 1) * height)),
                column_begin: 0, column_end: Int32(columns), accumulate: 0,
                scratch: UnsafeMutableRawPointer(packing + piece * Self.packingFloats))
            kernels.gemm(&work)
        }
    }

    /// Hands every element of the tensor its element of X.
    func store(_ parallel: @escaping ParallelLoop, _ body: (_ index: Int, _ value: Float) -> Void) {
        let (stride, step) = isTall ? (1, long) : (long, 1)
        parallel(rows) { row in
            for column in 0..<columns {
                body(row * columns + column, x[row * stride + column * step])
            }
        }
    }
}
