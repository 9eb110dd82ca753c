// Boundaries from logits, and the losses that train them.
// This file knows columns of numbers; it refuses to know segments and text.

import CMartletKernels
import Foundation
import MartletKernels
import MartletTraining

/// 1 where σ((logit + noise) / τ) is above a half, else 0: a hard sample of a relaxed Bernoulli variable
/// (Maddison et al. 2017, arXiv 1611.00712, eq. 25). The gradient is that of the soft sample, straight through.
struct BoundaryOperation: MartletTraining.Operation {
    let logits: Value
    /// Logistic noise; nil or zeros for the most probable boundaries.
    let noise: Value?
    /// The boundaries, and the slope of each soft sample.
    let (y, slopes): (Value, Value)
    let temperature: Float
    let rows: Int

    var name: String { "boundaries" }
    var inputs: [Value] { [logits] + (noise.map { [$0] } ?? []) }
    var outputs: [Value] { [y, slopes] }
    var kept: [Value] { [slopes] }
    var differentiated: [Value] { noise == nil ? [] : [logits] }

    func forward(_ run: GraphRun) {
        let (x, out, slope) = (run[logits], run[y], run[slopes])
        let added = noise.map { run[$0] }
        for row in 0..<rows {
            let sum = x[row] + (added?[row] ?? 0)
            let soft = 1 / (1 + exp(-sum / temperature))
            out[row] = sum > 0 ? 1 : 0
            slope[row] = soft * (1 - soft) / temperature
        }
    }

    func backward(_ run: GraphRun) {
        guard noise != nil, let dy = run.gradient(y), let target = run.gradientTarget(logits) else {
            return
        }
        let slope = run[slopes]
        for row in 0..<rows {
            target.pointer[row] = (target.adds ? target.pointer[row] : 0) + dy[row] * slope[row]
        }
    }
}

/// Mean over sequences of -log Binomial(Σ b; T, α) / T (2211.09761, section 3.2.1), least at Σ b = α T.
struct BinomialPriorOperation: MartletTraining.Operation {
    let (boundaries, loss): (Value, Value)
    let (sequences, length): (Int, Int)
    let prior: Double

    var name: String { "binomial prior" }
    var inputs: [Value] { [boundaries] }
    var outputs: [Value] { [loss] }
    var kept: [Value] { [boundaries] }

    private func count(_ run: GraphRun, _ sequence: Int) -> Double {
        var sum = 0.0
        for token in sequence * length..<(sequence + 1) * length {
            sum += Double(run[boundaries][token])
        }
        return sum
    }

    /// -log Binomial(k; T, α) / T
    static func loss(_ k: Double, of length: Int, prior: Double) -> Double {
        let t = Double(length)
        let ways = lgamma(t + 1) - lgamma(k + 1) - lgamma(t - k + 1)
        return -(ways + k * log(prior) + (t - k) * log(1 - prior)) / t
    }

    func forward(_ run: GraphRun) {
        var sum = 0.0
        for sequence in 0..<sequences {
            sum += Self.loss(count(run, sequence), of: length, prior: prior)
        }
        run[loss][0] = Float(sum / Double(sequences))
    }

    func backward(_ run: GraphRun) {
        guard let seed = run.gradient(loss), let target = run.gradientTarget(boundaries) else {
            return
        }
        let t = Double(length)
        for sequence in 0..<sequences {
            let k = count(run, sequence)
            let slope =
                (digamma(k + 1) - digamma(t - k + 1) - log(prior / (1 - prior)))
                / (t * Double(sequences))
            for token in sequence * length..<(sequence + 1) * length {
                target.pointer[token] =
                    (target.adds ? target.pointer[token] : 0) + seed[0] * Float(slope)
            }
        }
    }
}

/// The derivative of log Γ: recurrence up to 6, then its asymptotic series (Abramowitz & Stegun, 6.3.18).
func digamma(_ x: Double) -> Double {
    var (x, sum) = (x, 0.0)
    while x < 6 {
        sum -= 1 / x
        x += 1
    }
    let f = 1 / (x * x)
    return sum + log(x) - 0.5 / x - f * (1.0 / 12 - f * (1.0 / 120 - f * (1.0 / 252 - f / 240)))
}

/// Mean binary cross-entropy of logits against targets of 0 and 1, in nats.
struct BinaryCrossEntropyOperation: MartletTraining.Operation {
    let (logits, targets, loss): (Value, Value, Value)
    let rows: Int

