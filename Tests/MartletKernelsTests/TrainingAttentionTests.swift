// Attention in training: outputs and all four gradients against f64.

import CMartletKernels
import Foundation
import Testing

@testable import MartletKernels

/// One sequence and one KV head. Rows have gaps between them that nobody may touch.
private struct Problem: Sendable, CustomTestStringConvertible {
    var tokens: Int
    var dimension: Int
    var group: Int
    /// nil: no mask.
    var window: Int?
    var isPacked = false

    var testDescription: String {
        "\(tokens) x \(dimension) x \(group), window \(window.map(String.init) ?? "none")"
            + (isPacked ? ", packed" : "")
    }

    /// Random values as floats hold them; masks of every size up to the absurd.
    func reference() -> (attention: Reference.TrainingAttention, dOut: [Double]) {
        var random = CounterRandom(
            seed: 51, stream: UInt64(tokens * 1000 + dimension * 10 + group))
        func values(_ count: Int) -> [Double] {
            random.floats(count, magnitude: 2).map(Double.init)
        }
        let (q, k) = (values(tokens * group * dimension), values(tokens * dimension))
        let (v, dOut) = (values(tokens * dimension), values(tokens * group * dimension))
        var start = Array(repeating: 0, count: tokens)
        for i in 1..<max(1, tokens) where isPacked {
            start[i] = random.unit() < 0.04 ? i : start[i - 1]
        }
        let sizes: [Float] = [-50000, -10000, -0.01, -1, 0, -3, -0.2, -20]
        let mask = (0..<tokens).map { _ in
            Double(sizes[Int(random.unit() * Double(sizes.count))])
        }
        let attention = Reference.TrainingAttention(
            tokens: tokens, dimension: dimension, group: group, q: q, k: k, v: v,
            scale: Double(1 / Float(dimension).squareRoot()), start: start,
            mask: window == nil ? nil : mask, window: window ?? 0)
        return (attention, dOut)
    }
}

/// Rows of `width` floats, `gap` floats apart, the last one ending where the guard begins.
private struct Rows {
    let buffer: GuardedFloats
    let width: Int
    let stride: Int

    init(_ values: [Double], width: Int, gap: Int) {
        self.init(count: values.count / width, width: width, gap: gap)
        for (i, value) in values.enumerated() {
            buffer.base[i / width * stride + i % width] = Float(value)
        }
    }

    init(count: Int, width: Int, gap: Int) {
        (self.width, stride) = (width, width + gap)
        buffer = GuardedFloats(count: (count - 1) * stride + width)
    }

    var values: [Float] {
        (0..<buffer.count).filter { $0 % stride < width }.map { buffer.base[$0] }
    }

    var isIntact: Bool {
        buffer.isIntact
            && (0..<buffer.count).allSatisfy {
                $0 % stride < width || buffer.isUntouched($0..<$0 + 1)
            }
    }
}

/// What the kernels write.
private struct Results {
    var out: [Float]
    var lse: [Float]
    var dQ: [Float]
    var dK: [Float]
    var dV: [Float]
    var dMask: [Float]
    var isIntact: Bool

