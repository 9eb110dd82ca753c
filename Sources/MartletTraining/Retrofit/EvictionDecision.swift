// Relaxed decisions to forget: logits become masks of attention and bits that a budget counts.

import CMartletKernels
import Foundation
import MartletKernels

/// When a verdict falls and when it is carried out.
public enum VerdictTiming: String, Sendable, Hashable, CaseIterable {
    /// By the next token, carried out a window later: the method itself (2506.05345).
    case delayed
    /// By the next token, carried out at once: the ablation in one reading of it.
    case immediate
    /// By the token a window later, carried out at once: the ablation in the other reading.
    case late
}

/// z = (scale * raw - offset + noise) / temperature; p = sigmoid(z).
///
/// `mask[k]` = log(1 - p[k + shift]), 0 where k + shift is not in the document of k: the verdict on a
/// token is read `shift` tokens later. `bits` are 1 where p > 0.5, with the derivative of p (straight
/// through), and feed the budget alone.
struct EvictionDecisionOperation: Operation {
    let raw: Value
    let noise: Value
    let starts: Integers
    let mask: Value
    let bits: Value
    let (rows, heads, length): (Int, Int, Int)
    let scale: Float
    let offset: Float
    let temperature: Float
    let shift: Int
    /// Whether the first head decides for all.
    let isPerLayer: Bool

    var name: String { "eviction" }
    var inputs: [Value] { [raw, noise] }
    var outputs: [Value] { [mask, bits] }
    var kept: [Value] { [raw, noise] }
    var differentiated: [Value] { [raw] }

    private static let grain = 256

    @inline(__always)
    private func logit(
        _ raw: UnsafePointer<Float>, _ noise: UnsafePointer<Float>, _ row: Int, _ head: Int
    ) -> Float {
        let at = row * heads + (isPerLayer ? 0 : head)
        return (raw[at] * scale - offset + noise[at]) / temperature
    }

    /// Whether row `other`, later in the same sequence, is of the document of `row`.
    @inline(__always)
    private func sharesDocument(
        _ starts: UnsafePointer<Int32>, _ row: Int, _ other: Int
    ) -> Bool {
        other < rows && row / length == other / length && Int(starts[other]) <= row % length
    }

    func forward(_ run: GraphRun) {
        let (x, g, document) = (run[raw], run[noise], run[starts])
        let (out, bit) = (run[mask], run[bits])
        run.forRows(rows, grain: Self.grain) { range, _ in
            for row in range {
                let judge = row + shift
                let isJudged = sharesDocument(document, row, judge)
                for head in 0..<heads {
                    bit[row * heads + head] = logit(x, g, row, head) > 0 ? 1 : 0
                    out[row * heads + head] =
                        isJudged ? -Self.softplus(logit(x, g, judge, head)) : 0
                }
            }
        }
    }

    func backward(_ run: GraphRun) {
        guard let target = run.gradientTarget(raw) else { return }
        let (x, g, document) = (run[raw], run[noise], run[starts])
        let (dMask, dBits) = (run.gradient(mask), run.gradient(bits))
        let factor = scale / temperature
        run.forRows(rows, grain: Self.grain) { range, _ in
            for row in range {
                if !target.adds {
                    (target.pointer + row * heads).update(repeating: 0, count: heads)
                }
                let judged = row - shift
                let judges =
                    judged >= 0 && sharesDocument(document, judged, row) && dMask != nil
                for head in 0..<heads {
                    let p = 1 / (1 + exp(-logit(x, g, row, head)))
                    var slope: Float = 0
                    if let dBits { slope += dBits[row * heads + head] * p * (1 - p) }
                    if judges, let dMask { slope -= dMask[judged * heads + head] * p }
                    target.pointer[row * heads + (isPerLayer ? 0 : head)] += slope * factor
                }
            }
        }
    }

    /// log(1 + e^x) without overflow.
    static func softplus(_ x: Float) -> Float { max(x, 0) + log1p(exp(-abs(x))) }
}

/// Mean over sequences of max(0, target - share), where share is the mean of bits over layers, heads and the
/// tokens that are not padding (2506.05345, L_aux): compressing more than asked costs nothing.
struct BudgetOperation: Operation {
    let bits: [Value]
    let real: Value
    let target: Value
    /// The share of each sequence, then its tokens.
    let shares: Value
    let loss: Value
    let (sequences, length, heads): (Int, Int, Int)
    /// Nats for a share of one.
    let weight: Float

