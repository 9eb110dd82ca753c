/// From a prompt and a budget to an answer: plans, then searches.

import Foundation
import MartletAttention
import MartletEngine
import MartletFormats

/// Looks for the best answer inside a budget, with one model or with several forms of one.
package struct Solver: Sendable {
    /// A model under a cache policy. `ratio` is the number of tokens that share a slot of its cache.
    package struct Form: Sendable {
        package let loaded: LoadedModel
        let ratio: Double
        /// Tokens that a completion usually needs at most.
        let usualTokens: Int

        /// Takes both figures from the model's files.
        package init(_ loaded: LoadedModel) {
            self.loaded = loaded
            usualTokens = loaded.usualCompletionTokens
            ratio = loaded.compressionRatio
        }
    }

    private let forms: [Form]
    private let firstCost: StepCost?
    private let sweep: MeasuredSweep?

    /// - Parameters:
    ///   - forms: ways to run, the one to prefer first.
    ///   - cost: how long a step of the first form takes. It serves all forms, because they differ only in the cached
    ///     tokens that a step reads, which a plan counts. Each search corrects it in the store. Nil plans without time.
    ///   - sweep: the measured accuracies of these forms; nil plans without them.
    package init(_ forms: [Form], cost: StepCost?, sweep: MeasuredSweep?) {
        precondition(!forms.isEmpty, "Solver: got no form of a model, expected at least one")
        self.forms = forms
        firstCost = cost
        self.sweep = sweep
    }

    /// How long steps take: the store's latest figure, or the one given at the start.
    private func cost() async -> StepCost? {
        guard let firstCost else { return nil }
        return await CostStore.shared.known(forms[0].loaded) ?? firstCost
    }

    /// Looks for an answer. Throws ``MartletError``, before anything runs, when the budget is too small for one chain.
    package func run(
        _ prompt: String, budget: SolveBudget, options: SolveOptions,
        start: ContinuousClock.Instant = .now,
        tell: @escaping @Sendable (SolveEvent) -> Void
    ) async throws(MartletError) -> SolveResult {
        try check(budget, options)
        let tokens = try forms[0].loaded.text.encode(utf8: Array(prompt.utf8))
        let limit = budget.deadline.map(\.seconds)
        let spent = (ContinuousClock.now - start).seconds
        let cost = await cost()
        // Time kept free before the deadline, for the work after the last step and for a slow step.
        func margin(_ width: Int) -> Double {
            let step = cost?.seconds(tokens: width, reads: 0) ?? 0
            return min(0.25 * (limit ?? 0), 0.05 + 3 * step)
        }
        let planner = SolvePlanner(
            memory: budget.memory, deadline: limit.map { max(0, $0 - spent) },
            width: options.width, length: options.length, margin: margin(options.width ?? 1))
        let frontiers = sweep?.frontiers(of: forms.map(\.loaded), promptTokens: tokens.count)
        let candidates = forms.indices.compactMap { index in
            candidate(index, cost, frontiers?[index], promptTokens: tokens.count)
        }
        guard !candidates.isEmpty else {
            // Says which limit the prompt is beyond.
            _ = try forms[0].loaded.completionLimit(promptTokens: tokens.count, wanted: 1)
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
                throw Self.tooLate(
                    needed: needed, limit: limit, spent: spent, promptTokens: tokens.count)
            }
        }
        let configuration = SolveConfiguration(
            model: form.loaded.name, policy: form.loaded.policyText, width: choice.width,
            length: choice.length, compressionRatio: form.ratio, plannedBytes: choice.bytes,
            plannedSeconds: choice.seconds)
        tell(.planned(configuration))
        let search = SolveSearch(
            loaded: form.loaded, tokens: tokens, configuration: configuration, options: options,
            seed: options.seed ?? UInt64.random(in: 0...UInt64(Int32.max)),
            cacheBytes: try arena(form, choice, budget, promptTokens: tokens.count), start: start,
            deadline: budget.deadline.map { start + $0 },
            margin: .seconds(margin(choice.width)))
        let (result, decoding) = try await search.run(tell)
        tell(.answer(result))
        if let cost,
            let ratio = Self.ratio(
                of: decoding, to: cost, result, arenaBytes: search.cacheBytes, form,
                promptTokens: tokens.count)
        {
            await CostStore.shared.correct(forms[0].loaded, by: ratio)
        }
        return result
    }

    /// The time that a search took over the time that its steps were expected to take. Nil when this says nothing about
    /// steps, because the search was short or chains waited for each other's pages.
    private static func ratio(
        of decoding: Duration, to cost: StepCost, _ result: SolveResult, arenaBytes: Int,
        _ form: Form, promptTokens: Int
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
        _ form: Form, _ choice: SolvePlanner.Choice, _ budget: SolveBudget, promptTokens: Int
    ) throws(MartletError) -> Int {
        let needed = CacheBudget(
            promptTokens: promptTokens, completionTokens: choice.length, chainCount: choice.width,
            chunk: form.loaded.options.maximumBatchTokens)
        if let memory = budget.memory {
            // A larger arena than the chains can use would only cost time to make.
            let most = needed.bytes(
                shape: form.loaded.cacheShape, visibilities: form.loaded.visibilities)
            return form.loaded.policy.rereadsPrompt ? memory : min(memory, most)
        }
        return try form.loaded.cacheBytes(needed)
    }

    private func candidate(
        _ index: Int, _ cost: StepCost?, _ frontier: MeasuredFrontier?, promptTokens: Int
    ) -> SolvePlanner.Candidate? {
        let form = forms[index]
        let loaded = form.loaded
        let room = loaded.positionLimit.map { $0 - promptTokens + 1 } ?? 1 << 20
        guard room > 0 else { return nil }
        let (shape, visibilities) = (loaded.cacheShape, loaded.visibilities)
        let chunk = loaded.options.maximumBatchTokens
        let tables = shape.layerCount * shape.keyValueHeadCount
        return SolvePlanner.Candidate(
            index: index,
            bytes: { width, length in
                let most = CacheBudget(
                    promptTokens: promptTokens, completionTokens: length, chainCount: width,
                    chunk: chunk
                ).bytes(shape: shape, visibilities: visibilities)
                guard form.ratio > 1 else { return most }
                // Each head's last page is partly filled, and the prompt's last block is held whole until it is computed.
                let slack = (width + 1) * tables * shape.heldBytesPerPage
                let held = LearnedEviction.expectedTokens(promptTokens, compression: form.ratio)
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
                            readShare: 1 / form.ratio)
                }
            },
            longest: room, usual: form.usualTokens, isLossy: !loaded.policy.isExact,
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
        return MartletError(
            code: .budgetTooSmall, subject: "memory budget",
            message:
                "a prompt of \(promptTokens) tokens and a chain of \(least) need \(bytes) bytes of cache, "
                + "the budget is \(planner.memory ?? 0); raise it, or use a smaller --kv or a compressed "
                + "--cache")
    }

    private static func tooLate(
        needed: Double, limit: Double, spent: Double, promptTokens: Int
    ) -> MartletError {
        MartletError(
            code: .deadlineTooShort, subject: "deadline",
            message:
                "reading a prompt of \(promptTokens) tokens takes about \(text(needed)) on this machine, "
                + "the deadline of \(text(limit)) leaves \(text(max(0, limit - spent))); allow more time or "
                + "shorten the prompt")
    }

    private static func text(_ seconds: Double) -> String { String(format: "%.2g s", seconds) }
}

