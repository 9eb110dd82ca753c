// Losses over the vocabulary in blocks: values and derivatives against float64, the same bits on any number of threads.

import Foundation
import MartletKernels
import Testing

@testable import MartletTraining

@Suite struct HeadLossTests {
    private static let (rows, width, vocabulary) = (7, 5, 19)
    private static let weights: [Float] = [1, 0, 0.5, 2, 1, 0, 1]
    private static let targets = [3, 0, 18, 7, 7, 2, 11]
    private static let total: Float = 6

    private static func logits(_ x: [Double], _ head: [Double], _ row: Int) -> [Double] {
        (0..<vocabulary).map { token in
            (0..<width).reduce(0) { $0 + x[row * width + $1] * head[token * width + $1] }
        }
    }

    private static func logProbabilities(_ logits: [Double]) -> [Double] {
        let top = logits.max()!
        let lse = top + log(logits.reduce(0) { $0 + exp($1 - top) })
        return logits.map { $0 - lse }
    }

    /// The loss in float64; without a teacher, of the targets.
    private static func reference(
        _ x: [Double], _ head: [Double], teacher: (rows: [Double], head: [Double])?
    ) -> Double {
        var sum = 0.0
        for row in 0..<rows where weights[row] != 0 {
            let mine = logProbabilities(logits(x, head, row))
            var loss = -mine[targets[row]]
            if let teacher {
                let its = logProbabilities(logits(teacher.rows, teacher.head, row))
                loss = zip(mine, its).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
            }
            sum += Double(weights[row]) * loss
        }
        return sum / Double(total)
    }

    private struct Made {
        let run: GraphRun
        let x: Parameter
        let head: Parameter
        let teacher: (rows: [Float], head: [Float])
    }

    private static func make(
        distils: Bool, blockRows: Int, threads: Int, learns: Bool = true
    ) throws -> Made {
        var random = CounterRandom(seed: 31)
        let graph = Graph()
        let x = try parameter("x", [rows, width], random.floats(rows * width, magnitude: 2))
        let head = try parameter("head", [vocabulary, width], random.floats(vocabulary * width))
        let its = (
            rows: random.floats(rows * width, magnitude: 2),
            head: random.floats(vocabulary * width)
        )
        let tokens = graph.integers(count: rows)
        let weight = graph.given(rows: rows, columns: 1, name: "weights")
        let whole = graph.given(rows: 1, columns: 1, name: "total")
        let itsRows = graph.given(rows: rows, columns: width, name: "teacher")
        let itsHead = graph.given(rows: vocabulary, columns: width, name: "teacher's head")
        let loss = graph.headLoss(
            graph.parameter(x), head: graph.parameter(head),
            target: distils ? .teacher(rows: itsRows, head: itsHead) : .tokens(tokens),
            weights: weight, total: whole, learns: learns, blockFloats: blockRows * vocabulary)
        graph.addLoss(loss, weight: 0.5)
        let run = try GraphRun(
            graph, try TrainingMachine(threads: threads), isTraining: learns)
        run.set(tokens, targets)
        run.set(weight, weights)
        run.set(whole, [total])
        run.set(itsRows, its.rows)
        run.set(itsHead, its.head)
        return Made(run: run, x: x, head: head, teacher: its)
    }

    @Test(arguments: [false, true], [2, 4, 100])
    func againstFloat64(distils: Bool, blockRows: Int) throws {
        let made = try Self.make(distils: distils, blockRows: blockRows, threads: 2)
        made.run.forward()
        made.run.backward()
        let teacher =
            distils
            ? (rows: made.teacher.rows.map(Double.init), head: made.teacher.head.map(Double.init))
            : nil
        let (x, head) = (Array(made.x.values), Array(made.head.values))
        let (exactX, exactHead) = (x.map(Double.init), head.map(Double.init))
        let wanted = 0.5 * Self.reference(exactX, exactHead, teacher: teacher)
        #expect(abs(Double(made.run.loss) - wanted) < 1e-6)
        let dx = try #require(made.x.gradient)
        let dHead = try #require(made.head.gradient)
        #expect(
            worstSlopeError(x, Array(dx)) {
                0.5 * Self.reference($0, exactHead, teacher: teacher)
            } < 1e-5)
        #expect(
            worstSlopeError(head, Array(dHead)) {
                0.5 * Self.reference(exactX, $0, teacher: teacher)
            } < 1e-5)
        // A second pass adds the same again.
        let before = Array(dHead)
        made.run.forward()
        made.run.backward()
        #expect(zip(dHead, before).allSatisfy { abs($0 - 2 * $1) < 1e-6 })
    }

    @Test(arguments: [false, true]) func threadsChangeNoBit(distils: Bool) throws {
        let one = try Self.make(distils: distils, blockRows: 3, threads: 1)
        let three = try Self.make(distils: distils, blockRows: 3, threads: 3)
        for made in [one, three] {
            made.run.forward()
            made.run.backward()
        }
        #expect(one.run.loss == three.run.loss)
        #expect(Array(one.x.gradient!) == Array(three.x.gradient!))
        #expect(Array(one.head.gradient!) == Array(three.head.gradient!))
    }

    /// Without a backward there is memory for a block of logits and not for all, and the loss is the same.
    @Test func forwardAlone() throws {
        let learning = try Self.make(distils: false, blockRows: 2, threads: 1)
        let measuring = try Self.make(distils: false, blockRows: 2, threads: 1, learns: false)
        learning.run.forward()
        measuring.run.forward()
        #expect(learning.run.loss == measuring.run.loss)
        #expect(measuring.run.arenaBytes < learning.run.arenaBytes)
        #expect(measuring.run.arenaBytes < 4 * Self.rows * Self.vocabulary + 4 * 16 * 4)
    }
}
