// Rows of training: the engine's own bits forward, differences of the f64 twins backward.

import CMartletKernels
import Foundation
import Testing

@testable import MartletKernels

@Suite struct TrainingRowTests {
    private static let counts = [1, 2, 15, 16, 17, 31, 33, 65, 100]

    private func training(_ set: InstructionSet) -> mk_training {
        KernelSet(set).table.pointee.training
    }

    /// What a gradient is added to when `add` is not 0, and what must not matter when it is.
    private func target(_ count: Int, add: Bool) -> (buffer: GuardedFloats, before: [Double]) {
        guard add else { return (GuardedFloats(count: count), Array(repeating: 0, count: count)) }
        let before = (0..<count).map { Float($0 % 7) * 0.25 - 0.5 }
        return (GuardedFloats(before), before.map(Double.init))
    }

    /// Whether `got` less what was there is `expected` to `tolerance` of its largest element.
    private func expectGradient(
        _ got: (buffer: GuardedFloats, before: [Double]), _ expected: [Double],
        tolerance: Double = 1e-5, _ what: String
    ) {
        let largest = expected.reduce(1e-3) { max($0, $1.magnitude) }
        let sums = zip(got.before, expected).map { $0 + $1 }
        let worst = worstError(got.buffer.array, sums) / max(largest, got.before.max() ?? 0)
        #expect(worst < tolerance && got.buffer.isIntact, "\(what): \(worst)")
    }

    private func weighted(_ dy: [Float], _ y: [Double]) -> Double {
        zip(dy, y).reduce(0) { $0 + Double($1.0) * $1.1 }
    }

    @Test(arguments: InstructionSet.available)
    func normsForwardAreTheEngines(set: InstructionSet) {
        let (kernels, training) = (KernelSet(set).table.pointee, training(set))
        for count in Self.counts {
            var random = CounterRandom(seed: 41, stream: UInt64(count))
            let (x, weight, bias) = (
                EdgeBuffer(random.floats(count)), EdgeBuffer(random.floats(count)),
                EdgeBuffer(random.floats(count))
            )
            let (expected, got) = (GuardedFloats(count: count), GuardedFloats(count: count))
            kernels.rms_norm(x.base, weight.base, 1e-5, Int32(count), expected.base)
            let inverse = training.rms_norm_forward(
                x.base, weight.base, 1e-5, Int32(count), got.base)
            #expect(sameBits(expected.array, got.array) && got.isIntact, "\(set) \(count)")
            let squares = x.array.reduce(0.0) { $0 + Double($1) * Double($1) }
            let root = (squares / Double(count) + 1e-5).squareRoot()
            #expect(abs(Double(inverse) * root - 1) < 1e-6)
            for bias in [bias.base, nil] {
                let stats = GuardedFloats(count: 2)
                kernels.layer_norm(x.base, weight.base, bias, 1e-5, Int32(count), expected.base)
                training.layer_norm_forward(
                    x.base, weight.base, bias, 1e-5, Int32(count), got.base, stats.base)
                #expect(sameBits(expected.array, got.array), "\(set) \(count)")
                #expect(got.isIntact && stats.isIntact)
                let mean = x.array.reduce(0.0) { $0 + Double($1) } / Double(count)
                #expect(abs(Double(stats.array[0]) - mean) < 1e-6)
            }
        }
    }

    @Test(arguments: InstructionSet.available, [false, true])
    func rmsNormBackward(set: InstructionSet, add: Bool) {
        let training = training(set)
        for count in Self.counts {
            var random = CounterRandom(seed: 42, stream: UInt64(count))
            let (x, weight, dy) = (
                EdgeBuffer(random.floats(count)), EdgeBuffer(random.floats(count)),
                EdgeBuffer(random.floats(count))
            )
            let out = GuardedFloats(count: count)
            let inverse = training.rms_norm_forward(
                x.base, weight.base, 1e-2, Int32(count), out.base)
            let (dX, dWeight) = (target(count, add: add), target(count, add: true))
            training.rms_norm_backward(
                x.base, weight.base, inverse, dy.base, Int32(count), dX.buffer.base, add ? 1 : 0,
                dWeight.buffer.base)
            let (xs, weights) = (x.array.map(Double.init), weight.array.map(Double.init))
            func loss(_ x: [Double], _ weight: [Double]) -> Double {
                weighted(dy.array, Reference.rmsNorm(x, weight: weight, epsilon: 1e-2))
            }
            expectGradient(
                dX, Reference.differences(at: xs) { loss($0, weights) }, "\(set) x \(count)")
            expectGradient(
                dWeight, Reference.differences(at: weights) { loss(xs, $0) },
                "\(set) weight \(count)")
        }
    }

