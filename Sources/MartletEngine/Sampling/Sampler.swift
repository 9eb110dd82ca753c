/// From a row of logits to a token. Knows no request and no text; holds only scratch memory.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A token and its log-probability.
public struct TokenLogprob: Sendable, Hashable {
    /// The token.
    public let token: Int32
    /// Natural logarithm of its probability, in the model's own distribution unless another one was asked for.
    public let logprob: Float

    /// Pairs a token with its log-probability.
    public init(token: Int32, logprob: Float) {
        self.token = token
        self.logprob = logprob
    }
}

/// What one row of logits led to.
struct SampledToken: Sendable {
    var token: Int32
    /// Nil unless asked for.
    var logprob: Float?
    /// The likeliest tokens, likeliest first.
    var top: [TokenLogprob] = []
}

/// Chooses tokens. The order of the rules is that of ``SamplingParameters``.
struct Sampler {
    private var logits: [Float]
    private var candidates: [Candidate] = []
    private var chunkSums: [Double]

    /// Enough for the nucleus of most rows that a trained model gives.
    private static let fewCandidates = 256

    init(vocabularySize: Int) {
        logits = Array(repeating: 0, count: vocabularySize)
        chunkSums = Array(
            repeating: 0, count: (vocabularySize + LogitRow.chunk - 1) / LogitRow.chunk)
    }

    /// Chooses one token. `position` counts the chain's own tokens, so that the choice depends on
    /// the row, the parameters, the history, the stream and the allowed tokens alone.
    mutating func sample(
        _ row: UnsafeBufferPointer<Float>, parameters: SamplingParameters,
        history: PenaltyHistory?, random: RandomStream, position: Int, allowed: AllowedTokens? = nil
    ) throws(SamplingError) -> SampledToken {
        precondition(
            row.count == logits.count,
            "Sampler: got a row of \(row.count), expected \(logits.count)")
        let raw = LogitRow(row)
        let sampled: SampledToken
        if let only = allowed?.only {
            // There is nothing to choose, but a damaged row is found all the same.
            _ = try raw.maximum()
            return try describe(only, in: row, parameters: parameters)
        } else if parameters.logitBias.isEmpty && history == nil && allowed == nil {
            sampled = try draw(from: raw, parameters, random.uniform(at: position))
        } else {
            _ = try raw.maximum()
            modify(row, parameters, history, allowed)
            // Taken out and put back, so that the row is borrowed without copying it.
            let modified = logits
            let drawn = modified.withUnsafeBufferPointer { buffer in
                Result { () throws(SamplingError) in
                    try draw(from: LogitRow(buffer), parameters, random.uniform(at: position))
                }
            }
            sampled = try drawn.get()
        }
        guard !parameters.describesDraw else { return sampled }
        return try describe(sampled.token, in: row, parameters: parameters)
    }

    /// A token of a row that bias, penalties and a constraint have been at, with what is asked to be said of the draw.
    private mutating func draw(
        from row: LogitRow, _ parameters: SamplingParameters, _ uniform: Double
    ) throws(SamplingError) -> SampledToken {
        let token = try choose(row, parameters, uniform)
        guard parameters.describesDraw, let topCount = parameters.logprobs else {
            return SampledToken(token: token)
        }
        let (_, maximum) = try row.maximum()
        let scale = 1 / parameters.temperature
        var logTotal = 0.0
        // What could be drawn; nil where all tokens could.
        var kept: Set<Int32>?
        if parameters.isGreedy {
            kept = [token]
        } else if narrow(row, maximum, parameters) {
            kept = Set(candidates.map(\.id))
            logTotal = log(candidates.totalWeight)
        } else {
            logTotal = log(row.exponentialSum(maximum: maximum, scale: scale))
        }
        func logprob(of other: Int32) -> Float {
            guard kept?.contains(other) != false else { return -.infinity }
            guard !parameters.isGreedy else { return 0 }
            return Float(Double((row[Int(other)] - maximum) * scale) - logTotal)
        }
        var sampled = SampledToken(token: token, logprob: logprob(of: token))
        guard topCount > 0 else { return sampled }
        row.selectLargest(topCount, into: &candidates)
        candidates.sort(by: Candidate.precedes)
        sampled.top = candidates.map { TokenLogprob(token: $0.id, logprob: logprob(of: $0.id)) }
        return sampled
    }

    /// A token that was not drawn, with what is asked to be said of it.
    mutating func describe(
        _ token: Int32, in row: UnsafeBufferPointer<Float>, parameters: SamplingParameters
    ) throws(SamplingError) -> SampledToken {
        var sampled = SampledToken(token: token)
        guard let topCount = parameters.logprobs else { return sampled }
        guard !parameters.describesDraw else {
            sampled.logprob = 0
            if topCount > 0 { sampled.top = [TokenLogprob(token: token, logprob: 0)] }
            return sampled
        }
        let described = try logProbabilities(LogitRow(row), of: token, top: topCount)
        sampled.logprob = described.logprob
        sampled.top = described.top
        return sampled
    }

    private mutating func modify(
        _ row: UnsafeBufferPointer<Float>, _ parameters: SamplingParameters,
        _ history: PenaltyHistory?, _ allowed: AllowedTokens?
    ) {
        logits.withUnsafeMutableBufferPointer { logits in
            if let allowed {
                allowed.copy(row, to: logits)
            } else {
                _ = logits.update(fromContentsOf: row)
            }
            for (token, bias) in parameters.logitBias { logits[Int(token)] += bias }
            history?.penalise(logits, parameters)
        }
    }

