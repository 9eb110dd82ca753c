// Sixty-four queries of one head against all keys that they see, forward and backward.
// This file knows matrices in a thread's scratch; it refuses to know graphs beyond their pointers.

import CMartletKernels
import MartletKernels
import MartletTraining

/// Works through the queries of a sequence, a block at a time, in one thread's scratch.
struct RelativeBlock {
    private typealias Floats = UnsafeMutablePointer<Float>

    private static let size = 64
    /// Floats before the block's own scratch.
    static var gemmFloats: Int { (mk_gemm_scratch() + 63) / 64 * 16 }

    static func floats(_ keys: Int, _ distances: Int, _ dimension: Int) -> Int {
        size * (2 * padded(keys) + 2 * padded(distances) + 4 * padded(dimension))
    }

    private static func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    private let plan: RelativeAttentionOperation
    private let kernels: mk_training
    private let run: GraphRun
    private let (head, dimension, width): (Int, Int, Int)
    private let scale: Float
    private let gemmScratch: UnsafeMutableRawPointer
    // Scratch: scores, their derivatives, products with distances and theirs, queries and theirs.
    private let (scores, dScores, byDistance, dByDistance): (Floats, Floats, Floats, Floats)
    private let (contentQ, placeQ, dContentQ, dPlaceQ): (Floats, Floats, Floats, Floats)
    private let (keyStep, distanceStep): (Int, Int)
    private var (q, k, v, y, sums): (Floats, Floats, Floats, Floats, Floats)
    private var (queryCount, keyCount): (Int, Int) = (0, 0)
    private var (first, count): (Int, Int) = (0, 0)
    private var dy: Floats?
    private var targets: [Floats?] = []
    private var (queryRow, keyRow): (Int, Int) = (0, 0)

    init(_ plan: RelativeAttentionOperation, _ run: GraphRun, head: Int, worker: Int) {
        self.plan = plan
        self.run = run
        self.head = head
        kernels = run.kernels
        dimension = plan.dimension
        width = plan.width
        scale = 1 / Float(plan.dimension).squareRoot()
        let base = run.scratch(worker)
        gemmScratch = UnsafeMutableRawPointer(base)
        keyStep = Self.padded(plan.places.keys.length)
        distanceStep = Self.padded(plan.distances)
        let narrow = Self.size * Self.padded(plan.dimension)
        scores = base + Self.gemmFloats
        dScores = scores + Self.size * keyStep
        byDistance = dScores + Self.size * keyStep
        dByDistance = byDistance + Self.size * distanceStep
        contentQ = dByDistance + Self.size * distanceStep
        placeQ = contentQ + narrow
        dContentQ = placeQ + narrow
        dPlaceQ = dContentQ + narrow
        (q, k, v, y) = (run[plan.q], run[plan.k], run[plan.v], run[plan.y])
        sums = run[plan.logSums]
    }

    /// Gradients of the output and of the operation's inputs, in its order.
    mutating func setGradients(
        _ dy: UnsafeMutablePointer<Float>, _ targets: [UnsafeMutablePointer<Float>?]
    ) {
        self.dy = dy
        self.targets = targets
    }

    mutating func begin(sequence: Int) {
        let queries = plan.places.queries.range(sequence, run)
        let keys = plan.places.keys.range(sequence, run)
        (queryRow, keyRow) = (queries.lowerBound, keys.lowerBound)
        (queryCount, keyCount) = (queries.count, keys.count)
        (first, count) = (0, 0)
    }

    /// Goes to the next block; false when there is none.
    mutating func next() -> Bool {
        first += count
        count = min(Self.size, queryCount - first)
        return count > 0
    }

    private var column: Int { head * dimension }
    /// Keys that the block's last query sees.
    private var seen: Int { plan.places.seen(first + count - 1, of: keyCount) }
    /// Distances that its last query has.
    private var reach: Int { plan.places.place(first + count - 1) + 1 }
    private var rowOfReach: Int { plan.distances - reach }

    func forward() {
        scorePairs()
        for row in 0..<count {
            let line = scores + row * keyStep
            let keys = plan.places.seen(first + row, of: keyCount)
            let sum = kernels.log_sum_exp(line, Int32(keys))
            sums[(queryRow + first + row) * plan.heads + head] = sum
            exponentiate(line, keys, sum)
        }
        multiply(
            y + (queryRow + first) * width + column, width, rows: count, columns: dimension,
            depth: seen, (scores, keyStep, 1), (v + keyRow * width + column, width, 1), adds: false)
    }