    @Test(arguments: InstructionSet.available, [false, true])
    func layerNormBackward(set: InstructionSet, add: Bool) {
        let training = training(set)
        for count in Self.counts {
            var random = CounterRandom(seed: 43, stream: UInt64(count))
            let (x, weight, bias, dy) = (
                EdgeBuffer(random.floats(count)), EdgeBuffer(random.floats(count)),
                EdgeBuffer(random.floats(count)), EdgeBuffer(random.floats(count))
            )
            let (out, stats) = (GuardedFloats(count: count), GuardedFloats(count: 2))
            training.layer_norm_forward(
                x.base, weight.base, bias.base, 1e-2, Int32(count), out.base, stats.base)
            let dX = target(count, add: add)
            let (dWeight, dBias) = (target(count, add: true), target(count, add: true))
            training.layer_norm_backward(
                x.base, weight.base, stats.base, dy.base, Int32(count), dX.buffer.base,
                add ? 1 : 0, dWeight.buffer.base, add ? nil : dBias.buffer.base)
            let (xs, weights, biases) = (
                x.array.map(Double.init), weight.array.map(Double.init),
                bias.array.map(Double.init)
            )
            func loss(_ x: [Double], _ weight: [Double], _ bias: [Double]) -> Double {
                weighted(
                    dy.array, Reference.layerNorm(x, weight: weight, bias: bias, epsilon: 1e-2))
            }
            expectGradient(
                dX, Reference.differences(at: xs) { loss($0, weights, biases) },
                "\(set) x \(count)")
            expectGradient(
                dWeight, Reference.differences(at: weights) { loss(xs, $0, biases) },
                "\(set) weight \(count)")
            let dBiases = dy.array.map { add ? 0 : Double($0) }
            expectGradient(dBias, dBiases, "\(set) bias \(count)")
        }
    }

    @Test(arguments: InstructionSet.available)
    func rotationBothWays(set: InstructionSet) {
        let (kernels, training) = (KernelSet(set).table.pointee, training(set))
        for half in Self.counts {
            var random = CounterRandom(seed: 44, stream: UInt64(half))
            let x = random.floats(2 * half)
            let angles = random.floats(half, magnitude: 100)
            let (c, s) = (EdgeBuffer(angles.map { cos($0) }), EdgeBuffer(angles.map { sin($0) }))
            let (input, expected) = (EdgeBuffer(x), GuardedFloats(x))
            kernels.rotate(expected.base, c.base, s.base, Int32(half))
            let out = GuardedFloats(count: 2 * half)
            training.rotate_training(input.base, c.base, s.base, Int32(half), 0, 0, out.base)
            #expect(sameBits(out.array, expected.array) && out.isIntact, "\(set) \(half)")
            // The inverse is the transpose, so it is the derivative; here also in place.
            training.rotate_training(out.base, c.base, s.base, Int32(half), 1, 0, out.base)
            #expect(worstError(out.array, x.map(Double.init)) < 4e-7 && out.isIntact)
            training.rotate_training(input.base, c.base, s.base, Int32(half), 0, 1, out.base)
            let sums = zip(x, expected.array).map { Double($0) + Double($1) }
            #expect(worstError(out.array, sums) < 1e-6 && out.isIntact)
        }
    }

    /// Over magnitudes where the functions bend and where they end.
    @Test(arguments: InstructionSet.available, [Float(1), 10, 200])
    func activations(set: InstructionSet, magnitude: Float) {
        let (kernels, training) = (KernelSet(set).table.pointee, training(set))
        for (count, add) in zip(
            Self.counts, [false, true, false, true, true, false, true, true, false])
        {
            var random = CounterRandom(seed: 45, stream: UInt64(count))
            let (x, up, dy) = (
                EdgeBuffer(random.floats(count, magnitude: magnitude)),
                EdgeBuffer(random.floats(count)), EdgeBuffer(random.floats(count))
            )
            let flag: Int32 = add ? 1 : 0
            let (expected, got) = (GuardedFloats(x.array), GuardedFloats(count: count))
            kernels.swiglu(expected.base, up.base, Int32(count))
            training.swiglu_forward(x.base, up.base, Int32(count), got.base)
            #expect(sameBits(expected.array, got.array) && got.isIntact, "\(set) \(count)")
            let (dGate, dUp) = (target(count, add: add), target(count, add: !add))
            training.swiglu_backward(
                x.base, up.base, dy.base, Int32(count), dGate.buffer.base, flag,
                dUp.buffer.base, 1 - flag)
            func slopes(_ f: (Double) -> Double) -> [Double] {
                x.array.map { x in Reference.differences(at: [Double(x)]) { f($0[0]) }[0] }
            }
            let ups = zip(up.array, dy.array).map { Double($0) * Double($1) }
            expectGradient(
                dGate, zip(slopes(Reference.silu), ups).map { $0 * $1 }, "\(set) gate \(count)")
            expectGradient(
                dUp, zip(x.array, dy.array).map { Reference.silu(Double($0)) * Double($1) },
                "\(set) up \(count)")
            for approximate: Int32 in [0, 1] {
                let (expected, got) = (GuardedFloats(x.array), GuardedFloats(count: count))
                kernels.gelu(expected.base, Int32(count), approximate)
                training.gelu_forward(x.base, Int32(count), approximate, got.base)
                #expect(sameBits(expected.array, got.array) && got.isIntact, "\(set) \(count)")
                let dX = target(count, add: add)
                training.gelu_backward(
                    x.base, dy.base, Int32(count), approximate, dX.buffer.base, flag)
                let slopes = slopes(approximate == 0 ? Reference.gelu : Reference.geluTanh)
                expectGradient(
                    dX, zip(slopes, dy.array).map { $0 * Double($1) },
                    "\(set) gelu \(approximate) \(count)")
            }
        }
    }

