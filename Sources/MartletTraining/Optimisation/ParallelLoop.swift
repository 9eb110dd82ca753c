// How the work on one tensor is divided: into blocks whose size does not depend on the threads.

/// Runs `body(0)` ... `body(count - 1)` in any order, on any threads, and returns when all are done.
///
/// With a worker pool: `{ count, body in pool.run(count) { iteration, _ in body(iteration) } }`.
/// The result of a step has the same bits whatever loop it is given.
public typealias ParallelLoop = (_ count: Int, _ body: (_ iteration: Int) -> Void) -> Void

/// A ``ParallelLoop`` on the caller's thread.
public func serialLoop(_ count: Int, _ body: (_ iteration: Int) -> Void) {
    for iteration in 0..<count { body(iteration) }
}

/// Blocks of a tensor's elements.
enum Blocks {
    /// Four streams of this many floats fill a quarter of a megabyte: a second-level cache.
    static let size = 16384

    static func count(_ elements: Int) -> Int { (elements + size - 1) / size }

    static func range(_ block: Int, of elements: Int) -> Range<Int> {
        block * size..<min(elements, (block + 1) * size)
    }

    /// Runs `body` over all elements, a block at a time.
    static func forEach(
        _ elements: Int, _ parallel: @escaping ParallelLoop, _ body: (Range<Int>) -> Void
    ) {
        parallel(count(elements)) { block in body(range(block, of: elements)) }
    }

    /// The sum of what `body` returns for each of `count` iterations, added in their order.
    static func sum(
        _ count: Int, _ parallel: @escaping ParallelLoop, _ body: (Int) -> Double
    ) -> Double {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, count)) { partial in
            let sums = partial.baseAddress!
            parallel(count) { sums[$0] = body($0) }
            var total = 0.0
            for i in 0..<count { total += sums[i] }
            return total
        }
    }

    /// The sum of squares of `count` floats, in double precision.
    static func squares(
        _ values: UnsafePointer<Float>, count elements: Int, _ parallel: @escaping ParallelLoop
    ) -> Double {
        sum(count(elements), parallel) { block in
            let range = range(block, of: elements)
            return squares(values + range.lowerBound, count: range.count)
        }
    }

    /// The sum of squares of a few floats: eight running sums, so that they can be one vector.
    static func squares(_ values: UnsafePointer<Float>, count: Int) -> Double {
        var lanes = SIMD8<Double>.zero
        var i = 0
        while i &+ 8 <= count {
            let part = SIMD8<Double>(
                UnsafeRawPointer(values + i).loadUnaligned(as: SIMD8<Float>.self))
            lanes += part * part
            i &+= 8
        }
        var tail = 0.0
        while i < count {
            tail += Double(values[i]) * Double(values[i])
            i &+= 1
        }
        return lanes.sum() + tail
    }

    /// Root of the mean square.
    static func rms(
        _ values: UnsafePointer<Float>, count elements: Int, _ parallel: @escaping ParallelLoop
    ) -> Double {
        (squares(values, count: elements, parallel) / Double(elements)).squareRoot()
    }
}
