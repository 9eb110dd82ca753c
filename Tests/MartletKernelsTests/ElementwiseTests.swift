// Norms, rotations, activations, sums and choices of one row.

import CMartletKernels
import Foundation
import Testing

@testable import MartletKernels

@Suite struct ElementwiseTests {
    /// Tolerance 3e-7 of the largest output.
    @Test(arguments: InstructionSet.available)
    func norms(set: InstructionSet) {
        let kernels = KernelSet(set).table.pointee
        for count in awkwardCounts {
            for (magnitude, offset) in [(Float(1), Float(0)), (100, 5), (1e-4, 0)] {
                var random = CounterRandom(seed: 11, stream: UInt64(count))
                let x = random.floats(count, magnitude: magnitude).map { $0 + offset }
                let (weight, bias) = (random.floats(count), random.floats(count))
                let (inputs, weights, biases) = (
                    EdgeBuffer(x), EdgeBuffer(weight), EdgeBuffer(bias)
                )
                let out = (0..<3).map { _ in GuardedFloats(count: count) }
                kernels.rms_norm(inputs.base, weights.base, 1e-5, Int32(count), out[0].base)
                kernels.layer_norm(
                    inputs.base, weights.base, biases.base, 1e-5, Int32(count), out[1].base)
                kernels.layer_norm(inputs.base, weights.base, nil, 1e-5, Int32(count), out[2].base)
                let expected = [
                    Reference.rmsNorm(x, weight: weight, epsilon: 1e-5),
                    Reference.layerNorm(x, weight: weight, bias: bias, epsilon: 1e-5),
                    Reference.layerNorm(x, weight: weight, bias: nil, epsilon: 1e-5),
                ]
                for (i, (got, expected)) in zip(out, expected).enumerated() {
                    let largest = expected.reduce(0) { max($0, $1.magnitude) }
                    let worst = worstError(got.array, expected) / max(1, largest)
                    #expect(worst < 3e-7 && got.isIntact, "\(set) norm \(i) of \(count)")
                }
            }
        }
    }

    /// Norms may be computed in place.
    @Test(arguments: InstructionSet.available)
    func normsInPlace(set: InstructionSet) {
        let kernels = KernelSet(set).table.pointee
        var random = CounterRandom(seed: 12)
        for count in [1, 17, 100] {
            let (x, weight) = (random.floats(count), EdgeBuffer(random.floats(count)))
            let (inputs, apart, inPlace) = (
                EdgeBuffer(x), GuardedFloats(count: count), GuardedFloats(x)
            )
            kernels.rms_norm(inputs.base, weight.base, 1e-5, Int32(count), apart.base)
            kernels.rms_norm(inPlace.base, weight.base, 1e-5, Int32(count), inPlace.base)
            #expect(sameBits(apart.array, inPlace.array))
        }
    }

    /// Tolerance 1.5e-7 for inputs up to 1.
    @Test(arguments: InstructionSet.available)
    func rotation(set: InstructionSet) {
        for half in [1, 3, 4, 8, 15, 16, 17, 19, 32, 40, 64, 100] {
            var random = CounterRandom(seed: 13, stream: UInt64(half))
            let x = random.floats(2 * half)
            let angles = random.floats(half, magnitude: 100)
            let (cosines, sines) = (angles.map { cos($0) }, angles.map { sin($0) })
            let out = GuardedFloats(x)
            let (c, s) = (EdgeBuffer(cosines), EdgeBuffer(sines))
            KernelSet(set).table.pointee.rotate(out.base, c.base, s.base, Int32(half))
            let worst = worstError(
                out.array, Reference.rotate(x, cosines: cosines, sines: sines))
            #expect(worst < 1.5e-7 && out.isIntact, "\(set), \(half) pairs")
        }
    }

