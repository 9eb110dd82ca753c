// The settings of a retrofit.

import MartletFormats

/// Making a trained model forget (DMS) or merge (DMC) tokens by itself.
public struct RetrofitPlan: Sendable {
    /// Which method.
    public enum Method: String, Sendable, CaseIterable {
        /// Dynamic Memory Sparsification: tokens are evicted a window after they were marked.
        case dms
        /// Dynamic Memory Compression: tokens are appended, or merged into the last slot.
        case dmc
    }

    /// What the marks are read from.
    public enum Source: String, Sendable, CaseIterable {
        /// A small projection with a norm of its own (DMS only).
        case adapter
        /// A channel of the queries (DMS) or keys (DMC) that is first faded out of attention.
        case channel
    }

    /// Which method.
    public var method = Method.dms
    /// What the marks are read from.
    public var source = Source.adapter
    /// The compression to reach.
    public var target = 8.0
    /// The folder of an adapter of the same weights to go on from, whose compression grows to the target; nil begins with heads
    /// that mark nothing.
    public var beginning: String?
    /// The compression that ``beginning`` has, which ``Retrofit`` finds in it.
    var start = 1.0
    /// The weight of the budget's loss: nats for a shortfall of all marks. Both papers use 1; with few steps a larger
    /// weight is needed to reach the compression.
    public var budgetWeight = 1.0
    /// How decisions are made.
    public var decisions = EvictionParameters()
    /// Whether the model's own weights are trained too.
    public var trainsBase = false
    /// The rank of low-rank parts of attention's projections, trained beside frozen weights; 0 for none.
    public var lowRank = 0
    /// Whether the result is an adapter (``Retrofit/writeAdapter(_:)``) instead of a model.
    public var writesAdapter = false
    /// Steps of the ramp and after it.
    public var steps = 400
    /// The part of the steps (after the fade-out) in which compression grows.
    public var rampShare = 0.75
    /// Steps in which a borrowed channel fades out of attention, before compression begins.
    public var fadeSteps = 0
    /// Learning rate of the heads that mark, from the warm-up to the end of the ramp.
    public var learningRate = 1e-3
    /// Learning rate of the model's own weights, or of low-rank parts, where they are trained.
    public var baseLearningRate = 3e-4
    /// Steps until the learning rate is reached.
    public var warmUp = 10
    /// Sequences and tokens of a batch.
    public var sequences = 8
    /// Tokens of a sequence.
    public var length = 512
    /// Parts of a batch that are computed one after another, which divide its sequences; nil takes the fewest with at most
    /// ``partTokens`` tokens each. Memory is that of one part.
    public var accumulation: Int?
    /// What the factors of products are rounded to; nil takes what the machine is quickest at, and on resume what the run
    /// began with.
    public var products: TrainingMachine.Products?
    /// Bytes of activations and gradients above which layers are computed a second time before their derivatives, which
    /// changes no bit.
    var mostActivationBytes = GraphRun.mostActivationBytes
    /// Held-out tokens of the report at the end, at most; one batch at least.
    public var reportTokens = 16_384
    /// Decides noise and data.
    public var seed: UInt64 = 0
    /// The mixture to train on.
    public var data: [Recipe.DataEntry] = []
    /// What a token of a problem counts when its solution's count 1.
    public var promptWeight = 0.0
    /// Steps between lines of the log.
    public var logEvery = 10
    /// Steps between checkpoints.
    public var checkpointEvery = 100

    /// DMS to CR 8 with an adapter beside frozen weights.
    public init() {}

    /// How the finished model's matrices are stored.
    public var weights = StoredWeights.f32

    /// The most tokens of a part of a batch where nothing says how many parts there are.
    public static let partTokens = 2048

    /// What a step computes at a time, and how often.
    var phase: RunLength.Phase {
        let parts =
            accumulation ?? (1...sequences).first {
                sequences.isMultiple(of: $0) && sequences / $0 * length <= Self.partTokens
            } ?? sequences
        return RunLength.Phase(
            until: 1, sequences: sequences / parts, length: length, accumulation: parts)
    }