    private mutating func choose(
        _ row: LogitRow, _ parameters: SamplingParameters, _ uniform: Double
    ) throws(SamplingError) -> Int32 {
        let (index, maximum) = try row.maximum()
        guard !parameters.isGreedy else { return Int32(index) }
        guard narrow(row, maximum, parameters) else {
            return drawFromAll(row, maximum, 1 / parameters.temperature, uniform)
        }
        return draw(uniform)
    }

    /// Selects what the filters keep, weighed; false where they keep all.
    private mutating func narrow(
        _ row: LogitRow, _ maximum: Float, _ parameters: SamplingParameters
    ) -> Bool {
        let scale = 1 / parameters.temperature
        if parameters.topK > 0 && parameters.topK < row.count {
            row.selectLargest(parameters.topK, into: &candidates)
            candidates.weigh(maximum: maximum, scale: scale)
            if parameters.topP < 1 {
                candidates.keepNucleus(
                    reaching: Double(parameters.topP) * candidates.totalWeight)
            }
        } else if parameters.topP < 1 {
            let total = row.exponentialSum(maximum: maximum, scale: scale)
            selectNucleus(row, maximum, parameters, total)
            candidates.keepNucleus(reaching: Double(parameters.topP) * total)
        } else if parameters.minP > 0 {
            // A little too low, to cover the rounding of f32; the exact filter follows.
            let threshold = maximum + (log(parameters.minP) - 1e-3) * parameters.temperature
            row.select(atLeast: threshold, maximum: maximum, scale: scale, into: &candidates)
        } else {
            return false
        }
        if parameters.minP > 0 {
            let minimum = Double(parameters.minP)
            candidates.removeAll { $0.weight < minimum }
        }
        return true
    }

    /// Selects a set of likeliest tokens that is certain to hold the nucleus: a few, if they have its
    /// mass, and otherwise all that can belong to it.
    private mutating func selectNucleus(
        _ row: LogitRow, _ maximum: Float, _ parameters: SamplingParameters, _ total: Double
    ) {
        let scale = 1 / parameters.temperature
        row.selectLargest(Self.fewCandidates, into: &candidates)
        candidates.weigh(maximum: maximum, scale: scale)
        if candidates.totalWeight >= Double(parameters.topP) * total { return }
        // Tokens less likely than (1 - topP) / V weigh less than 1 - topP together, so the nucleus
        // lies among the others. The factor covers the rounding of f32.
        let share = 0.99 * (1 - Double(parameters.topP)) / Double(row.count) * total
        row.select(
            atLeast: maximum + Float(log(share)) * parameters.temperature, maximum: maximum,
            scale: scale, into: &candidates)
    }

    /// Draws from the candidates, walking them in order.
    private func draw(_ uniform: Double) -> Int32 {
        var left = uniform * candidates.totalWeight
        for candidate in candidates {
            left -= candidate.weight
            if left < 0 { return candidate.id }
        }
        // Rounding can leave a sliver past the last one.
        return candidates[candidates.count - 1].id
    }

    /// Draws from the whole row, walking it by id: whole chunks first, then the tokens of one.
    private mutating func drawFromAll(
        _ row: LogitRow, _ maximum: Float, _ scale: Float, _ uniform: Double
    ) -> Int32 {
        chunkSums.withUnsafeMutableBufferPointer { sums in
            var left = uniform * row.exponentialSum(maximum: maximum, scale: scale, chunkSums: sums)
            var chunk = 0
            var lastNonzero = 0
            while chunk < sums.count {
                if sums[chunk] > 0 { lastNonzero = chunk }
                if left < sums[chunk] { break }
                left -= sums[chunk]
                chunk += 1
            }
            let start = min(chunk, lastNonzero) * LogitRow.chunk
            var last = start
            for block in stride(
                from: start, to: min(start + LogitRow.chunk, row.count), by: LogitRow.lanes)
            {
                let weights = LogitRow.exponential((row.block(block) - maximum) * scale)
                for lane in 0..<LogitRow.lanes where weights[lane] > 0 {
                    last = block + lane
                    left -= Double(weights[lane])
                    if left < 0 { return Int32(last) }
                }
            }
            return Int32(last)
        }
    }

    /// The log-probability of a token and the likeliest tokens with theirs: log-softmax of the row,
    /// exponentials in f32, sums in f64 in a fixed order.
    mutating func logProbabilities(
        _ row: LogitRow, of token: Int32, top topCount: Int
    ) throws(SamplingError) -> (logprob: Float, top: [TokenLogprob]) {
        let (_, maximum) = try row.maximum()
        let offset = Double(maximum) + log(row.exponentialSum(maximum: maximum, scale: 1))
        let logprob = Float(Double(row[Int(token)]) - offset)
        guard topCount > 0 else { return (logprob, []) }
        row.selectLargest(topCount, into: &candidates)
        candidates.sort(by: Candidate.precedes)
        let top = candidates.map {
            TokenLogprob(token: $0.id, logprob: Float(Double($0.logit) - offset))
        }
        return (logprob, top)
    }
}
