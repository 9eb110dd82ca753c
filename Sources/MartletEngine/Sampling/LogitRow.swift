/// Passes over one row of logits, sixteen lanes at a time. Knows no sampling rule.
///
/// Products and sums are separate instructions (no fused multiply-add), so that a row gives the same
/// bits on every machine.

/// One row of logits, borrowed from the forward pass until its next call.
struct LogitRow {
    static let lanes = 16
    /// Elements whose exponentials are summed in f32 lanes before they are added up in f64.
    static let chunk = 256

    let base: UnsafePointer<Float>
    let count: Int

    /// Precondition: `row` is not empty.
    init(_ row: UnsafeBufferPointer<Float>) {
        guard let base = row.baseAddress, !row.isEmpty else {
            preconditionFailure("LogitRow: got an empty row, expected at least one logit")
        }
        self.base = base
        count = row.count
    }

    subscript(index: Int) -> Float {
        precondition(
            index >= 0 && index < count, "LogitRow: got index \(index), expected below \(count)")
        return base[index]
    }

    /// Sixteen logits from `start` on, minus infinity past the end.
    @inline(__always)
    func block(_ start: Int) -> SIMD16<Float> {
        if start &+ Self.lanes <= count {
            return UnsafeRawPointer(base + start).loadUnaligned(as: SIMD16<Float>.self)
        }
        var block = SIMD16<Float>(repeating: -.infinity)
        var lane = 0
        while start &+ lane < count {
            block[lane] = base[start &+ lane]
            lane &+= 1
        }
        return block
    }

    /// The largest logit and the lowest index that has it. Throws when a logit is NaN or +infinity,
    /// or when none is finite. One pass finds the chunk, a short scan the index.
    func maximum() throws(SamplingError) -> (index: Int, logit: Float) {
        var best = -Float.infinity
        var bestChunk = 0
        var sawNaN = SIMD16<Float>.MaskStorage(repeating: 0)
        var start = 0
        while start < count {
            let end = min(start &+ 4 * Self.chunk, count)
            var largest = SIMD16<Float>(repeating: -.infinity)
            var index = start
            while index < end {
                let values = block(index)
                sawNaN |= unsafeBitCast(values .!= values, to: SIMD16<Int32>.self)
                largest.replace(with: values, where: values .> largest)
                index &+= Self.lanes
            }
            let top = largest.max()
            if top > best {
                best = top
                bestChunk = start
            }
            start = end
        }
        if sawNaN != SIMD16<Int32>(repeating: 0) {
            throw .notANumber(token: firstIndex { $0.isNaN })
        }
        if best == .infinity { throw .notANumber(token: firstIndex { $0 == .infinity }) }
        if best == -.infinity { throw .nothingToChoose }
        var index = bestChunk
        while base[index] != best { index &+= 1 }
        return (index, best)
    }

    private func firstIndex(where holds: (Float) -> Bool) -> Int {
        (0..<count).first { holds(base[$0]) } ?? 0
    }

    /// Sum of exp((logit - maximum) * scale) over the row. `chunkSums`, when given, receives the sum
    /// of each chunk of 256, in order; it must have room for them.
    ///
    /// Lanes are summed in f32 over a chunk and across lanes and chunks in f64, in one fixed order.
    func exponentialSum(
        maximum: Float, scale: Float, chunkSums: UnsafeMutableBufferPointer<Double>? = nil
    ) -> Double {
        var total = 0.0
        var start = 0
        var chunkIndex = 0
        while start < count {
            let end = min(start &+ Self.chunk, count)
            var lanes = SIMD16<Float>(repeating: 0)
            var index = start
            while index < end {
                lanes += Self.exponential((block(index) - maximum) * scale)
                index &+= Self.lanes
            }
            var sum = 0.0
            for lane in 0..<Self.lanes { sum += Double(lanes[lane]) }
            chunkSums?[chunkIndex] = sum
            total += sum
            chunkIndex &+= 1
            start = end
        }
        return total
    }

    /// exp(x) for x <= 0, to about 2 units in the last place; 0 below -87, where f32 would be denormal.
    ///
    /// x = n ln 2 + r with |r| <= ln 2 / 2, and a polynomial of degree 6 for exp(r) (the coefficients
    /// of Moshier's Cephes).
    @inline(__always)
    static func exponential(_ x: SIMD16<Float>) -> SIMD16<Float> {
        let floor = SIMD16<Float>(repeating: -87)
        let tiny = x .< floor
        let x = x.replacing(with: floor, where: tiny)
        // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits.
        let magic = SIMD16<Float>(repeating: 12_582_912)
        let shifted = x * 1.442_695_04 + magic
        let n = shifted - magic
        let r = x - n * 0.693_359_375 - n * -2.121_944_4e-4
        var p = r * 1.987_569_1e-4 + 1.398_199_9e-3
        p = p * r + 8.333_452e-3
        p = p * r + 4.166_579_6e-2
        p = p * r + 1.666_666_5e-1
        p = p * r + 0.5
        p = p * r * r + r + 1
        let exponent =
            unsafeBitCast(shifted, to: SIMD16<Int32>.self)
            &- unsafeBitCast(
                magic, to: SIMD16<Int32>.self)
        let power = unsafeBitCast(
            (exponent &+ 127) &<< 23 as SIMD16<Int32>, to: SIMD16<Float>.self)
        return (p * power).replacing(with: 0, where: tiny)
    }
}
