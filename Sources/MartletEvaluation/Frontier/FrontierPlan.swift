/// The grid of configurations that a sweep measures: plain values; opens no model.

import Foundation
public import Martlet
package import MartletFormats

/// The grid of a sweep.
public struct FrontierPlan: Sendable, Hashable {
    /// Models that were made for one compression of one method, such as retrofits with different seeds.
    public struct Retrofit: Sendable, Hashable {
        /// The method, such as `dms`.
        public let method: String
        /// The compression.
        public let ratio: Double
        /// The models; their mean is what is reported.
        public let models: [String]

        /// Names models.
        public init(method: String, ratio: Double, models: [String]) {
            self.method = method
            self.ratio = ratio
            self.models = models
        }
    }

    /// The task, as text.
    public var task = "reasoning"
    /// Whether a task may run programs that a model wrote.
    public var allowsPrograms = false
    /// The model that all methods without models of their own run on.
    public var model = "builtin"
    /// Models of other sizes, measured under the same methods but for those with models of their own.
    public var others: [String] = []
    /// A model that was trained as the retrofits were and compresses nothing, measured under the dense cache.
    public var control: String?
    /// Models of methods that have their own.
    public var compressed: [Retrofit] = [
        Retrofit(method: FrontierMethod.learned, ratio: 4, models: ["builtin-cr4"]),
        Retrofit(method: FrontierMethod.learned, ratio: 8, models: ["builtin-cr8"]),
    ]
    /// Methods.
    public var methods: [FrontierMethod] = FrontierMethod.known
    /// Compressions, from 1; at 1 every method is the dense cache.
    public var ratios: [Double] = [1, 1.5, 2, 3, 4, 6, 8]
    /// How keys and values are stored.
    public var codecs = ["f16"]
    /// The most tokens of a chain.
    public var lengths = [128, 256, 512]
    /// Chains that vote.
    public var widths = [1, 2, 4, 8]
    /// Problems of each seed.
    public var samples = 100
    /// Each draws problems of its own and the random numbers of sampling.
    public var seeds: [UInt64] = [0]
    /// Divides the logits where several chains vote; a single chain is sampled alike, so that widths compare.
    public var temperature: Float = 0.7
    /// How problems are put to the models: as texts to go on from, or as messages through their chat templates.
    public var form = PromptForm.text
    /// How the chains of a problem become one score.
    public var scoring = ChainScoring.vote
    /// What is asked after each problem, on a line of its own; only of messages.
    public var instruction: String?
    /// At which budgets methods are compared, stated beforehand; where nothing is said, those that both methods cover.
    public var budgets: [FrontierCost: ClosedRange<Double>] = [:]

    /// The paper's methods on the package's model.
    public init() {}

    /// The models that the sweep runs.
    public var models: [String] {
        var names: [String] = []
        for each in configurations(promptTokens: 1) where !names.contains(each.model) {
            names.append(each.model)
        }
        return names
    }

    /// Problems of all seeds together.
    public var problemCount: Int { seeds.count * samples }

    /// The methods that have models of their own but no model at any of the compressions.
    package var methodsWithoutModels: [FrontierMethod] {
        methods.filter { method in
            method.hasOwnModels
                && !compressed.contains {
                    $0.method == method.name && ratios.contains($0.ratio)
                }
        }
    }

    /// Every configuration, the cheap ones of a method first.
    ///
    /// - Parameter promptTokens: of the longest prompt.
    public func configurations(promptTokens: Int) -> [FrontierConfiguration] {
        let isMissing = !methods.contains(where: \.isDense) && ratios.contains(1)
        let dense = FrontierMethod.known.filter { $0.isDense && isMissing }
        var all: [FrontierConfiguration] = []
        for method in dense + methods {
            for (ratio, models) in settings(of: method) {
                for own in models { all += grid(method, ratio, method.name, own, promptTokens) }
            }
        }
        if let control, let dense = FrontierMethod.known.first(where: \.isDense) {
            all += grid(dense, 1, FrontierMethod.control, control, promptTokens)
        }
        for other in others {
            let name = other.split(separator: "/").last ?? ""
            for method in dense + methods where !method.hasOwnModels {
                for (ratio, _) in settings(of: method) {
                    all += grid(method, ratio, "\(method.name) of \(name)", other, promptTokens)
                }
            }
        }
        return all
    }

    /// The compressions of a method with their models, the highest first.
    private func settings(of method: FrontierMethod) -> [(ratio: Double, models: [String])] {
        if method.isDense { return [(1, [model])] }
        return ratios.filter { $0 > 1 }.sorted(by: >).compactMap { ratio in
            guard method.hasOwnModels else { return (ratio, [model]) }
            let own = compressed.filter { $0.method == method.name && $0.ratio == ratio }
            return own.isEmpty ? nil : (ratio, own.flatMap(\.models))
        }
    }

    private func grid(
        _ method: FrontierMethod, _ ratio: Double, _ name: String, _ model: String,
        _ promptTokens: Int
    ) -> [FrontierConfiguration] {
        (method.ownCodec.map { [$0] } ?? codecs).flatMap { codec in
            lengths.sorted().flatMap { length in
                let policy = method.policy(
                    ratio: ratio, promptTokens: promptTokens, length: length, codec: codec)
                return widths.sorted().map { width in
                    FrontierConfiguration(
                        method: name, model: model, policy: policy, length: length, width: width,
                        ratio: ratio, phase: method.phase, codec: codec)
                }
            }
        }
    }
}

