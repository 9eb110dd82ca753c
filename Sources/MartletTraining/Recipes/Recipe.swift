// A recipe: everything that decides a training run, read from a file.

public import MartletFormats

/// A training run: the model, the data, the optimiser, the schedule and the length.
public struct Recipe: Sendable {
    /// Where it was read.
    public let file: String
    /// The folder of a trained model to go on from; nil begins with random weights.
    public let from: String?
    /// The content of the model's `config.json`; with ``from``, what changes in it.
    public let model: JSONObject
    /// `bytes`, or the folder of a tokenizer.
    public let tokenizer: String
    /// The mixture.
    public let data: [DataEntry]
    /// The weight in the loss of a token of a problem; a token of a solution has weight 1.
    public let promptWeight: Double
    /// The optimiser.
    public let optimiser: OptimiserConfiguration
    /// Learning rates.
    public let schedule: LearningRateSchedule
    /// Limits of gradients.
    public let clipping: GradientClipping
    /// Variance of gradient noise at the first step; 0 for none.
    public let noise: Double
    /// What the factors of products are rounded to.
    public let products: TrainingMachine.Products
    /// How many steps, and of what size.
    public let length: RunLength
    /// Decides weights and data.
    public let seed: UInt64
    /// Steps between checkpoints, and how many are kept.
    public let checkpointEvery: Int
    /// Checkpoints that are kept.
    public let checkpointsKept: Int
    /// Steps between lines of the log.
    public let logEvery: Int
    /// How the finished model's matrices are stored; checkpoints are f32.
    public let weights: StoredWeights
    /// The whole recipe again, with what the command line changed: what a resumed run must agree with.
    public let canonical: JSONObject

    /// One kind of example.
    public struct DataEntry: Sendable, Hashable {
        /// A task's text, or the path of a file.
        public enum Source: Sendable, Hashable {
            /// A task of the registry.
            case task(String)
            /// A text file.
            case text(String)
            /// A file of conversations, as JSON lines.
            case messages(String)
            /// A file of prompts and what follows each, as JSON lines.
            case answers(String)
        }
        /// Where examples come from.
        public let source: Source
        /// Part of the mixture, relative to the others.
        public let share: Double
        /// When in the run it is used, from 0 to 1.
        public let from: Double
        /// When it ends.
        public let until: Double

        /// An entry that is used in the whole run.
        public init(_ source: Source, share: Double = 1, from: Double = 0, until: Double = 1) {
            self.source = source
            self.share = share
            self.from = from
            self.until = until
        }
    }

    /// Reads a recipe.
    ///
    /// - Parameters:
    ///   - text: YAML.
    ///   - file: the recipe's name in errors.
    ///   - steps: replaces the number of steps.
    ///   - seed: replaces the seed.
    public init(
        _ text: String, file: String, steps: Int? = nil, seed: UInt64? = nil
    ) throws(TrainingError) {
        let read = try RecipeFile.read(text, file: file)
        try self.init(read, steps: steps, seed: seed)
    }

    init(_ read: ConfigurationFile, steps: Int?, seed: UInt64?) throws(TrainingError) {
        try read.allow([
            "model", "from", "tokenizer", "data", "promptWeight", "optimiser", "schedule",
            "training", "checkpoints", "log", "weights",
        ])
        file = read.path
        let training: ConfigurationFile
        let limit: Double
        do throws(FormatError) {
            training = try read.object("training")
            from = try read.optionalString("from")
            model =
                from == nil
                ? try read.object("model").root
                : try read.optionalObject("model")?.root ?? JSONObject()
            tokenizer = try read.string("tokenizer", default: from ?? "bytes")
            promptWeight = try read.double("promptWeight", default: 0, in: 0...1)
            let checkpoints = try read.optionalObject("checkpoints")
            checkpointEvery = try checkpoints?.int("every", in: 1...1_000_000_000) ?? 500
            checkpointsKept = try checkpoints?.int("keep", default: 2, in: 1...1000) ?? 2
            let log = try read.optionalObject("log")
            weights = try StoredWeights.ofFinishedModel(read)
            logEvery = try log?.int("every", in: 1...1_000_000) ?? 10
            let given = try training.int("seed", default: 0, in: 0...Int.max)
            self.seed = seed ?? UInt64(given)
            noise = try training.double("noise", default: 0, in: 0...10)
            limit = try training.double("clip", default: 1, in: 0...1e9)
            let word = try training.string("products", default: "f32")
            guard let products = TrainingMachine.Products(rawValue: word) else {
                throw training.wrongValue("products", expected: "f32 or bf16")
            }
            self.products = products
            clipping = limit > 0 ? .globalNorm(limit) : .none
        } catch { throw .format(error) }
        try training.allow([
            "steps", "sequences", "length", "accumulation", "phases", "clip", "noise", "seed",
            "products",
        ])
        length = try RunLength(training, steps: steps)
        data = try Self.entries(read)
        (optimiser, schedule) = try Self.optimisation(read)
        canonical = Self.canonical(
            read.root, steps: length.steps, seed: self.seed, rate: schedule.peak, clip: limit)
    }