    /// `before` is what the gradients are added to; nil: they replace garbage.
    init(
        _ set: InstructionSet, _ attention: Reference.TrainingAttention, dOut: [Double],
        before: Double?
    ) {
        let training = KernelSet(set).table.pointee.training
        let (dimension, tokens) = (attention.dimension, attention.tokens)
        let width = attention.group * dimension
        func target(_ like: [Double], width: Int, gap: Int) -> Rows {
            guard let before else { return Rows(count: like.count / width, width: width, gap: gap) }
            return Rows(like.map { _ in before }, width: width, gap: gap)
        }
        let q = Rows(attention.q, width: width, gap: 3)
        let k = Rows(attention.k, width: dimension, gap: 1)
        let v = Rows(attention.v, width: dimension, gap: 1)
        let mask = attention.mask.map { Rows($0, width: 1, gap: 2) }
        let out = Rows(count: tokens, width: width, gap: 5)
        let dOuts = Rows(dOut, width: width, gap: 5)
        let lse = GuardedFloats(count: attention.group * tokens)
        let start = EdgeBuffer(attention.start.map(Int32.init))
        let dQ = target(attention.q, width: width, gap: 3)
        let dK = target(attention.k, width: dimension, gap: 1)
        let dV = target(attention.v, width: dimension, gap: 1)
        let dMask = target(Array(repeating: 0, count: tokens), width: 1, gap: 2)
        let bytes = mk_training_attention_scratch(
            Int32(tokens), Int32(dimension), Int32(attention.group))
        // What scratch holds before must not matter.
        let scratch = EdgeBuffer<UInt8>(count: bytes, alignment: 64)
        memset(scratch.base, 0xFF, bytes)
        let add: Int32 = before == nil ? 0 : 1
        var arguments = mk_training_attention(
            tokens: Int32(tokens), dimension: Int32(dimension), group: Int32(attention.group),
            q: q.buffer.base, q_stride: q.stride, k: k.buffer.base, v: v.buffer.base,
            kv_stride: k.stride, scale: Float(attention.scale), start: start.base,
            mask: mask.map { UnsafePointer($0.buffer.base) }, mask_stride: 3,
            window: Int32(attention.window), out: out.buffer.base, out_stride: out.stride,
            lse: lse.base, scratch: UnsafeMutableRawPointer(scratch.base), d_out: nil, d_q: nil,
            d_k: nil, d_v: nil, d_mask: nil, add_q: add, add_k: add, add_v: add, add_mask: add)
        training.attention_forward(&arguments)
        arguments.d_out = UnsafePointer(dOuts.buffer.base)
        (arguments.d_q, arguments.d_k) = (dQ.buffer.base, dK.buffer.base)
        (arguments.d_v, arguments.d_mask) = (dV.buffer.base, dMask.buffer.base)
        memset(scratch.base, 0xFF, bytes)
        training.attention_backward(&arguments)
        (self.out, self.lse) = (out.values, lse.array)
        (self.dQ, self.dK, self.dV) = (dQ.values, dK.values, dV.values)
        self.dMask =
            mask == nil ? Array(repeating: Float(before ?? 0), count: tokens) : dMask.values
        isIntact = [out, dQ, dK, dV, dMask].allSatisfy(\.isIntact) && lse.isIntact
    }
}

@Suite struct TrainingAttentionTests {
    private func check(
        _ problem: Problem, _ set: InstructionSet, _ attention: Reference.TrainingAttention,
        _ dOut: [Double], _ expected: Reference.TrainingAttention.Gradients, before: Double?,
        tolerance: Double
    ) {
        let (out, lse) = attention.forward()
        let got = Results(set, attention, dOut: dOut, before: before)
        let name = "\(set), \(problem.testDescription)"
        #expect(worstError(got.out, out) < 4e-6, "\(name): outputs")
        let largest = lse.reduce(1) { max($0, $1.magnitude) }
        #expect(worstError(got.lse, lse) < 1e-6 * largest, "\(name): lse")
        #expect(got.isIntact, "\(name): writes")
        for (what, got, expected) in [
            ("q", got.dQ, expected.q), ("k", got.dK, expected.k), ("v", got.dV, expected.v),
            ("mask", got.dMask, expected.mask),
        ] {
            let largest = expected.reduce(0.1) { max($0, $1.magnitude) }
            let worst = worstError(got, expected.map { $0 + (before ?? 0) }) / largest
            #expect(worst < tolerance, "\(name): gradient of \(what), \(worst)")
        }
    }

    /// Derivatives as differences: of the f64 twin's formulas too.
    @Test(arguments: [
        Problem(tokens: 1, dimension: 2, group: 1, window: 0),
        Problem(tokens: 5, dimension: 2, group: 2, window: 0),
        Problem(tokens: 5, dimension: 2, group: 3, window: 3),
        Problem(tokens: 9, dimension: 4, group: 1, window: nil, isPacked: true),
        Problem(tokens: 9, dimension: 4, group: 2, window: 0, isPacked: true),
    ])
    private func smallGradientsAreDifferences(problem: Problem) {
        var (attention, dOut) = problem.reference()
        if problem.isPacked { attention.start = [0, 0, 0, 3, 3, 3, 6, 6, 8] }
        func loss(_ attention: Reference.TrainingAttention) -> Double {
            zip(attention.forward().out, dOut).reduce(0) { $0 + $1.0 * $1.1 }
        }
        func differences(
            _ part: WritableKeyPath<Reference.TrainingAttention, [Double]>
        ) -> [Double] {
            Reference.differences(at: attention[keyPath: part]) { values in
                var changed = attention
                changed[keyPath: part] = values
                return loss(changed)
            }
        }
        let expected = Reference.TrainingAttention.Gradients(
            q: differences(\.q), k: differences(\.k), v: differences(\.v),
            mask: attention.mask.map {
                Reference.differences(at: $0) { mask in
                    var changed = attention
                    changed.mask = mask
                    return loss(changed)
                }
            } ?? Array(repeating: 0, count: attention.tokens))
        let twin = attention.backward(dOut)
        for (a, b) in [(twin.q, expected.q), (twin.k, expected.k), (twin.v, expected.v)] {
            #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-7 })
        }
        if attention.mask != nil {
            #expect(zip(twin.mask, expected.mask).allSatisfy { abs($0 - $1) < 1e-6 })
        }
        for set in InstructionSet.available {
            for before in [nil, 0.5] {
                check(problem, set, attention, dOut, expected, before: before, tolerance: 2e-5)
            }
        }
    }

