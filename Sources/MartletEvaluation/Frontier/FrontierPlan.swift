/// The grid of configurations that a sweep measures: plain values; opens no model.

import Foundation

/// The grid of a sweep.
public struct FrontierPlan: Sendable {
    /// The task, as text.
    public var task = "reasoning"
    /// Whether a task may run programs that a model wrote.
    public var allowsPrograms = false
    /// The model that all methods without models of their own run on.
    public var model = "builtin"
    /// Models of other sizes, measured under the same methods but for those with models of their own.
    public var others: [String] = []
    /// Models of methods that have their own, by compression.
    public var compressed: [Double: String] = [4: "builtin-cr4", 8: "builtin-cr8"]
    /// Methods.
    public var methods: [FrontierMethod] = FrontierMethod.known
    /// Compressions, above 1.
    public var ratios: [Double] = [2, 4, 8]
    /// The most tokens of a chain.
    public var lengths = [128, 256, 512]
    /// Chains that vote.
    public var widths = [1, 2, 4, 8]
    /// Problems.
    public var samples = 100
    /// Draws the problems and the random numbers of sampling.
    public var seed: UInt64 = 0
    /// Divides the logits where several chains vote; a single chain is sampled alike, so that widths compare.
    public var temperature: Float = 0.7

    /// The paper's methods on the package's model.
    public init() {}

    /// The models that the sweep runs.
    public var models: [String] {
        let own = ratios.compactMap { compressed[$0] }
        return (methods.allSatisfy(\.hasOwnModels) ? [] : [model] + others)
            + (methods.contains(where: \.hasOwnModels) ? own : [])
    }

    /// Every configuration, the cheap ones of a method first.
    ///
    /// - Parameter promptTokens: of the longest prompt.
    public func configurations(promptTokens: Int) -> [FrontierConfiguration] {
        var all: [FrontierConfiguration] = []
        for method in methods {
            let ratios =
                method.isDense
                ? [1]
                : method.hasOwnModels ? self.ratios.filter { compressed[$0] != nil } : self.ratios
            for ratio in ratios.sorted(by: >) {
                let own = method.hasOwnModels ? compressed[ratio] ?? model : model
                all += grid(method, ratio, method.name, own, promptTokens)
            }
        }
        for other in others {
            let name = other.split(separator: "/").last ?? ""
            for method in methods where !method.hasOwnModels {
                for ratio in (method.isDense ? [1] : ratios).sorted(by: >) {
                    all += grid(method, ratio, "\(method.name) of \(name)", other, promptTokens)
                }
            }
        }
        return all
    }

    private func grid(
        _ method: FrontierMethod, _ ratio: Double, _ name: String, _ model: String,
        _ promptTokens: Int
    ) -> [FrontierConfiguration] {
        lengths.sorted().flatMap { length in
            widths.sorted().map { width in
                FrontierConfiguration(
                    method: name, model: model,
                    policy: method.policy(
                        ratio: ratio, promptTokens: promptTokens, length: length),
                    length: length, width: width, ratio: ratio, phase: method.phase)
            }
        }
    }
}
