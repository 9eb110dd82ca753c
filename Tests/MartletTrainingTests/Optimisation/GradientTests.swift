/// Clipping to a global norm, and noise that fades.

import Foundation
import MartletTraining
import Testing

@Suite struct GradientTests {
    @Test func theNormIsThatOfAllElements() {
        let gradient = (0..<40_003).map { Float($0 % 11) - 5 }
        let expected = gradient.map { Double($0) * Double($0) }.reduce(0, +)
        let whole = GradientClipping.squaredNorm(gradient, count: gradient.count)
        #expect(whole == expected)
        let divided = GradientClipping.squaredNorm(gradient, count: gradient.count) { count, body in
            for i in (0..<count).reversed() { body(i) }
        }
        #expect(divided.bitPattern == whole.bitPattern)
        #expect(GradientClipping.squaredNorm(gradient, count: 0) == 0)
    }

    @Test func onlyLongGradientsAreScaled() throws {
        let clipping = GradientClipping.globalNorm(1)
        #expect(clipping.scale(forNorm: 0) == 1)
        #expect(clipping.scale(forNorm: 0.99) == 1)
        #expect(clipping.scale(forNorm: 4) == Float(1 / (4 + 1e-6)))
        #expect(clipping.scale(forNorm: .infinity) == 0)
        #expect(clipping.scale(forNorm: .nan).isNaN)
        #expect(GradientClipping.none.scale(forNorm: 100) == 1)
        #expect(throws: OptimiserError.self) { try GradientClipping.globalNorm(0).check() }
        try GradientClipping.none.check()
    }

    @Test func noiseHasTheVarianceOfItsStep() throws {
        let noise = try GradientNoise(eta: 0.3, seed: 9)
        #expect(abs(noise.standardDeviation(atStep: 0) - 0.3.squareRoot()) < 1e-15)
        let count = 50_001
        for step in [0, 100] {
            var gradient = [Float](repeating: 2, count: count)
            noise.add(to: &gradient, count: count, parameter: 3, step: step)
            let mean = gradient.reduce(0.0) { $0 + Double($1) } / Double(count)
            let variance =
                gradient.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
                / Double(count)
            let expected = 0.3 / pow(1 + Double(step), 0.55)
            #expect(abs(mean - 2) < 4 * (expected / Double(count)).squareRoot())
            #expect(abs(variance / expected - 1) < 0.03)
        }
    }

    @Test func noiseDependsOnSeedStepAndTensorAlone() throws {
        func noise(
            seed: UInt64 = 1, parameter: Int = 0, step: Int = 0,
            parallel: @escaping ParallelLoop = serialLoop
        ) throws -> [Float] {
            var gradient = [Float](repeating: 0, count: 33_001)
            try GradientNoise(eta: 1, seed: seed).add(
                to: &gradient, count: gradient.count, parameter: parameter, step: step,
                parallel: parallel)
            return gradient
        }
        let first = try noise()
        #expect(try noise { count, body in for i in (0..<count).reversed() { body(i) } } == first)
        #expect(try noise(seed: 2) != first)
        #expect(try noise(parameter: 1) != first)
        #expect(try noise(step: 1) != first)
        // Blocks differ from each other.
        #expect(first[0..<100] != first[16_384..<16_484])
        #expect(throws: OptimiserError.self) { try GradientNoise(eta: -1, seed: 0) }
    }

    @Test func noNoiseLeavesGradientsAlone() throws {
        var gradient: [Float] = [1, -0.0, .nan]
        try GradientNoise(eta: 0, seed: 1).add(to: &gradient, count: 3, parameter: 0, step: 0)
        #expect(gradient[0] == 1 && gradient[1].sign == .minus && gradient[2].isNaN)
    }
}