    /// Around the edges of tiles, panels and blocks.
    @Test(arguments: [
        Problem(tokens: 1, dimension: 16, group: 3, window: nil),
        Problem(tokens: 12, dimension: 16, group: 1, window: 0),
        Problem(tokens: 48, dimension: 20, group: 1, window: 3, isPacked: true),
        Problem(tokens: 64, dimension: 32, group: 2, window: nil),
        Problem(tokens: 64, dimension: 20, group: 3, window: 16),
        Problem(tokens: 65, dimension: 64, group: 1, window: 0),
        Problem(tokens: 65, dimension: 2, group: 2, window: 16, isPacked: true),
        Problem(tokens: 97, dimension: 48, group: 1, window: 0, isPacked: true),
        Problem(tokens: 130, dimension: 32, group: 1, window: 16, isPacked: true),
        Problem(tokens: 130, dimension: 16, group: 2, window: 3),
        Problem(tokens: 130, dimension: 64, group: 1, window: nil, isPacked: true),
        Problem(tokens: 193, dimension: 16, group: 1, window: 0, isPacked: true),
        Problem(tokens: 300, dimension: 4, group: 1, window: 100),
        Problem(tokens: 17, dimension: 256, group: 1, window: 3),
    ])
    private func gradients(problem: Problem) {
        let (attention, dOut) = problem.reference()
        let expected = attention.backward(dOut)
        for set in InstructionSet.available {
            for before in [nil, 0.5] {
                check(problem, set, attention, dOut, expected, before: before, tolerance: 1e-5)
            }
        }
    }

    /// Every key but a query's own is masked beyond reach: each output is the query's own value.
    @Test(arguments: InstructionSet.available, [-50000, -1e30, -Double.infinity])
    func maskedBeyondReach(set: InstructionSet, value: Double) {
        let problem = Problem(tokens: 100, dimension: 16, group: 1, window: 0)
        var (attention, dOut) = problem.reference()
        attention.mask = Array(repeating: value, count: 100)
        let got = Results(set, attention, dOut: dOut, before: nil)
        #expect(worstError(got.out, attention.v) < 1e-6)
        #expect(worstError(got.dV, dOut) < 1e-6)
        for gradient in [got.dQ, got.dK, got.dMask] {
            #expect(worstError(gradient, Array(repeating: 0, count: gradient.count)) < 1e-5)
        }
    }

    /// Scores far from zero neither overflow nor lose their row.
    @Test(arguments: InstructionSet.available)
    func largeScores(set: InstructionSet) {
        let problem = Problem(tokens: 65, dimension: 16, group: 1, window: nil)
        var (attention, dOut) = problem.reference()
        attention.q = attention.q.map { $0 * 64 }
        let expected = attention.forward()
        let got = Results(set, attention, dOut: dOut, before: nil)
        #expect(worstError(got.out, expected.out) < 5e-4)
        #expect((got.dQ + got.dK + got.dV).allSatisfy { $0.isFinite })
    }

    @Test(arguments: InstructionSet.available)
    func notANumberIsNotHidden(set: InstructionSet) {
        let problem = Problem(tokens: 20, dimension: 16, group: 1, window: nil)
        var (attention, dOut) = problem.reference()
        attention.q[7 * 16] = .nan
        let got = Results(set, attention, dOut: dOut, before: nil)
        for i in 0..<20 { #expect(got.out[i * 16].isNaN == (i == 7), "\(set) \(i)") }
        #expect(got.dK[0].isNaN)
    }
}