    @Test(arguments: InstructionSet.available)
    func addition(set: InstructionSet) {
        for count in [0] + awkwardCounts {
            var random = CounterRandom(seed: 14, stream: UInt64(count))
            let (a, b) = (random.floats(count), random.floats(count))
            let (out, x) = (GuardedFloats(a), EdgeBuffer(b))
            KernelSet(set).table.pointee.add(out.base, x.base, Int32(count))
            #expect(
                sameBits(out.array, zip(a, b).map { $0 + $1 }) && out.isIntact, "\(set) \(count)")
        }
    }

    /// Tolerance 3e-7 of max(1, |y|), over magnitudes where the functions bend and where they end.
    @Test(arguments: InstructionSet.available, [Float(1), 10, 200])
    func activations(set: InstructionSet, magnitude: Float) {
        let kernels = KernelSet(set).table.pointee
        for count in [0] + awkwardCounts {
            var random = CounterRandom(seed: 15, stream: UInt64(count))
            let (x, up) = (random.floats(count, magnitude: magnitude), random.floats(count))
            let out = (0..<5).map { _ in GuardedFloats(x) }
            let ups = EdgeBuffer(up)
            kernels.gelu(out[0].base, Int32(count), 0)
            kernels.gelu(out[1].base, Int32(count), 1)
            kernels.swiglu(out[2].base, ups.base, Int32(count))
            kernels.soft_cap(out[3].base, Int32(count), 3)
            kernels.swiglu_clamped(out[4].base, ups.base, Int32(count), 1.702, 0.8)
            let expected = [
                x.map { Reference.gelu(Double($0)) }, x.map { Reference.geluTanh(Double($0)) },
                zip(x, up).map { Reference.silu(Double($0)) * Double($1) },
                x.map { 3 * tanh(Double($0) / 3) },
                zip(x, up).map {
                    Reference.swigluClamped(
                        Double($0), Double($1), alpha: Double(Float(1.702)),
                        limit: Double(Float(0.8)))
                },
            ]
            for (i, (got, expected)) in zip(out, expected).enumerated() {
                let worst = zip(got.array, expected)
                    .map { worstError([$0], [$1]) / max(1, $1.magnitude) }.max()
                #expect(worst ?? 0 < 3e-7 && got.isIntact, "\(set) activation \(i) of \(count)")
            }
        }
    }

    /// A value does not depend on its place in the row: partial vectors compute as whole ones do.
    @Test(arguments: InstructionSet.available)
    func activationsDoNotDependOnThePlace(set: InstructionSet) {
        let kernels = KernelSet(set).table.pointee
        var random = CounterRandom(seed: 16)
        let (x, up) = (random.floats(40, magnitude: 5), random.floats(40))
        let whole = (0..<4).map { _ in GuardedFloats(x) }
        let ups = EdgeBuffer(up)
        kernels.gelu(whole[0].base, 40, 0)
        kernels.gelu(whole[1].base, 40, 1)
        kernels.swiglu(whole[2].base, ups.base, 40)
        kernels.swiglu_clamped(whole[3].base, ups.base, 40, 1.702, 3)
        for i in 0..<40 {
            let single = (0..<4).map { _ in GuardedFloats([x[i]]) }
            kernels.gelu(single[0].base, 1, 0)
            kernels.gelu(single[1].base, 1, 1)
            kernels.swiglu(single[2].base, ups.base + i, 1)
            kernels.swiglu_clamped(single[3].base, ups.base + i, 1, 1.702, 3)
            for (a, b) in zip(whole, single) { #expect(sameBits(a.base + i, b.base, 1)) }
        }
    }

    @Test(arguments: InstructionSet.available)
    func quantisation(set: InstructionSet) {
        let quantise = KernelSet(set).table.pointee.quantise
        for count in [0] + awkwardCounts {
            for magnitude: Float in [0, 1e-30, 1e-3, 1, 1e4] {
                var random = CounterRandom(seed: 17, stream: UInt64(count))
                let x = random.floats(count, magnitude: magnitude)
                let blocks = (count + 31) / 32
                let (quants, sums) = (
                    EdgeBuffer<Int8>(count: blocks * 32), EdgeBuffer<Int32>(count: blocks * 2)
                )
                let (inputs, scales) = (EdgeBuffer(x), GuardedFloats(count: blocks))
                quantise(inputs.base, Int32(count), quants.base, scales.base, sums.base)
                let expected = Reference.quantise(x)
                #expect(quants.array == expected.quants, "\(set) \(count) x \(magnitude)")
                #expect(sums.array == expected.sums, "\(set) \(count) x \(magnitude)")
                #expect(sameBits(scales.array, expected.scales) && scales.isIntact)
            }
        }
    }

    /// A value that is not a number must reach the logits, where the engine says so: an integer
    /// cannot hold it, so the block's scale does.
    @Test(arguments: InstructionSet.available, [0, 7, 16, 31])
    func notANumberSurvivesQuantisation(set: InstructionSet, place: Int) {
        var x = [Float](repeating: 0.5, count: 40)
        x[place] = .nan
        let (quants, sums) = (EdgeBuffer<Int8>(count: 64), EdgeBuffer<Int32>(count: 4))
        let (inputs, scales) = (EdgeBuffer(x), GuardedFloats(count: 2))
        KernelSet(set).table.pointee.quantise(
            inputs.base, 40, quants.base, scales.base, sums.base)
        #expect(scales.array[0].isNaN && scales.array[1] == 0.5 / 127)
    }

    @Test(arguments: InstructionSet.available)
    func argmaxTakesTheLowestOfTheLargest(set: InstructionSet) {
        let kernels = KernelSet(set)
        func argmax(_ x: [Float]) -> Int? {
            let edge = EdgeBuffer(x)
            return kernels.argmax(UnsafeBufferPointer(start: edge.base, count: edge.count))
        }
        #expect(argmax([]) == nil)
        #expect(kernels.argmax(UnsafeBufferPointer(start: nil, count: 0)) == nil)
        for count in awkwardCounts {
            var random = CounterRandom(seed: 18, stream: UInt64(count))
            let x = random.floats(count)
            #expect(argmax(x) == Reference.argmax(x))
            // Few distinct values, so that most are tied.
            let tied = x.map { ($0 * 2).rounded() }
            #expect(argmax(tied) == Reference.argmax(tied))
            #expect(argmax(Array(repeating: -.infinity, count: count)) == 0)
            #expect(argmax(Array(repeating: -.greatestFiniteMagnitude, count: count)) == 0)
            for i in Set([0, count / 2, count - 1]) {
                var special = x
                special[i] = .infinity
                #expect(argmax(special) == i)
                special[i] = .nan
                #expect(argmax(special) == nil, "\(set), NaN at \(i) of \(count)")
            }
        }
        #expect(argmax([-0.0, 0.0]) == 0)
    }

    @Test(arguments: InstructionSet.available)
    func readBytesSumsWords(set: InstructionSet) {
        let read = KernelSet(set).table.pointee.read_bytes
        for count in [0, 512, 1024, 512 * 33] {
            var random = CounterRandom(seed: 19, stream: UInt64(count))
            let words = (0..<count / 8).map { _ in random.next() }
            let buffer = EdgeBuffer(words)
            let sum = words.reduce(UInt64(0)) { $0 &+ $1 }
            #expect(
                read(buffer.bytes.baseAddress!.assumingMemoryBound(to: UInt8.self), count) == sum)
        }
    }

    /// As many multiplications as lanes, sums and rounds make, twice as many of half as wide numbers.
    @Test(arguments: InstructionSet.available)
    func multiplicationsAreCounted(set: InstructionSet) {
        let multiply = KernelSet(set).table.pointee.multiply
        let floats = multiply(ProductKind.floats.code, 10)
        #expect(floats > 0 && floats % 160 == 0)
        #expect(multiply(ProductKind.floats.code, 30) == 3 * floats)
        #expect(multiply(ProductKind.pairs.code, 10) == 2 * floats)
        #expect(multiply(ProductKind.bytes.code, 10) == 4 * floats)
    }
}