    /// Checks that the parts fit together.
    func check() throws(TrainingError) {
        func require(_ subject: String, _ value: Double, _ range: ClosedRange<Double>)
            throws(TrainingError)
        {
            guard range.contains(value) else {
                throw .invalid(
                    subject: subject, got: "\(value)",
                    expected: "a number from \(range.lowerBound) to \(range.upperBound)")
            }
        }
        try require("target compression ratio", target, 1...1000)
        try require("window", Double(decisions.window), 1...65_536)
        try require("temperature", Double(decisions.temperature), 1e-3...10)
        try require("scale", Double(decisions.scale), 1e-3...1e4)
        try require("budget weight", budgetWeight, 1e-3...1e3)
        try require("steps", Double(steps), 1...1e9)
        try require("fade steps", Double(fadeSteps), 0...1e9)
        try require("learning rate", learningRate, 1e-9...10)
        try require("base learning rate", baseLearningRate, 1e-9...10)
        try require("sequences", Double(sequences), 1...65_536)
        try require("length", Double(length), 2...1_048_576)
        try require("report tokens", Double(reportTokens), 1...1e12)
        if let accumulation, accumulation < 1 || !sequences.isMultiple(of: accumulation) {
            throw .invalid(
                subject: "accumulation", got: "\(accumulation)",
                expected: "a divisor of the \(sequences) sequences of a batch")
        }
        if method == .dmc, source == .adapter {
            throw .invalid(
                subject: "source", got: "adapter",
                expected: "channel: dmc reads its marks from keys and queries")
        }
        if source == .channel, !trainsBase, lowRank == 0 {
            throw .invalid(
                subject: "source channel", got: "frozen weights",
                expected:
                    "trained ones or low-rank parts, since the marks are a channel of them; add --train-base "
                    + "or --rank")
        }
        if method == .dmc, decisions.timing != .delayed || decisions.isPerLayer {
            throw .invalid(
                subject: "timing and per-layer decisions", got: "dmc",
                expected: "dms, which has them")
        }
        try require("rank of low-rank parts", Double(lowRank), 0...4096)
        if lowRank > 0, trainsBase {
            throw .invalid(
                subject: "rank of low-rank parts", got: "\(lowRank), and trained weights",
                expected: "frozen weights, beside which they stand; remove --train-base")
        }
        if writesAdapter, trainsBase {
            throw .invalid(
                subject: "an adapter", got: "trained weights",
                expected:
                    "frozen weights with heads or low-rank parts beside them: without --train-base, and for dmc "
                    + "with --rank")
        }
        if beginning != nil, trainsBase {
            throw .invalid(
                subject: "an adapter to begin with", got: "trained weights",
                expected: "frozen ones, beside which it stands; remove --train-base")
        }
        if beginning != nil, fadeSteps > 0, source == .channel {
            throw .invalid(
                subject: "fade steps", got: "\(fadeSteps)",
                expected: "0: in the adapter to begin with the channel has faded")
        }
        if writesAdapter, decisions.timing != .delayed {
            throw .invalid(
                subject: "an adapter", got: "timing \(decisions.timing.rawValue)",
                expected: "delayed, which is what the engine carries out")
        }
        guard !data.isEmpty else {
            throw .invalid(
                subject: "data", got: "nothing", expected: "a task, a text or a recipe to train on")
        }
    }

    /// Everything that a resumed run must agree with.
    var canonical: JSONObject {
        let entries = data.map { JSONValue.string("\($0)") }
        var members: [(String, JSONValue)] = [
            ("method", .string(method.rawValue)), ("source", .string(source.rawValue)),
            ("target", .number(target)), ("budgetWeight", .number(budgetWeight)),
            ("decisions", .string("\(decisions)")),
            ("trainsBase", .bool(trainsBase)), ("steps", .integer(steps)),
            ("rampShare", .number(rampShare)), ("fadeSteps", .integer(fadeSteps)),
            ("learningRate", .number(learningRate)),
            ("baseLearningRate", .number(baseLearningRate)), ("warmUp", .integer(warmUp)),
            ("sequences", .integer(sequences)), ("length", .integer(length)),
            ("seed", .string("\(seed)")), ("data", .array(entries)),
            ("promptWeight", .number(promptWeight)),
        ]
        if lowRank > 0 { members.append(("lowRank", .integer(lowRank))) }
        if phase.accumulation > 1 {
            members.append(("accumulation", .integer(phase.accumulation)))
        }
        if let products, products != .f32 {
            members.append(("products", .string(products.rawValue)))
        }
        return JSONObject(members.map { .init(key: $0.0, value: $0.1) })
    }

    /// The model's configuration with the keys that make the engine carry the marks out.
    func configuration(_ given: JSONObject) -> JSONObject {
        var base = given.setting("dms_cr", to: .number(target))
        if given["dms_disable_eviction"] != nil {
            // The heads that are made here are on.
            base = base.setting("dms_disable_eviction", to: .bool(false))
        }
        guard method == .dms else {
            let head: [(String, JSONValue)] = [
                ("method", .string("dmc")), ("window", .integer(decisions.window)),
                ("scale", .number(Double(decisions.scale))),
                ("offset", .number(Double(decisions.offset))),
            ]
            return base.setting(
                "martlet_eviction",
                to: .object(JSONObject(head.map { .init(key: $0.0, value: $0.1) })))
        }
        return base.setting("dms_separate_alpha", to: .bool(source == .adapter))
            .setting("dms_alpha_scale", to: .number(Double(decisions.scale)))
            .setting("dms_initial_alpha_offset", to: .number(Double(decisions.offset)))
            .setting("dms_window_size", to: .integer(decisions.window))
            .setting("dms_tau", to: .number(Double(decisions.temperature)))
            .setting("dms_alpha_per", to: .string(decisions.isPerLayer ? "layer" : "head"))
    }
}