extension FrontierPlan {
    /// The plan as a results file keeps it.
    package var json: JSONValue {
        [
            "task": .string(task), "model": .string(model),
            "others": .array(others.map { .string($0) }),
            "control": control.map { .string($0) } ?? .null,
            "compressed": .array(
                compressed.map {
                    [
                        "method": .string($0.method), "ratio": .number($0.ratio),
                        "models": .array($0.models.map { .string($0) }),
                    ]
                }),
            "methods": .array(methods.map { .string($0.name) }),
            "ratios": .array(ratios.map { .number($0) }),
            "codecs": .array(codecs.map { .string($0) }),
            "lengths": .array(lengths.map { .integer($0) }),
            "widths": .array(widths.map { .integer($0) }), "samples": .integer(samples),
            "seeds": .array(seeds.map { .seed($0) }), "temperature": .string("\(temperature)"),
            "scoring": .string(scoring.rawValue), "form": form.json,
            "instruction": instruction.map { .string($0) } ?? .null,
            "budgets": .object(
                JSONObject(
                    FrontierCost.allCases.compactMap { cost in
                        budgets[cost].map {
                            .init(
                                key: cost.rawValue,
                                value: [.number($0.lowerBound), .number($0.upperBound)])
                        }
                    })),
        ]
    }

    /// The plan that a results file keeps; nil where it is none.
    package init?(json: JSONValue?) {
        guard let object = json?.objectValue, let task = object["task"]?.stringValue,
            let model = object["model"]?.stringValue, let others = Self.texts(object["others"]),
            let retrofits = object["compressed"]?.arrayValue,
            let methods = Self.texts(object["methods"]),
            let ratios = object["ratios"]?.arrayValue?.map(\.doubleValue),
            let codecs = Self.texts(object["codecs"]),
            let lengths = Self.numbers(object["lengths"]),
            let widths = Self.numbers(object["widths"]), let samples = object["samples"]?.intValue,
            let seeds = object["seeds"]?.arrayValue?.map(Self.seed),
            let temperature = object["temperature"]?.stringValue.flatMap(Float.init),
            let budgets = object["budgets"]?.objectValue
        else { return nil }
        self.init()
        (self.task, self.model, self.others, self.codecs) = (task, model, others, codecs)
        control = object["control"]?.stringValue
        form = PromptForm(json: object["form"])
        // Older versions knew votes alone.
        if let name = object["scoring"] {
            guard let known = name.stringValue.flatMap(ChainScoring.init) else { return nil }
            scoring = known
        }
        instruction = object["instruction"]?.stringValue
        for member in budgets.members {
            guard let cost = FrontierCost(rawValue: member.key),
                let ends = member.value.arrayValue?.compactMap(\.doubleValue), ends.count == 2,
                ends[0] > 0, ends[0] < ends[1], ends[1] < 1e30
            else { return nil }
            self.budgets[cost] = ends[0]...ends[1]
        }
        compressed = retrofits.compactMap { each in
            guard let each = each.objectValue, let method = each["method"]?.stringValue,
                let ratio = each["ratio"]?.doubleValue, let models = Self.texts(each["models"])
            else { return nil }
            return Retrofit(method: method, ratio: ratio, models: models)
        }
        self.methods = methods.compactMap { try? FrontierMethod($0) }
        self.ratios = ratios.compactMap(\.self)
        self.seeds = seeds.compactMap(\.self)
        (self.lengths, self.widths, self.samples) = (lengths, widths, samples)
        self.temperature = temperature
        guard compressed.count == retrofits.count, self.methods.count == methods.count,
            self.ratios.count == ratios.count, self.seeds.count == seeds.count,
            self.ratios.allSatisfy({ Self.ratioRange.contains($0) }),
            (1...1_000_000).contains(samples), (1...10_000).contains(seeds.count),
            problemCount <= Self.mostProblems
        else { return nil }
        guard isMeasurable else { return nil }
    }

    /// Whether it is not larger than a plan that anybody runs; a file with a larger one is refused.
    var isMeasurable: Bool {
        let own = compressed.reduce(0) { $0 + $1.models.count }
        let plain = methods.count { !$0.hasOwnModels } + 1
        var size = plain * max(1, ratios.count) + own + 1
        for factor in [others.count + 1, codecs.count, lengths.count, widths.count] {
            guard factor <= 10_000, size <= 100_000 else { return false }
            size *= max(1, factor)
        }
        return size <= 100_000
    }

    /// The most problems of all seeds together.
    static let mostProblems = 1_000_000

    /// The compressions that a plan may ask for.
    static let ratioRange = 1.0...1000.0

    private static func texts(_ value: JSONValue?) -> [String]? {
        guard let array = value?.arrayValue else { return nil }
        let texts = array.compactMap(\.stringValue)
        return texts.count == array.count ? texts : nil
    }

    private static func numbers(_ value: JSONValue?) -> [Int]? {
        guard let array = value?.arrayValue else { return nil }
        let numbers = array.compactMap(\.intValue)
        let isWhole = numbers.count == array.count
        return isWhole && numbers.allSatisfy { (1...1 << 40).contains($0) } ? numbers : nil
    }

    /// A seed beyond 63 bits is a text.
    private static func seed(_ value: JSONValue) -> UInt64? {
        value.intValue.flatMap(UInt64.init(exactly:)) ?? value.stringValue.flatMap(UInt64.init)
    }
}

extension PromptForm {
    /// Null for a text, and an object for a message.
    fileprivate var json: JSONValue {
        guard case .message(let system) = self else { return .null }
        return ["system": system.map { .string($0) } ?? .null]
    }

    /// The form that a plan says; plans of older versions say nothing and mean texts.
    fileprivate init(json: JSONValue?) {
        self = json?.objectValue.map { .message(system: $0["system"]?.stringValue) } ?? .text
    }
}