    var name: String { "binary cross-entropy" }
    var inputs: [Value] { [logits, targets] }
    var outputs: [Value] { [loss] }
    var kept: [Value] { [logits, targets] }
    var differentiated: [Value] { [logits] }

    func forward(_ run: GraphRun) {
        let (x, target) = (run[logits], run[targets])
        var sum = 0.0
        for row in 0..<rows {
            let z = Double(x[row])
            sum += max(z, 0) - z * Double(target[row]) + log1p(exp(-abs(z)))
        }
        run[loss][0] = Float(sum / Double(rows))
    }

    func backward(_ run: GraphRun) {
        guard let seed = run.gradient(loss), let out = run.gradientTarget(logits) else { return }
        let (x, target) = (run[logits], run[targets])
        for row in 0..<rows {
            let slope = seed[0] * (1 / (1 + exp(-x[row])) - target[row]) / Float(rows)
            out.pointer[row] = (out.adds ? out.pointer[row] : 0) + slope
        }
    }
}

/// 1 where the entropy of a row's distribution exceeds that of both rows before it, in its sequence
/// (2211.09761, section 3.2.3). Nothing flows back.
struct SpikeOperation: MartletTraining.Operation {
    let (logits, y, entropies): (Value, Value, Value)
    let (sequences, length, vocabulary): (Int, Int, Int)

    var name: String { "entropy spikes" }
    var inputs: [Value] { [logits] }
    var outputs: [Value] { [y, entropies] }
    var kept: [Value] { [] }
    var differentiated: [Value] { [] }

    func forward(_ run: GraphRun) {
        let (x, out, entropy) = (run[logits], run[y], run[entropies])
        run.forRows(sequences * length, grain: 64) { range, _ in
            for row in range {
                let line = x + row * vocabulary
                let sum = run.kernels.log_sum_exp(line, Int32(vocabulary))
                // H = log Σ e^x - Σ p x
                var mean: Float = 0
                for index in 0..<vocabulary { mean += exp(line[index] - sum) * line[index] }
                entropy[row] = sum - mean
            }
        }
        for row in 0..<sequences * length {
            let place = row % length
            // The first two tokens have no two before them.
            let isSpike =
                place >= 2 && entropy[row] > entropy[row - 1] && entropy[row] > entropy[row - 2]
            out[row] = isSpike ? 1 : 0
        }
    }

    func backward(_ run: GraphRun) {}
}

extension Graph {
    /// Hard boundaries; learned end to end when there is noise.
    func boundaries(_ logits: Value, noise: Value?, temperature: Float = 0.5) -> Value {
        let rows = shape(logits).rows
        let y = computed(
            rows: rows, columns: 1, from: noise == nil ? [] : [logits], name: "boundaries")
        let slopes = computed(rows: rows, columns: 1, from: [], name: "boundary slopes")
        append(
            BoundaryOperation(
                logits: logits, noise: noise, y: y, slopes: slopes, temperature: temperature,
                rows: rows))
        return y
    }

    /// How improbable the number of boundaries is when each has probability `prior`.
    func binomialPrior(_ boundaries: Value, prior: Double, length: Int) -> Value {
        let loss = computed(rows: 1, columns: 1, from: [boundaries], name: "binomial prior")
        append(
            BinomialPriorOperation(
                boundaries: boundaries, loss: loss, sequences: shape(boundaries).rows / length,
                length: length, prior: prior))
        return loss
    }

    /// Mean of -log of the probability that σ(logit) gives each target.
    func binaryCrossEntropy(_ logits: Value, targets: Value) -> Value {
        let loss = computed(rows: 1, columns: 1, from: [logits], name: "binary cross-entropy")
        append(
            BinaryCrossEntropyOperation(
                logits: logits, targets: targets, loss: loss, rows: shape(logits).rows))
        return loss
    }

    /// Where the entropy of the next character rises above both before it.
    func entropySpikes(_ logits: Value, length: Int) -> Value {
        let (rows, vocabulary) = shape(logits)
        let y = computed(rows: rows, columns: 1, from: [], name: "entropy spikes")
        let entropies = computed(rows: rows, columns: 1, from: [], name: "entropies")
        append(
            SpikeOperation(
                logits: logits, y: y, entropies: entropies, sequences: rows / length,
                length: length,
                vocabulary: vocabulary))
        return y
    }
}
