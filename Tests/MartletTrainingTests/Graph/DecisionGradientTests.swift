// Derivatives of what retrofits add: decisions, budgets, borrowed channels and running means.

import Foundation
import MartletKernels
import Testing

@testable import MartletTraining

@Suite struct DecisionGradientTests {
    /// Two rows of two documents each: 5 + 4 and 3 + 6 tokens.
    static let starts = [0, 0, 0, 0, 0, 5, 5, 5, 5, 0, 0, 0, 3, 3, 3, 3, 3, 3]
    static let (sequences, length, heads) = (2, 9, 2)
    static let rows = 18

    static func document(_ row: Int) -> Int { row / length * length + starts[row] }

    /// The mask of a verdict read `shift` later, in float64.
    static func mask(
        _ raw: [Double], _ noise: [Double], _ p: EvictionParameters, shift: Int
    ) -> [Double] {
        var out = [Double](repeating: 0, count: rows * heads)
        for row in 0..<rows {
            let judge = row + shift
            guard judge < rows, document(judge) == document(row) else { continue }
            for head in 0..<heads {
                let at = judge * heads + (p.isPerLayer ? 0 : head)
                let z =
                    (raw[at] * Double(p.scale) - Double(p.offset) + noise[at])
                    / Double(p.temperature)
                out[row * heads + head] = -(max(z, 0) + log1p(exp(-abs(z))))
            }
        }
        return out
    }

    @Test(arguments: VerdictTiming.allCases, [false, true])
    func decisions(timing: VerdictTiming, isPerLayer: Bool) throws {
        var random = CounterRandom(seed: 5)
        var p = EvictionParameters()
        (p.timing, p.isPerLayer, p.window) = (timing, isPerLayer, 3)
        (p.scale, p.offset, p.temperature) = (2, 0.5, 0.7)
        let count = Self.rows * Self.heads
        let (raw, noise, weights) = (
            random.floats(count, magnitude: 2), random.floats(count), random.floats(count)
        )
        let graph = Graph()
        let batch = BatchInputs(graph, sequences: Self.sequences, length: Self.length)
        let given = graph.given(rows: Self.rows, columns: Self.heads, name: "noise")
        let source = try parameter("raw", [Self.rows, Self.heads], raw)
        let decision = graph.evictionDecision(
            raw: graph.parameter(source), noise: given, batch: batch, head: p)
        graph.keep(decision.bits)
        graph.probe(decision.mask, weights)
        let machine = try TrainingMachine(threads: 2)
        let run = try GraphRun(graph, machine)
        run.set(given, noise)
        run.set(batch.starts, Self.starts)
        run.forward()
        run.backward()
        let shift = timing == .late ? 3 : 1
        let wanted = noise.map(Double.init)
        func reference(_ x: [Double]) -> Double {
            zip(Self.mask(x, wanted, p, shift: shift), weights).reduce(0) {
                $0 + $1.0 * Double($1.1)
            }
        }
        #expect(abs(Double(run.loss) - reference(raw.map(Double.init))) < 1e-5)
        #expect(worstSlopeError(raw, Array(source.gradient!), reference) < 1e-5)
        // Bits say what inference would decide.
        for row in 0..<Self.rows {
            for head in 0..<Self.heads {
                let at = row * Self.heads + (isPerLayer ? 0 : head)
                let isMarked = raw[at] * p.scale - p.offset + noise[at] > 0
                #expect(run.elements(decision.bits)[row * Self.heads + head] == (isMarked ? 1 : 0))
            }
        }
    }