    func backward() {
        guard let dy else { return }
        scorePairs()
        let seen = seen
        let dOut = dy + (queryRow + first) * width + column
        let out = y + (queryRow + first) * width + column
        multiply(
            dScores, keyStep, rows: count, columns: seen, depth: dimension, (dOut, width, 1),
            (v + keyRow * width + column, 1, width), adds: false)
        for row in 0..<count {
            let line = scores + row * keyStep
            let keys = plan.places.seen(first + row, of: keyCount)
            exponentiate(line, keys, sums[(queryRow + first + row) * plan.heads + head])
            var along: Float = 0
            for index in 0..<dimension {
                along += dOut[row * width + index] * out[row * width + index]
            }
            let slope = dScores + row * keyStep
            for key in 0..<keys { slope[key] = line[key] * (slope[key] - along) }
            (slope + keys).update(repeating: 0, count: seen - keys)
        }
        if let dv = targets[2] {
            multiply(
                dv + keyRow * width + column, width, rows: seen, columns: dimension, depth: count,
                (scores, 1, keyStep), (dOut, width, 1), adds: true)
        }
        if let dk = targets[1] {
            multiply(
                dk + keyRow * width + column, width, rows: seen, columns: dimension, depth: count,
                (dScores, 1, keyStep), (contentQ, dimension, 1), adds: true)
        }
        multiply(
            dContentQ, dimension, rows: count, columns: dimension, depth: seen,
            (dScores, keyStep, 1),
            (k + keyRow * width + column, width, 1), adds: false)
        scatterDistances()
        let table = rowOfReach * width + column
        if let dr = targets[3] {
            multiply(
                dr + table, width, rows: reach, columns: dimension, depth: count,
                (dByDistance, 1, distanceStep), (placeQ, dimension, 1), adds: true)
        }
        multiply(
            dPlaceQ, dimension, rows: count, columns: dimension, depth: reach,
            (dByDistance, distanceStep, 1), (run[plan.r] + table, width, 1), adds: false)
        for row in 0..<count {
            for (part, bias) in [(dContentQ, targets[4]), (dPlaceQ, targets[5])] {
                let line = part + row * dimension
                if let dq = targets[0] {
                    kernels.accumulate(
                        dq + (queryRow + first + row) * width + column, line, scale, 1,
                        Int32(dimension))
                }
                if let bias {
                    kernels.accumulate(bias + column, line, scale, 1, Int32(dimension))
                }
            }
        }
    }

    /// Scores of the block, before softmax; the scale is in the queries.
    private func scorePairs() {
        let (u, w) = (run[plan.contentBias] + column, run[plan.placeBias] + column)
        for row in 0..<count {
            let from = q + (queryRow + first + row) * width + column
            let n = Int32(dimension)
            for (bias, to) in [(u, contentQ + row * dimension), (w, placeQ + row * dimension)] {
                kernels.accumulate(to, from, scale, 0, n)
                kernels.accumulate(to, bias, scale, 1, n)
            }
        }
        multiply(
            scores, keyStep, rows: count, columns: seen, depth: dimension, (contentQ, dimension, 1),
            (k + keyRow * width + column, 1, width), adds: false)
        multiply(
            byDistance, distanceStep, rows: count, columns: reach, depth: dimension,
            (placeQ, dimension, 1), (run[plan.r] + rowOfReach * width + column, 1, width),
            adds: false)
        let (step, reach) = (plan.places.keyStride, reach)
        for row in 0..<count {
            let keys = plan.places.seen(first + row, of: keyCount)
            let line = scores + row * keyStep
            let from = byDistance + row * distanceStep + reach - 1 - plan.places.place(first + row)
            if step == 1 {
                kernels.accumulate(line, from, 1, 1, Int32(keys))
            } else {
                for key in 0..<keys { line[key] += from[key * step] }
            }
        }
    }

    /// e^(score - sum) over the keys seen, 0 beyond: what cross-entropy's kernel gives without a target.
    private func exponentiate(_ line: UnsafeMutablePointer<Float>, _ keys: Int, _ sum: Float) {
        kernels.cross_entropy_backward(line, Int32(keys), sum, -1, 1, line, 0)
        if seen > keys { (line + keys).update(repeating: 0, count: seen - keys) }
    }

    private func scatterDistances() {
        let (step, reach) = (plan.places.keyStride, reach)
        for row in 0..<count {
            let keys = plan.places.seen(first + row, of: keyCount)
            let line = dByDistance + row * distanceStep
            line.update(repeating: 0, count: reach)
            let to = line + reach - 1 - plan.places.place(first + row)
            let from = dScores + row * keyStep
            for key in 0..<keys { to[key * step] = from[key] }
        }
    }

    private func multiply(
        _ c: UnsafeMutablePointer<Float>, _ step: Int, rows: Int, columns: Int, depth: Int,
        _ a: (UnsafeMutablePointer<Float>, Int, Int), _ b: (UnsafeMutablePointer<Float>, Int, Int),
        adds: Bool
    ) {
        var work = mk_gemm(
            a: a.0, a_row: a.1, a_column: a.2, b: b.0, b_row: b.1, b_column: b.2, c: c, c_row: step,
            k: Int32(depth), row_begin: 0, row_end: Int32(rows), column_begin: 0,
            column_end: Int32(columns), accumulate: adds ? 1 : 0, scratch: gemmScratch)
        kernels.gemm(&work)
    }
}
