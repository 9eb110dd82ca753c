/// From a prompt and a budget to an answer: plans, then searches.

import Foundation
import MartletCache
import MartletEngine
import MartletFormats
import MartletPolicies

/// Looks for the best answers inside budgets, with one model or its compressed forms: what `Model.solve` and
/// `martlet solve` share.
package struct Solver: Sendable {
    private let loaded: LoadedModel
    private let forms: SolveForms
    private let costs: CostStore

    /// A solver with a model that is in memory; the cost of its steps comes from `costs`, which its searches correct.
    package init(_ loaded: LoadedModel, costs: CostStore) {
        self.loaded = loaded
        self.costs = costs
        forms = SolveForms(loaded)
    }

    /// Loads a model to look for answers with. Throws as ``Model/load(_:options:costs:)`` does.
    package static func load(
        _ name: String, options: ModelOptions, costs: CostStore
    ) async throws(MartletError) -> Solver {
        Solver(try await LoadedModel.load(name, options: options), costs: costs)
    }

    /// Does what the first search would do first: measures what steps take, and loads the compressed forms.
    package func prepare(
        _ options: SolveOptions, before deadline: Duration?
    ) async throws(MartletError) {
        _ = try await cost(before: deadline)
        _ = try await forms(options)
    }

    /// Starts a search. Its last event is the answer; what it teaches about costs is saved after that.
    ///
    /// - Parameter start: when the deadline's time began.
    package func solve(
        _ prompt: String, budget: SolveBudget, options: SolveOptions,
        start: ContinuousClock.Instant = .now
    ) -> SolveStream {
        SolveStream { (tell) async throws(MartletError) in
            try await run(prompt, budget: budget, options: options, start: start, tell: tell)
            await costs.save()
        }
    }

    /// What a step of the model takes, which is what one of any form does: what they read differs, and plans know
    /// that. Nil without a deadline: then nothing depends on it.
    private func cost(before deadline: Duration?) async throws(MartletError) -> StepCost? {
        guard let deadline else { return nil }
        return try await costs.cost(of: loaded, before: deadline)
    }

    /// Looks for an answer. Throws ``MartletError`` before anything runs where the budget holds nothing.
    private func run(
        _ prompt: String, budget: SolveBudget, options: SolveOptions,
        start: ContinuousClock.Instant, tell: @escaping @Sendable (SolveEvent) -> Void
    ) async throws(MartletError) {
        try check(budget, options)
        try loaded.check(adapter: options.adapter)
        var budget = budget
        if let memory = budget.memory { budget.memory = try loaded.cacheBytes(within: memory) }
        let asked = Array((options.instruction.map { prompt + "\n" + $0 } ?? prompt).utf8)
        let tokens = try loaded.prompts.tokens(utf8: asked, form: options.form)
        let cost = try await cost(before: budget.deadline)
        let (forms, sweep) = try await forms(options)
        let limit = budget.deadline.map(\.seconds)
        let spent = (ContinuousClock.now - start).seconds
        // Time kept free before the deadline, for the work after the last step and for a slow step.
        func margin(_ width: Int) -> Double {
            let step = cost?.seconds(tokens: width, reads: 0) ?? 0
            return min(0.25 * (limit ?? 0), 0.05 + 3 * step)
        }
        let planner = SolvePlanner(
            memory: budget.memory, deadline: limit.map { max(0, $0 - spent) },
            width: options.width, length: options.length, margin: margin(options.width ?? 1))
        let frontiers = sweep?.frontiers(
            of: forms, promptTokens: tokens.count, isNamed: options.sweep != nil)
        if let path = options.sweep, frontiers?[0] == nil {
            throw notMeasured(path, forms[0])
        }
        let candidates = forms.indices.compactMap { index -> SolvePlanner.Candidate? in
            // What was not measured with prompts like this one is none to choose, where anything was.
            let mustBeMeasured = forms[index].isSweeps || options.sweep != nil
            guard !mustBeMeasured || frontiers?[index] != nil else { return nil }
            return candidate(
                index, forms[index], cost, frontiers?[index], promptTokens: tokens.count)
        }
        guard !candidates.isEmpty else {
            // Says which limit the prompt is beyond.
            _ = try loaded.completionLimit(promptTokens: tokens.count, wanted: 1)
            throw lengthTooLong(options.length ?? 0, tokens.count)
        }
        guard let choice = planner.choose(candidates) else {
            throw nothingFits(planner, candidates, promptTokens: tokens.count)
        }
        let form = forms[choice.index]
        if let limit, let cost {
            let needed = cost.prefillSeconds(
                tokens: tokens.count, chunk: form.loaded.options.maximumBatchTokens)
            guard needed < limit - spent else {
                throw tooLate(
                    needed: needed, limit: limit, spent: spent, promptTokens: tokens.count)
            }
        }
        let configuration = SolveConfiguration(
            model: form.loaded.name, policy: form.loaded.policyText, width: choice.width,
            length: choice.length, compressionRatio: form.ratio, plannedBytes: choice.bytes,
            plannedSeconds: choice.seconds, lossyMethods: form.loaded.lossyMethods)
        tell(.planned(configuration))
        let search = SolveSearch(
            loaded: form.loaded, tokens: tokens, configuration: configuration, options: options,
            said: try loaded.prompts.reader(utf8: asked, form: options.form),
            seed: options.seed ?? GenerationOptions.drawSeed(),
            cacheBytes: try arena(form, choice, budget, promptTokens: tokens.count),
            adapterBytes: loaded.model.adapterBytes, start: start,
            deadline: budget.deadline.map { start + $0 },
            margin: .seconds(margin(choice.width)))
        let (result, decoding) = try await search.run(tell)
        tell(.answer(result))
        // Steps under an adapter take longer, which says nothing of the others.
        if let cost, options.adapter == nil,
            let ratio = Self.ratio(
                of: decoding, to: cost, result, arenaBytes: search.cacheBytes, form,
                promptTokens: tokens.count)
        {
            await costs.correct(loaded, by: ratio)
        }
    }

    private func forms(
        _ options: SolveOptions
    ) async throws(MartletError) -> ([SolveForm], MeasuredSweep?) {
        let isPlain = options.adapter == nil
        let compressed = options.usesCompressedForms && isPlain
        let choice = try await forms.choice(
            compressed: compressed, codecs: compressed && options.usesMeasuredCodecs,
            sweep: options.sweep)
        // What was measured without an adapter says nothing of one.
        var forms = choice.forms
        if !isPlain {
            for index in forms.indices {
                forms[index].ratio = forms[index].loaded.compressionRatio(under: options.adapter)
                forms[index].readRatio = forms[index].ratio
            }
        }
        return (forms, isPlain ? choice.sweep : nil)
    }

    /// The time that a search took over the time that its steps were expected to take. Nil when this says nothing about
    /// steps, because the search was short or chains waited for each other's pages.
    private static func ratio(
        of decoding: Duration, to cost: StepCost, _ result: SolveResult, arenaBytes: Int,
        _ form: SolveForm, promptTokens: Int
    ) -> Double? {
        let lengths = result.chains.map(\.tokens)
        guard let longest = lengths.max(), longest >= 32,
            result.chains.count == result.configuration.width,
            Double(result.peakCacheBytes) < 0.9 * Double(arenaBytes)
        else { return nil }
        let expected =
            cost.prefillSeconds(
                tokens: promptTokens, chunk: form.loaded.options.maximumBatchTokens)
            + Double(longest) * cost.fixed + Double(lengths.reduce(0, +)) * cost.perToken
            + result.kvReads * cost.perRead
        return expected > 0 ? decoding.seconds / expected : nil
    }

    /// Bytes of the search's cache: the memory budget, or, without one, the most that the chains can need.
    private func arena(
        _ form: SolveForm, _ choice: SolvePlanner.Choice, _ budget: SolveBudget, promptTokens: Int
    ) throws(MartletError) -> Int {
        let needed = CacheBudget(
            promptTokens: promptTokens, completionTokens: choice.length, chainCount: choice.width,
            chunk: form.loaded.options.maximumBatchTokens)
        if let memory = budget.memory {
            // A larger arena than the chains can use would only cost time to make.
            let most = needed.bytes(
                shape: form.loaded.cacheShape, visibilities: form.loaded.visibilities)
            return form.loaded.policy.traits.rereadsPrompt ? memory : min(memory, most)
        }
        return try form.loaded.cacheBytes(needed)
    }

    private func candidate(
        _ index: Int, _ form: SolveForm, _ cost: StepCost?, _ frontier: MeasuredFrontier?,
        promptTokens: Int
    ) -> SolvePlanner.Candidate? {
        let loaded = form.loaded
        let room = loaded.positionLimit.map { $0 - promptTokens + 1 } ?? 1 << 20
        guard room > 0 else { return nil }
        let (shape, visibilities) = (loaded.cacheShape, loaded.visibilities)
        let chunk = loaded.promptChunk
        let tables = shape.layerCount * shape.keyValueHeadCount
        return SolvePlanner.Candidate(
            index: index,
            bytes: { width, length in
                let most = CacheBudget(
                    promptTokens: promptTokens, completionTokens: length, chainCount: width,
                    chunk: chunk
                ).bytes(shape: shape, visibilities: visibilities)
                guard form.ratio > 1 else { return most }
                // Each head's last page is partly filled, and the prompt's last piece is held whole until it is computed.
                let slack = (width + 1) * tables * shape.heldBytesPerPage
                let held = loaded.policy.traits.expectedTokens(
                    promptTokens, compression: form.ratio)
                let prompt = CacheBudget(
                    promptTokens: held, completionTokens: 0, chunk: chunk
                ).bytes(shape: shape, visibilities: visibilities)
                return min(most, max(prompt, Int(Double(most) / form.ratio) + slack))
            },
            seconds: cost.map { cost in
                { width, length in
                    cost.prefillSeconds(tokens: promptTokens, chunk: chunk)
                        + cost.decodeSeconds(
                            width: width, length: length, promptTokens: promptTokens,
                            readShare: 1 / form.readRatio)
                }
            },
            longest: min(room, form.longest ?? room), usual: form.usualTokens,
            isLossy: !loaded.policy.isExact || form.isSweeps,
            frontier: frontier)
    }

    // MARK: Refusals

    private func check(_ budget: SolveBudget, _ options: SolveOptions) throws(MartletError) {
        func require(_ holds: Bool, _ name: String, _ got: String, _ expected: String)
            throws(MartletError)
        {
            guard !holds else { return }
            throw MartletError(
                code: .invalidParameter, subject: name,
                message: "\(name): got \(got), expected \(expected); correct or remove it")
        }
        if let memory = budget.memory {
            try require(memory > 0, "memory budget", "\(memory)", "a positive number of bytes")
        }
        if let deadline = budget.deadline {
            try require(
                deadline > .zero, "deadline", "\(deadline.seconds) s", "more than no time")
        }
        try require(
            options.instruction == nil || options.form != .text, "instruction",
            "one after a text that is continued", "none, or a prompt that is a message")
        try require(
            options.sweep == nil || options.adapter == nil, "sweep",
            "a sweep beside the adapter \(options.adapter ?? "")",
            "no adapter, because sweeps are of the model's own weights")
        if let width = options.width {
            try require((1...4096).contains(width), "width", "\(width)", "1 to 4096")
        }
        if let length = options.length {
            try require(length >= 1, "length", "\(length)", "1 or more tokens")
        }
        if let temperature = options.temperature {
            try require(
                temperature >= 0 && temperature.isFinite, "temperature", "\(temperature)",
                "a finite number >= 0")
        }
    }

    private func notMeasured(_ path: String, _ form: SolveForm) -> MartletError {
        MartletError(
            code: .invalidParameter, subject: "sweep",
            message:
                "sweep: \(path) did not measure \(form.loaded.policyText) in \(form.loaded.storage) on this model, so that "
                + "nothing can be planned by it; name another, or give the --cache and --kv that it measured"
        )
    }

    private func lengthTooLong(_ length: Int, _ promptTokens: Int) -> MartletError {
        MartletError(
            code: .contextExceeded, subject: "length",
            message: "a prompt of \(promptTokens) tokens leaves no room for \(length) more in the "
                + "model's context; shorten one of them")
    }

    private func nothingFits(
        _ planner: SolvePlanner, _ candidates: [SolvePlanner.Candidate], promptTokens: Int
    ) -> MartletError {
        let length = planner.length ?? SolvePlanner.leastLength
        guard candidates.contains(where: { $0.longest >= length }) else {
            return lengthTooLong(length, promptTokens)
        }
        let least = min(length, SolvePlanner.leastLength)
        let bytes = candidates.map { $0.bytes(1, least) }.min() ?? 0
        let adapters = loaded.model.adapterBytes
        let beside = adapters > 0 ? "leaves beside \(adapters) bytes of adapters " : "is "
        return MartletError(
            code: .budgetTooSmall, subject: "memory budget",
            message:
                "a prompt of \(promptTokens) tokens and a chain of \(least) need \(bytes) bytes of cache, "
                + "the budget \(beside)\(planner.memory ?? 0); raise it, or use a smaller --kv or a compressed "
                + "--cache")
    }

    private func tooLate(
        needed: Double, limit: Double, spent: Double, promptTokens: Int
    ) -> MartletError {
        MartletError(
            code: .deadlineTooShort, subject: "deadline",
            message:
                "reading a prompt of \(promptTokens) tokens takes about \(Self.text(needed)) on this machine, "
                + "the deadline of \(Self.text(limit)) leaves \(Self.text(max(0, limit - spent))); allow more "
                + "time or shorten the prompt"
                + (costs.file.map {
                    ", or remove \($0.path(percentEncoded: false)) if the machine is faster than it says"
                } ?? ""))
    }

    private static func text(_ seconds: Double) -> String { String(format: "%.2g s", seconds) }
}