    /// The budget's slope is that of p, straight through, and nothing once there is enough.
    @Test(arguments: [1, 3.5]) func budget(weight: Float) throws {
        var random = CounterRandom(seed: 6)
        var p = EvictionParameters()
        (p.scale, p.offset, p.temperature) = (1, 0, 1)
        let count = Self.rows * Self.heads
        let raw = random.floats(count, magnitude: 3)
        let graph = Graph()
        let batch = BatchInputs(graph, sequences: Self.sequences, length: Self.length)
        let noise = graph.given(rows: Self.rows, columns: Self.heads, name: "noise")
        let target = graph.given(rows: 1, columns: 1, name: "target")
        let source = try parameter("raw", [Self.rows, Self.heads], raw)
        let decision = graph.evictionDecision(
            raw: graph.parameter(source), noise: noise, batch: batch, head: p)
        let budget = graph.budget(
            [decision.bits, decision.bits], target: target, batch: batch, weight: Double(weight))
        graph.addLoss(budget.loss)
        graph.keep(budget.shares)
        let machine = try TrainingMachine(threads: 1)
        let run = try GraphRun(graph, machine)
        run.set(batch.starts, Self.starts)
        // The last two tokens of the second row are padding.
        let real = (0..<Self.rows).map { Float($0 < 16 ? 1 : 0) }
        run.set(batch.real, real)
        for wanted: Float in [0.9, 0.0] {
            run.set(target, [wanted])
            graph.clearGradients()
            run.forward()
            run.backward()
            var loss: Float = 0
            for sequence in 0..<Self.sequences {
                let tokens = sequence == 0 ? 9 : 7
                let marked = (0..<tokens * Self.heads).filter {
                    raw[sequence * Self.length * Self.heads + $0] > 0
                }.count
                loss += weight * max(0, wanted - Float(marked) / Float(tokens * Self.heads)) / 2
            }
            #expect(abs(run.loss - loss) < 1e-6)
            for at in 0..<count {
                let tokens: Float = at < 18 ? 9 : 7
                let s = 1 / (1 + exp(-raw[at]))
                let slope =
                    wanted > 0 && real[at / 2] != 0
                    ? -weight * s * (1 - s) / (2 * Float(Self.heads) * tokens) : 0
                #expect(abs(source.gradient![at] - slope) < 1e-7)
            }
        }
    }

    /// Means over at most `window` members of one document, and their slopes by x, alpha and omega.
    @Test(arguments: [1, 2, 3, 12])
    func runningMean(window: Int) throws {
        var random = CounterRandom(seed: 7)
        let (dimension, columns) = (3, 6)
        let x = random.floats(Self.rows * columns)
        var alpha = random.floats(Self.rows * Self.heads).map { 0.5 + 0.4 * $0 }
        for row in 0..<Self.rows where Self.document(row) == row {
            for head in 0..<Self.heads { alpha[row * Self.heads + head] = 0 }
        }
        let omega = random.floats(Self.rows * Self.heads).map { 0.8 + 0.3 * $0 }
        let weights = random.floats(Self.rows * columns)
        let graph = Graph()
        let batch = BatchInputs(graph, sequences: Self.sequences, length: Self.length)
        let sources = [
            try parameter("x", [Self.rows, columns], x),
            try parameter("alpha", [Self.rows, Self.heads], alpha),
            try parameter("omega", [Self.rows, Self.heads], omega),
        ]
        let y = graph.runningMean(
            graph.parameter(sources[0]), alpha: graph.parameter(sources[1]),
            omega: graph.parameter(sources[2]), batch: batch, window: window)
        graph.probe(y, weights)
        let machine = try TrainingMachine(threads: 2)
        let run = try GraphRun(graph, machine)
        run.set(batch.starts, Self.starts)
        run.forward()
        run.backward()
        func mean(_ x: [Double], _ alpha: [Double], _ omega: [Double]) -> Double {
            var loss = 0.0
            for row in 0..<Self.rows {
                for head in 0..<Self.heads {
                    var sums = [Double](repeating: 0, count: dimension)
                    var (total, product) = (0.0, 1.0)
                    var member = row
                    while member >= Self.document(row), member > row - window {
                        let weight = product * omega[member * Self.heads + head]
                        total += weight
                        for c in 0..<dimension {
                            sums[c] += weight * x[member * columns + head * dimension + c]
                        }
                        product *= alpha[member * Self.heads + head]
                        member -= 1
                    }
                    for c in 0..<dimension {
                        loss +=
                            sums[c] / total
                            * Double(weights[row * columns + head * dimension + c])
                    }
                }
            }
            return loss
        }
        let (dx, da, dw) = (x.map(Double.init), alpha.map(Double.init), omega.map(Double.init))
        #expect(abs(Double(run.loss) - mean(dx, da, dw)) < 1e-5)
        let gradients = sources.map { Array($0.gradient!) }
        #expect(worstSlopeError(x, gradients[0]) { mean($0, da, dw) } < 1e-5)
        #expect(worstSlopeError(omega, gradients[2]) { mean(dx, da, $0) } < 1e-5)
        // A document's first alpha is fixed; its slope would be that of a token before the document.
        var slopes = gradients[1]
        for row in 0..<Self.rows where Self.document(row) == row {
            for head in 0..<Self.heads { slopes[row * Self.heads + head] = 0 }
        }
        #expect(worstSlopeError(alpha, slopes) { mean(dx, $0, dw) } < 1e-5)
    }
}
