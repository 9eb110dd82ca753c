/// What the loop does with a row of logits: choose a token, or score one.

import MartletCache
import MartletModels

extension EngineLoop {
    /// A chain whose next token is due, and the row of logits for it.
    struct DueRow {
        let id: ChainID
        let generation: ActiveGeneration
        let row: UnsafeBufferPointer<Float>
    }

    /// Adds a chain whose tokens are all computed to `choices`. When its prompt has just been completed, the other chains
    /// of the request first fork from it, and choose from the same row.
    func fork(
        _ id: ChainID, into forkCount: Int, of sequence: SequenceID?,
        _ row: UnsafeBufferPointer<Float>, _ choices: inout [DueRow]
    ) {
        var chains = [id]
        if forkCount > 0, let sequence {
            let forks = (1...forkCount).map { (chain: $0, sequence: cache.fork(sequence)) }
            scheduler.fork(id, into: forks)
            chains += forks.map { ChainID(request: id.request, chain: $0.chain) }
        }
        guard let generation = generations[id.request] else { return }
        for chain in chains where !generation.chains[chain.chain].hasEnded {
            choices.append(DueRow(id: chain, generation: generation, row: row))
        }
    }

    /// The work, in logits, from which on waking threads pays. A row counts its own logits and `logitsOfARow` more for
    /// its fixed cost.
    private static let serialLogits = 30_000
    private static let logitsOfARow = 500

    /// Chooses the token of every chain, on several threads when there is enough work, and gives them to the chains in
    /// order. A token depends only on its row, its chain and the parameters of its request.
    func choose(_ choices: [DueRow]) {
        guard !choices.isEmpty else { return }
        var results = [Result<SampledToken, EngineError>?](repeating: nil, count: choices.count)
        samplers.withUnsafeMutableBufferPointer { samplers in
            results.withUnsafeMutableBufferPointer { results in
                let work = choices.count * (forward.vocabularySize + Self.logitsOfARow)
                guard work >= Self.serialLogits else {
                    for index in choices.indices {
                        results[index] = Self.sample(choices[index], &samplers[0])
                    }
                    return
                }
                forward.run(choices.count) { index, worker in
                    results[index] = Self.sample(choices[index], &samplers[worker])
                }
            }
        }
        for (choice, result) in zip(choices, results) {
            // A request that failed at an earlier chain has no others.
            guard generations[choice.id.request] != nil, let result else { continue }
            switch result {
            case .success(let sampled):
                guard accept(sampled, choice.id, choice.generation) else { continue }
                force(after: sampled.token, choice.id, choice.generation)
            case .failure(let error): failRequest(choice.id.request, error)
            }
        }
    }

    private static func sample(
        _ choice: DueRow, _ sampler: inout Sampler
    ) -> Result<SampledToken, EngineError> {
        let generation = choice.generation
        let chain = generation.chains[choice.id.chain]
        let position = chain.completionCount
        do {
            let allowed = try generation.mask?.allowed(after: chain.maskState)
            var sampled = try sampler.sample(
                choice.row, parameters: generation.sampling, history: chain.history,
                random: RandomStream(seed: generation.seed, chain: UInt32(choice.id.chain)),
                position: position, allowed: allowed)
            guard let mask = generation.mask else { return .success(sampled) }
            let token = mask.closing(
                sampled.token, after: chain.maskState, in: generation.limit - position)
            if token != sampled.token {
                sampled = try sampler.describe(
                    token, in: choice.row, parameters: generation.sampling)
            }
            return .success(sampled)
        } catch let error as SamplingError {
            return .failure(.badLogits(error, index: position))
        } catch {
            return .failure(.constraintFailed(reason: "\(error)", index: position))
        }
    }

