// Experts that a router chooses for each token: only their weights are read, each once a step.

import CMartletKernels
import Foundation
import MartletKernels

/// The sum of some experts' MLPs, weighed by a router, added to the residual stream.
///
/// The rows of a step are put in the order of their experts, so that one product serves all rows of an expert. Each row's
/// sum runs over its experts from the most likely on, the shared one last, whatever rows are beside it.
struct RoutedExperts: FeedForward {
    let shape: ExpertShape
    let norm: Norm?
    let router: Linear
    /// The logit of what the shared expert counts for.
    let sharedRouter: Linear?
    /// The experts, the shared one last.
    let experts: [Expert]
    let endNorm: Norm?
    let scale: Float
    /// What lies between an expert's products.
    let kind: FeedForwardKind

    var matrices: [PackedMatrix] {
        router.matrices + (sharedRouter?.matrices ?? [])
            + experts.flatMap { $0.gateUp.matrices + $0.down.matrices }
    }

    /// Bytes of the experts that a token does not run through.
    var idleBytes: Int {
        let all = experts.prefix(shape.count).reduce(0) { $0 + $1.byteCount }
        return all / shape.count * (shape.count - shape.perToken)
    }

    func callAsFunction(_ rows: StepRows) {
        let step = rows.step
        guard let scratch = step.experts else {
            preconditionFailure("RoutedExperts: a step without room for experts")
        }
        let size = step.shape.hiddenSize
        let normed = rows.activation(
            of: step.hidden, stride: size, columns: size, norm: norm, quantised: false)
        let logits = scratch.logits
        router(rows, normed, out: logits, outStride: scratch.logitStride)
        sharedRouter?(rows, normed, out: logits + shape.count, outStride: scratch.logitStride)
        rows.forEach(cost: shape.count * 4) { row in choose(row, scratch) }
        // Slots of this part of the step.
        let run = ExpertRun(rows, scratch, shape)
        let quantised = experts.contains { $0.gateUp.quantisesActivations }
        run.forEachSlot(cost: size / 2) { slot, row in
            let x = normed.x + (row - rows.first) * normed.stride
            let input = scratch.values + slot * scratch.valueStride
            input.update(from: x, count: size)
            if quantised { scratch.quantised.quantise(step.kernels, input, size, row: slot) }
        }
        run.multiply(experts, .gateUp, from: .values, to: .inner) {
            $0.isPaired ? .swiglu : .store
        }
        let quantisesInner = experts.contains { $0.down.quantisesActivations }
        let kernels = step.kernels.table
        run.forEachSlot(cost: shape.width) { slot, _ in
            let expert = experts[run.expert(ofSlot: slot)]
            let gate = run.floats(.inner, slot: slot).first
            if !expert.isPaired {
                kind.activate(gate, gate + expert.width, expert.width, kernels)
            }
            if quantisesInner {
                scratch.quantised.quantise(step.kernels, gate, expert.width, row: slot)
            }
        }
        // The products of rows that came in are what goes out.
        run.multiply(experts, .down, from: .inner, to: .values) { _ in .store }
        rows.forEach(cost: size * shape.runs) { row in add(row, scratch, step) }
    }

    /// Chooses a row's experts, of equally likely ones the first, and what each counts for.
    private func choose(_ row: Int, _ scratch: ExpertScratch) {
        let logits = scratch.logits + row * scratch.logitStride
        let choices = scratch.choices + row * shape.runs
        let weights = scratch.weights + row * shape.runs
        var found = 0
        for expert in 0..<shape.count {
            let logit = logits[expert]
            if found == shape.perToken, !(logit > logits[Int(choices[found - 1])]) { continue }
            var place = found < shape.perToken ? found : found - 1
            while place > 0, logit > logits[Int(choices[place - 1])] {
                choices[place] = choices[place - 1]
                place -= 1
            }
            choices[place] = Int32(expert)
            if found < shape.perToken { found += 1 }
        }
        let top = logits[Int(choices[0])]
        var sum: Float = 0
        for rank in 0..<shape.perToken {
            weights[rank] = exp(logits[Int(choices[rank])] - top)
            sum += weights[rank]
        }
        if shape.weighting == .softmaxOfAll(renormalises: false) {
            sum = 0
            for expert in 0..<shape.count { sum += exp(logits[expert] - top) }
        }
        for rank in 0..<shape.perToken { weights[rank] /= sum }
        guard shape.sharedWidth > 0 else { return }
        choices[shape.perToken] = Int32(shape.count)
        weights[shape.perToken] =
            sharedRouter == nil ? 1 : 1 / (1 + exp(-logits[shape.count]))
    }

    /// Adds a row's experts to the residual stream.
    private func add(_ row: Int, _ scratch: ExpertScratch, _ step: Step) {
        let size = step.shape.hiddenSize
        let sum = step.normed + row * size
        for rank in 0..<shape.runs {
            let place = row * shape.runs + rank
            let weight = scratch.weights[place]
            let value = scratch.values + Int(scratch.slots[place]) * scratch.valueStride
            if rank == 0 {
                for i in 0..<size { sum[i] = weight * value[i] }
            } else {
                for i in 0..<size { sum[i] += weight * value[i] }
            }
        }
        if let endNorm { endNorm(step.kernels, sum, count: size, out: sum) }
        if scale != 1 { for i in 0..<size { sum[i] *= scale } }
        step.kernels.table.pointee.add(step.hidden + row * size, sum, Int32(size))
    }
}