extension Model {
    /// Looks for the best answer inside a budget: several chains continue the prompt, share its part of the
    /// cache, and their answers are counted.
    ///
    /// ```swift
    /// let model = try await Model.load("builtin")
    /// for try await event in model.solve("C97:a=8,b=a*9+4,c=b*8,d=c-15,d?", budget: SolveBudget(deadline: .seconds(2))) {
    ///     if case .answer(let result) = event { print(result.answer ?? "none") }
    /// }
    /// ```
    /// The search has a cache of its own of `budget.memory` bytes, which it never exceeds, and reports the best
    /// answer so far at the deadline. Cancelling the reader ends it within one step.
    public func solve(
        _ prompt: String, budget: SolveBudget = SolveBudget(),
        options: SolveOptions = SolveOptions()
    ) -> SolveStream {
        let loaded = loaded
        return SolveStream { (tell) async throws(MartletError) in
            let start = ContinuousClock.now
            // Without a deadline nothing depends on how long steps take.
            var cost: StepCost?
            if let deadline = budget.deadline {
                cost = try await CostStore.shared.cost(of: loaded, before: deadline)
            }
            let sweep = loaded.checkpoint.flatMap { MeasuredSweep(folder: $0.directory) }
            _ = try await Solver([Solver.Form(loaded)], cost: cost, sweep: sweep).run(
                prompt, budget: budget, options: options, start: start, tell: tell)
            await CostStore.shared.save()
        }
    }
}