    var name: String { "budget" }
    var inputs: [Value] { bits + [real, target] }
    var outputs: [Value] { [loss, shares] }
    var kept: [Value] { [real, target, shares] }
    var differentiated: [Value] { bits }

    func forward(_ run: GraphRun) {
        let (counted, out) = (run[real], run[shares])
        var sum = 0.0
        for sequence in 0..<sequences {
            var (total, tokens) = (0.0, 0.0)
            for row in sequence * length..<(sequence + 1) * length where counted[row] != 0 {
                tokens += 1
                for value in bits {
                    for head in 0..<heads { total += Double(run[value][row * heads + head]) }
                }
            }
            let share = tokens > 0 ? total / (tokens * Double(heads * bits.count)) : 1
            out[2 * sequence] = Float(share)
            out[2 * sequence + 1] = Float(tokens)
            sum += max(0, Double(run[target][0]) - share)
        }
        run[loss][0] = weight * Float(sum / Double(sequences))
    }

    func backward(_ run: GraphRun) {
        guard let seed = run.gradient(loss) else { return }
        let (counted, share, wanted) = (run[real], run[shares], run[target][0])
        for value in bits {
            guard let gradient = run.gradientTarget(value) else { continue }
            run.forRows(sequences, grain: 1) { range, _ in
                for sequence in range {
                    let isShort = share[2 * sequence] < wanted
                    let tokens = max(1, share[2 * sequence + 1])
                    let slope =
                        isShort
                        ? -weight * seed[0] / (Float(sequences * heads * bits.count) * tokens) : 0
                    for row in sequence * length..<(sequence + 1) * length {
                        for head in 0..<heads {
                            let at = row * heads + head
                            let old = gradient.adds ? gradient.pointer[at] : 0
                            gradient.pointer[at] = old + (counted[row] != 0 ? slope : 0)
                        }
                    }
                }
            }
        }
    }
}

extension Graph {
    /// Relaxed verdicts on tokens; see ``VerdictTiming``.
    func evictionDecision(
        raw: Value, noise: Value, batch: BatchInputs, head: EvictionParameters
    ) -> (mask: Value, bits: Value) {
        let (rows, heads) = shape(raw)
        let mask = computed(rows: rows, columns: heads, from: [raw], name: "eviction mask")
        let bits = computed(rows: rows, columns: heads, from: [raw], name: "eviction bits")
        append(
            EvictionDecisionOperation(
                raw: raw, noise: noise, starts: batch.starts, mask: mask, bits: bits, rows: rows,
                heads: heads, length: batch.length, scale: head.scale, offset: head.offset,
                temperature: head.temperature,
                shift: head.timing == .late ? max(1, head.window) : 1,
                isPerLayer: head.isPerLayer))
        return (mask, bits)
    }

    /// The one-sided loss on the share of tokens that are marked; the shares are for reports.
    func budget(
        _ bits: [Value], target: Value, batch: BatchInputs, weight: Double = 1
    ) -> (loss: Value, shares: Value) {
        let loss = computed(rows: 1, columns: 1, from: bits, name: "budget")
        let shares = computed(rows: batch.sequences, columns: 2, from: [], name: "shares")
        append(
            BudgetOperation(
                bits: bits, real: batch.real, target: target, shares: shares, loss: loss,
                sequences: batch.sequences, length: batch.length, heads: shape(bits[0]).columns,
                weight: Float(weight)))
        return (loss, shares)
    }
}

/// How decisions are made in training.
public struct EvictionParameters: Sendable, Hashable {
    /// Multiplies the logit; 100 in the published code, smaller where steps are few.
    public var scale: Float = 10
    /// Subtracted from it, so that nothing is marked at first.
    public var offset: Float = 5
    /// Divides logit and noise.
    public var temperature: Float = 0.1
    /// Tokens for which a marked one is still seen.
    public var window = 16
    /// When verdicts fall.
    public var timing = VerdictTiming.delayed
    /// Whether one decision holds for all heads of a layer.
    public var isPerLayer = false

    /// The defaults.
    public init() {}

    /// Distance beyond which the mask is added.
    var maskWindow: Int { timing == .immediate ? 0 : window }
}