    private static func canonical(
        _ root: JSONObject, steps: Int, seed: UInt64, rate: Double, clip: Double
    ) -> JSONObject {
        // Without the key, so that it stands last whether the recipe had it or not.
        func object(_ name: String, without key: String) -> JSONObject {
            JSONObject((root[name]?.objectValue?.members ?? []).filter { $0.key != key })
        }
        let fixed = object("training", without: "clip").setting("steps", to: .integer(steps))
            .setting("seed", to: .string("\(seed)"))
            // Written out where the recipe leaves them to a default, since they may be lower on resume.
            .setting("clip", to: .number(clip))
        let optimiser = object("optimiser", without: "learningRate").setting(
            "learningRate", to: .number(rate))
        // What is stored, how often and what is logged may change between parts of a run.
        let free: Set = ["weights", "checkpoints", "log"]
        return JSONObject(root.members.filter { !free.contains($0.key) })
            .setting("training", to: .object(fixed))
            .setting("optimiser", to: .object(optimiser))
    }
}

/// How long a run is, and how large its steps are in each part of it.
public struct RunLength: Sendable, Hashable {
    /// Optimiser steps.
    public let steps: Int
    /// Parts of the run, ascending; the last ends at 1.
    public let phases: [Phase]

    /// A part of a run with steps of one size.
    public struct Phase: Sendable, Hashable {
        /// Where it ends, as a part of the run.
        public let until: Double
        /// Sequences of one micro-batch.
        public let sequences: Int
        /// Tokens of a sequence.
        public let length: Int
        /// Micro-batches of a step.
        public let accumulation: Int

        /// Tokens of one step.
        public var tokens: Int { sequences * length * accumulation }
    }

    /// A length made in code, not read from a recipe.
    init(steps: Int, phases: [Phase]) {
        self.steps = steps
        self.phases = phases
    }

    init(_ training: ConfigurationFile, steps given: Int?) throws(TrainingError) {
        func phase(_ file: ConfigurationFile, until: Double) throws(FormatError) -> Phase {
            Phase(
                until: until, sequences: try file.int("sequences", in: 1...65_536),
                length: try file.int("length", in: 2...1_048_576),
                accumulation: try file.int("accumulation", default: 1, in: 1...65_536))
        }
        do throws(FormatError) {
            let range = 1...1_000_000_000
            let own = try training.int("steps", in: range)
            steps = given ?? own
            guard range.contains(steps) else {
                throw .wrongValue(
                    file: "--steps", key: "steps", got: "\(steps)",
                    expected: "\(range.lowerBound) to \(range.upperBound)")
            }
        } catch { throw .format(error) }
        guard training.contains("phases") else {
            do throws(FormatError) { phases = [try phase(training, until: 1)] } catch {
                throw .format(error)
            }
            return
        }
        var phases: [Phase] = []
        for file in try training.objects("phases") {
            try file.allow(["until", "sequences", "length", "accumulation"])
            do throws(FormatError) {
                let last = phases.last?.until ?? 0
                phases.append(
                    try phase(file, until: try file.double("until", default: 1, in: last...1)))
            } catch { throw .format(error) }
        }
        guard let last = phases.last, last.until == 1 else {
            throw .recipe(
                file: training.path, key: "training.phases", got: "a last phase before the end",
                expected: "until: 1 in the last phase")
        }
        self.phases = phases
    }

    /// The phase at a part of the run.
    public func phase(at progress: Double) -> Int {
        return phases.firstIndex { progress < $0.until } ?? phases.count - 1
    }
}

extension StoredWeights {
    /// `weights` of a recipe.
    fileprivate static func ofFinishedModel(_ recipe: ConfigurationFile) throws(FormatError)
        -> StoredWeights
    {
        let text = try recipe.string("weights", default: StoredWeights.f32.rawValue)
        guard let weights = StoredWeights(rawValue: text) else {
            throw recipe.wrongValue("weights", expected: "f32, bf16 or q8")
        }
        return weights
    }
}
