/// How a response is generated, as a value.

public import MartletConstraints
package import MartletEngine

/// How a response is generated. The defaults are greedy: always the likeliest token.
///
/// The filters apply in the order temperature, top-k, top-p, min-p, after bias and penalties.
public struct GenerationOptions: Sendable, Hashable {
    /// The most tokens of the response; nil for 256, or what is left of the model's context.
    public var maximumTokens: Int?
    /// What ``maximumTokens`` is when it is nil, where the model's context has room for it.
    package var usualMaximumTokens = LoadedModel.usualMaximumTokens
    /// Divides the logits; 0 always takes the likeliest token.
    public var temperature: Float = 0
    /// Keeps this many of the likeliest tokens; 0 keeps all.
    public var topK = 0
    /// Keeps the smallest set of likeliest tokens whose probabilities reach this; 1 keeps all.
    public var topP: Float = 1
    /// Keeps tokens at least this likely relative to the likeliest; 0 keeps all.
    public var minP: Float = 0
    /// Divides positive logits, and multiplies others, of tokens that occurred; 1 is none.
    public var repetitionPenalty: Float = 1
    /// Subtracted once from the logit of each token that the response contains.
    public var presencePenalty: Float = 0
    /// Subtracted from a token's logit for each time the response contains it.
    public var frequencyPenalty: Float = 0
    /// Added to the logits of these tokens; minus infinity forbids one.
    public var logitBias: [Int32: Float] = [:]
    /// Nil for none; otherwise each token's log-probability and this many of the likeliest tokens'.
    public var logprobs: Int?
    /// Whether ``logprobs`` are those of what a token was drawn from, after temperature, filters, penalties and a constraint,
    /// instead of the model's own. What could not be drawn has minus infinity.
    public var logprobsDescribeDraw = false
    /// The same seed gives the same text whatever else runs; nil draws one.
    public var seed: UInt64?
    /// The response ends before the first of these texts, and at the special token that one of them spells:
    /// `<|im_end|>` matches the token, which has no text in a response.
    public var stop: [String] = []
    /// Whether ``stop`` counts only after something that is not blank.
    package var stopsAfterText = false
    /// The response ends at any of these tokens, which leave no text.
    public var stopTokens: [StopToken] = []
    /// Whether the model's end tokens are ordinary ones.
    public var ignoresEndTokens = false

    /// What the response must match; nil for anything. What a model thinks before is free. It then ends where that does: ``stop`` and ``stopTokens`` do not
    /// count, and what is open is closed before ``maximumTokens`` runs out.
    public var constraint: Constraint?

    /// Which of ``ModelOptions/adapters`` the response is computed under; nil for the session's (``Session/adapter``), or
    /// else the model's own weights.
    public var adapter: String?

    /// The most bytes of cache that the response may hold, prompt included, all chains together and as if no others were
    /// there; nil for what the cache has. A prompt that alone needs more is refused (`promptTooLong`); a response that comes
    /// to need more ends there, with `FinishReason.length`.
    public var maximumCacheBytes: Int?

    /// How the response is served beside others.
    public var service = ServiceOptions()

    /// The default settings.
    public init() {}

    /// A seed that is short to type again.
    package static func drawSeed() -> UInt64 { UInt64.random(in: 0...UInt64(Int32.max)) }

    /// The engine's parameters, with the limit that was found for this prompt and the ids of all tokens that
    /// end the response.
    package func sampling(maximumTokens limit: Int, stopTokens: Set<Int32> = [])
        -> SamplingParameters
    {
        var sampling = SamplingParameters()
        sampling.temperature = temperature
        sampling.topK = topK
        sampling.topP = topP
        sampling.minP = minP
        sampling.repetitionPenalty = repetitionPenalty
        sampling.presencePenalty = presencePenalty
        sampling.frequencyPenalty = frequencyPenalty
        sampling.logitBias = logitBias
        sampling.logprobs = logprobs
        sampling.describesDraw = logprobsDescribeDraw
        sampling.seed = seed
        sampling.stop = stop
        sampling.stopsAfterText = stopsAfterText
        sampling.stopTokens = stopTokens
        sampling.ignoreEOS = ignoresEndTokens
        sampling.maximumTokens = limit
        return sampling
    }
}