    @Test(arguments: InstructionSet.available, [false, true])
    func losses(set: InstructionSet, add: Bool) {
        let training = training(set)
        for count in Self.counts + [1000] {
            var random = CounterRandom(seed: 46, stream: UInt64(count))
            let (x, teacher) = (
                EdgeBuffer(random.floats(count, magnitude: 8)),
                EdgeBuffer(random.floats(count, magnitude: 8))
            )
            let (xs, teachers) = (x.array.map(Double.init), teacher.array.map(Double.init))
            let lse = training.log_sum_exp(x.base, Int32(count))
            let teacherLSE = training.log_sum_exp(teacher.base, Int32(count))
            #expect(abs(Double(lse) - Reference.logSumExp(xs)) < 2e-6, "\(set) \(count)")
            let kl = training.kl_forward(x.base, lse, teacher.base, teacherLSE, Int32(count))
            let exact = Reference.divergence(xs, from: teachers)
            #expect(abs(Double(kl) - exact) < 1e-5, "\(set) \(count)")
            guard count < 1000 else { continue }
            let flag: Int32 = add ? 1 : 0
            for place in Set([0, count / 2, count - 1]) {
                let dX = target(count, add: add)
                training.cross_entropy_backward(
                    x.base, Int32(count), lse, Int32(place), 0.5, dX.buffer.base, flag)
                let expected = Reference.differences(at: xs) {
                    0.5 * Reference.crossEntropy($0, target: place)
                }
                expectGradient(dX, expected, "\(set) cross entropy \(place) of \(count)")
            }
            let dX = target(count, add: add)
            training.kl_backward(
                x.base, lse, teacher.base, teacherLSE, kl, 0.5, Int32(count), dX.buffer.base, flag)
            let expected = Reference.differences(at: xs) {
                0.5 * Reference.divergence($0, from: teachers)
            }
            expectGradient(dX, expected, tolerance: 2e-5, "\(set) divergence of \(count)")
        }
    }

    /// Impossible tokens have probability 0 and no gradient; what is not a number stays that.
    @Test(arguments: InstructionSet.available)
    func lossesOfSpecialValues(set: InstructionSet) {
        let training = training(set)
        for (count, place) in [(5, 2), (40, 3), (40, 39), (100, 70)] {
            var random = CounterRandom(seed: 47, stream: UInt64(count))
            var x = random.floats(count)
            x[place] = -.infinity
            let (edge, out) = (EdgeBuffer(x), GuardedFloats(count: count))
            let lse = training.log_sum_exp(edge.base, Int32(count))
            let rest = x.indices.filter { $0 != place }.map { Double(x[$0]) }
            #expect(abs(Double(lse) - Reference.logSumExp(rest)) < 1e-6)
            #expect(training.kl_forward(edge.base, lse, edge.base, lse, Int32(count)) == 0)
            training.cross_entropy_backward(
                edge.base, Int32(count), lse, Int32(place == 0 ? 1 : 0), 1, out.base, 0)
            #expect(out.array[place] == 0 && out.array.allSatisfy { $0.isFinite })
            x[place] = .nan
            let broken = EdgeBuffer(x)
            #expect(training.log_sum_exp(broken.base, Int32(count)).isNaN, "\(set) \(count)")
        }
    }

    @Test(arguments: InstructionSet.available)
    func sums(set: InstructionSet) {
        let training = training(set)
        for count in [0] + Self.counts + [1000] {
            var random = CounterRandom(seed: 48, stream: UInt64(count))
            let (x, y) = (EdgeBuffer(random.floats(count)), random.floats(count))
            let squares = x.array.reduce(0.0) { $0 + Double($1) * Double($1) }
            #expect(abs(training.sum_of_squares(x.base, count) - squares) <= 1e-12 * squares)
            let (added, replaced) = (GuardedFloats(y), GuardedFloats(count: count))
            training.accumulate(added.base, x.base, 0.3, 1, Int32(count))
            training.accumulate(replaced.base, x.base, 0.3, 0, Int32(count))
            let products = x.array.map { Double($0) * Double(Float(0.3)) }
            #expect(worstError(replaced.array, products) < 1e-7 && replaced.isIntact)
            let sums = zip(y, products).map { Double($0) + $1 }
            #expect(worstError(added.array, sums) < 2e-7 && added.isIntact, "\(set) \(count)")
        }
    }
}
