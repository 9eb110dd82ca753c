// The rows that a part of a layer works on, and the two loops that layers are built from.

import CMartletKernels
import MartletKernels

/// What products of rows run in: threads, kernels, and room for rows that are prepared for a product.
protocol RowWorkspace: AnyObject {
    var kernels: KernelSet { get }
    var pool: WorkerPool { get }
    /// Rows at hand.
    var rows: Int { get }
    /// Rows after a norm.
    var normed: UnsafeMutablePointer<Float> { get }
    /// Rows quantised for a product: as wide for every one, since strips of rows are at different products at one time
    /// and must not overlap.
    var quantised: QuantisedRows { get }
}

/// Rows of a decoder's step.
typealias StepRows = RowRange<Step>

/// All rows of a step, whose loops are divided among the threads; or a strip of them that one thread takes
/// through several loops alone, while others do the same with theirs.
///
/// Which of the two it is changes no bit: a row's outputs depend on that row and the weights.
struct RowRange<Workspace: RowWorkspace> {
    let step: Workspace
    let first: Int
    let count: Int
    /// Which of the strips that run beside each other this is; nil for rows whose loops all threads share.
    let strip: Int?
    /// The row of buffers for a piece of the rows (``inPieces(_:)``) that is the first one's.
    var room = 0

    /// Whether other strips run beside this one.
    var isStrip: Bool { strip != nil }

    /// Runs `body` for each row; `cost` is about the nanoseconds a row takes, so that short loops
    /// stay on this thread.
    func forEach(cost: Int, _ body: (Int) -> Void) {
        let pool = step.pool
        if isStrip || count * cost < 20_000 {
            for row in first..<first + count { body(row) }
            return
        }
        let chunk = max(1, (count + pool.threadCount * 4 - 1) / (pool.threadCount * 4))
        pool.run((count + chunk - 1) / chunk) { part, _ in
            for row in first + part * chunk..<first + min(count, (part + 1) * chunk) { body(row) }
        }
    }

    /// Prepares rows for a product: normalised, and quantised if its weights ask so.
    ///
    /// - Parameters:
    ///   - x: the first row of the step, `stride` floats before the next.
    ///   - room: where they are quantised, from the first row of the step on; that of the step unless given.
    func activation(
        of x: UnsafePointer<Float>, stride: Int, columns: Int, norm: Norm?, quantised: Bool,
        room: QuantisedRows? = nil
    ) -> Activation {
        let room = room ?? step.quantised
        let (normed, kernels) = (step.normed, step.kernels)
        if norm != nil || quantised {
            forEach(cost: columns / 2) { row in
                var source = x + row * stride
                if let norm {
                    norm(kernels, source, count: columns, out: normed + row * columns)
                    source = UnsafePointer(normed + row * columns)
                }
                guard quantised else { return }
                room.quantise(kernels, source, columns, row: row)
            }
        }
        let base = norm == nil ? x : UnsafePointer(normed)
        let width = norm == nil ? stride : columns
        return room.activation(base + first * width, stride: width, row: first)
    }

    /// out = activation · matrixᵀ, divided over panels.
    ///
    /// - Parameter out: the first row of the step, `outStride` floats before the next.
    func multiply(
        _ matrix: PackedMatrix, _ activation: Activation, bias: UnsafePointer<Float>?,
        out: UnsafeMutablePointer<Float>, outStride: Int, epilogue: mk_epilogue
    ) {
        let panels = matrix.panelCount
        let work = mk_matmul(
            matrix, activation, rows: count, bias: bias, out: out + first * outStride,
            outStride: outStride, epilogue: epilogue)
        let (pool, matmul) = (step.pool, step.kernels.table.pointee.matmul)
        guard !isStrip, pool.divides(workBytes: matrix.workBytes(rows: count)) else {
            withUnsafePointer(to: work) { matmul($0) }
            return
        }
        let chunk = pool.panelsOfPiece(panels)
        pool.run((panels + chunk - 1) / chunk) { part, _ in
            var piece = work
            piece.panel_begin = Int32(part * chunk)
            piece.panel_end = Int32(min(panels, (part + 1) * chunk))
            withUnsafePointer(to: piece) { matmul($0) }
        }
    }
}