    /// Gives a chain its token, notes it for its consumer, and ends the chain where it must end. Returns whether it
    /// goes on.
    private func accept(
        _ sampled: SampledToken, _ id: ChainID, _ generation: ActiveGeneration
    ) -> Bool {
        let token = sampled.token
        counters.sampledTokens += 1
        generation.count(chain: id.chain, at: configuration.clock.now())
        guard goesOn(after: token, id, generation) else {
            // A mask has no state after an end token, and none once it has come to its bounds.
            if generation.mask == nil || configuration.endTokens.contains(token) {
                end(id, .stop, .token(token))
            } else {
                let place = generation.chains[id.chain].completionCount - 1
                failRequest(
                    id.request,
                    .constraintFailed(
                        reason: "no text goes on after the token \(token); use another constraint",
                        index: place))
            }
            return false
        }
        generation.untold.append(.token(generation.append(sampled, chain: id.chain)))
        if let mask = generation.mask, mask.isFinished(generation.chains[id.chain].maskState) {
            end(id, .stop)
        } else if let stop = generation.chains[id.chain].matcher.match {
            end(id, .stop, .text(stop))
        } else if generation.chains[id.chain].completionCount == generation.limit {
            end(id, .length)
        } else {
            scheduler.append(token, to: id)
            return true
        }
        return false
    }

    /// Whether a token is part of the text, rather than its end.
    private func goesOn(after token: Int32, _ id: ChainID, _ generation: ActiveGeneration) -> Bool {
        guard let mask = generation.mask else {
            let endsAtModelTokens = !generation.sampling.ignoreEOS
            return !generation.sampling.stopTokens.contains(token)
                && !(endsAtModelTokens && configuration.endTokens.contains(token))
        }
        // A text that must match something ends where that does, and nowhere else.
        guard let next = mask.state(generation.chains[id.chain].maskState, after: token) else {
            return false
        }
        generation.chains[id.chain].maskState = next
        return true
    }

    /// Appends the tokens that must come next: they are computed in one chunk, and nothing is chosen. Where
    /// log-probabilities are asked for, each token needs a row of its own.
    private func force(after token: Int32, _ id: ChainID, _ generation: ActiveGeneration) {
        guard let mask = generation.mask, generation.sampling.logprobs == nil else { return }
        let output = generation.chains[id.chain]
        // Near the limit the fewest tokens count, and not how they are usually written.
        let left = generation.limit - output.completionCount
        guard mask.completionBound(output.maskState) <= left else { return }
        for forced in mask.forcedTokens(after: token, in: output.maskState) {
            guard accept(SampledToken(token: forced), id, generation) else { return }
        }
    }

    /// Notes the log-probabilities that rows give to the tokens after them. The first row follows the
    /// token at `start`.
    func score(
        _ id: ChainID, from start: Int, count: Int, isLast: Bool,
        _ rows: UnsafeBufferPointer<Float>
    ) {
        guard let scoring = scorings[id.request] else { return }
        let width = forward.vocabularySize
        for row in 0..<count {
            let place = start + row + 1
            let logits = UnsafeBufferPointer(rebasing: rows[(row * width)..<((row + 1) * width)])
            do {
                let described = try samplers[0].logProbabilities(
                    LogitRow(logits), of: scoring.tokens[place], top: scoring.topCount)
                scoring.result.logprobs[place] = described.logprob
                scoring.result.top[place] = described.top
            } catch {
                return failRequest(id.request, .badLogits(error, index: place))
            }
        }
        if isLast { end(id, .length) }
    }
}

extension ActiveGeneration {
    fileprivate func count(chain: Int, at now: Duration) {
        chains[chain].completionCount += 1
        if chains[chain].timeToFirstToken == nil { chains[chain].timeToFirstToken = now - arrival }
    }

    /// Adds a token to a chain's text and returns the event that tells of it.
    fileprivate func append(_ sampled: SampledToken, chain: Int) -> GeneratedToken {
        chains[chain].history?.append(sampled.token)
        let text = chains[chain].decoder?.append(sampled.token) ?? ""
        return GeneratedToken(
            chain: chain, id: sampled.token, text: chains[chain].matcher.append(text),
            logprob: sampled.logprob, top: sampled.top)
    }
}
