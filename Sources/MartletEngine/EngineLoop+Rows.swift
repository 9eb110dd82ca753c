/// What the loop does with a row of logits: choose a token, or score one.

import MartletAttention
import MartletModels

extension EngineLoop {
    /// Chooses the next token of a chain whose tokens are all computed. When its prompt has just been
    /// completed, the other chains of the request fork from it first and choose from the same row.
    func choose(
        _ id: ChainID, forks forkCount: Int, of sequence: SequenceID?,
        _ row: UnsafeBufferPointer<Float>
    ) {
        var chains = [id]
        if forkCount > 0, let sequence {
            let forks = (1...forkCount).map { (chain: $0, sequence: cache.fork(sequence)) }
            scheduler.fork(id, into: forks)
            chains += forks.map { ChainID(request: id.request, chain: $0.chain) }
        }
        guard let generation = generations[id.request] else { return }
        for chain in chains where !generation.chains[chain.chain].hasEnded {
            do {
                try choose(chain, generation, row)
            } catch {
                return failRequest(id.request, error)
            }
        }
    }

    private func choose(
        _ id: ChainID, _ generation: ActiveGeneration, _ row: UnsafeBufferPointer<Float>
    ) throws(EngineError) {
        let position = generation.chains[id.chain].completionCount
        do {
            let sampled = try sampler.sample(
                row, parameters: generation.sampling, history: generation.chains[id.chain].history,
                random: RandomStream(seed: generation.seed, chain: UInt32(id.chain)),
                position: position)
            accept(sampled, id, generation)
        } catch {
            throw .badLogits(error, index: position)
        }
    }

    /// Gives a chain its token, notes it for its consumer, and ends the chain where it must end.
    private func accept(_ sampled: SampledToken, _ id: ChainID, _ generation: ActiveGeneration) {
        let token = sampled.token
        counters.sampledTokens += 1
        generation.count(chain: id.chain, at: configuration.clock.now())
        let endsAtModelTokens = !generation.sampling.ignoreEOS
        guard !generation.sampling.stopTokens.contains(token),
            !(endsAtModelTokens && configuration.endTokens.contains(token))
        else { return end(id, .stop, .token(token)) }
        generation.untold.append(.token(generation.append(sampled, chain: id.chain)))
        if let stop = generation.chains[id.chain].matcher.match {
            end(id, .stop, .text(stop))
        } else if generation.chains[id.chain].completionCount == generation.limit {
            end(id, .length)
        } else {
            scheduler.append(token, to: id)
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
                let described = try sampler.logProbabilities(
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