extension mk_matmul {
    /// The product of prepared rows with all panels of a matrix.
    init(
        _ matrix: PackedMatrix, _ activation: Activation, rows: Int, bias: UnsafePointer<Float>?,
        out: UnsafeMutablePointer<Float>, outStride: Int, epilogue: mk_epilogue
    ) {
        self.init(
            weights: matrix.panels, panel_bytes: matrix.panelBytes, panel_begin: 0,
            panel_end: Int32(matrix.panelCount), channels: Int32(matrix.channels),
            columns: Int32(matrix.columns), rows: Int32(rows), type: matrix.type.code,
            epilogue: epilogue, x: activation.x, x_stride: activation.stride,
            x_quants: activation.quants, x_scales: activation.scales, x_sums: activation.sums,
            x_blocks: activation.blocks, bias: bias, out: out, out_stride: outStride)
    }
}

extension PackedMatrix {
    /// Bytes of weights that a product with so many rows passes over.
    func workBytes(rows: Int) -> Int { byteCount * ((rows + 3) / 4) }
}

extension WorkerPool {
    /// Whether products over so many bytes of weights are worth waking threads.
    func divides(workBytes: Int) -> Bool { threadCount > 1 && workBytes >= 256 << 10 }

    /// How many of `count` panels are a piece of work. Even numbers, since pairs share a pass; several pieces a thread,
    /// so that one that is held up leaves little behind.
    func panelsOfPiece(_ count: Int) -> Int {
        let pieces = threadCount * 6
        return max(2, ((count + pieces - 1) / pieces + 1) & ~1)
    }
}

extension RowWorkspace {
    /// All rows of the step.
    var allRows: RowRange<Self> { RowRange(step: self, first: 0, count: rows, strip: nil) }

    /// Rows of the smallest strip.
    static var stripRows: Int { 12 }

    /// Runs `body`, which looks at no two rows together and reads `weightBytes` of weights, over all rows.
    ///
    /// Where those weights stay in a processor's own cache and there are rows enough, each thread takes a strip of
    /// rows through the whole of `body`: one loop instead of one for each product and norm, none of which is long
    /// in a small model beside starting and joining it. One strip a thread, since each reads all the weights.
    func inStrips(weightBytes: Int, _ body: (RowRange<Self>) -> Void) {
        guard
            pool.threadCount > 1, weightBytes <= Processor.ownCacheBytes,
            rows >= pool.threadCount * Self.stripRows
        else { return body(allRows) }
        let perStrip = ((rows + pool.threadCount - 1) / pool.threadCount + 3) & ~3
        pool.run((rows + perStrip - 1) / perStrip) { strip, _ in
            let first = strip * perStrip
            body(
                RowRange(
                    step: self, first: first, count: min(perStrip, rows - first), strip: strip))
        }
    }
}

extension StepRows {
    /// Runs `body` for pieces of these rows, one after another, each of which has ``Step/inner`` and ``Step/innerQuantised``
    /// to itself, from its ``room`` on. Strips have parts of them of their own.
    func inPieces(_ body: (StepRows) -> Void) {
        let size = isStrip ? step.pieceRows / step.pool.threadCount & ~3 : step.pieceRows
        let room = (strip ?? 0) * size
        for begin in Swift.stride(from: first, to: first + count, by: size) {
            body(
                StepRows(
                    step: step, first: begin, count: min(size, first + count - begin), strip: strip,
                    room: room))
        }
    }

    /// ``Step/inner`` with `stride` floats a row, as if it had all rows of the step.
    func inner(stride: Int) -> UnsafeMutablePointer<Float> {
        step.inner + (room - first) * stride
    }

    /// ``Step/innerQuantised`` likewise.
    var innerQuantised: QuantisedRows { step.innerQuantised.moved(by: room - first) }
}
