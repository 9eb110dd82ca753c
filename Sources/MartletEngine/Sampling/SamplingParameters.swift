/// What a caller may say about how tokens are chosen and when a chain ends. Knows no model.

/// How tokens are chosen, and when to stop.
///
/// A constraint of the request (``TokenMask``) applies first: what it forbids cannot be chosen by any rule.
/// The order is: bias, penalties, temperature, top-k, top-p, min-p. It is that of Hugging Face
/// transformers, so each filter sees probabilities after temperature, renormalised over what the
/// filter before it kept. `repetitionPenalty` is that of CTRL (1909.05858) as in transformers: over
/// prompt and completion, positive logits are divided by it and others multiplied. The presence and
/// frequency penalties are OpenAI's: they are subtracted, and count completion tokens only.
package struct SamplingParameters: Sendable, Hashable {
    /// Divides the logits. Zero (or anything below ``greedyTemperature``) is greedy: the largest
    /// logit, the lowest id on ties.
    package var temperature: Float = 1
    /// Keeps this many of the likeliest tokens; 0 keeps all.
    package var topK: Int = 0
    /// Keeps the smallest set of likeliest tokens whose probabilities reach this; 1 keeps all.
    package var topP: Float = 1
    /// Keeps tokens at least this likely relative to the likeliest; 0 keeps all.
    package var minP: Float = 0
    /// Multiplicative penalty on tokens of prompt and completion; 1 is none.
    package var repetitionPenalty: Float = 1
    /// Subtracted once from the logit of each token that the completion contains.
    package var presencePenalty: Float = 0
    /// Subtracted from a token's logit for each time the completion contains it.
    package var frequencyPenalty: Float = 0
    /// Added to the logits of these tokens; minus infinity forbids one.
    package var logitBias: [Int32: Float] = [:]
    /// Nil for none; otherwise each token's log-probability, and this many of the likeliest tokens'.
    /// They describe the model's own distribution: bias, penalties and filters do not change them.
    package var logprobs: Int?
    /// Whether ``logprobs`` describe instead what the token was drawn from, after all rules and a constraint: minus infinity
    /// is what could not be drawn.
    package var describesDraw = false
    /// The same seed gives the same tokens whatever else runs; nil draws one.
    package var seed: UInt64?
    /// A chain ends before the first of these texts.
    package var stop: [String] = []
    /// Whether ``stop`` counts only after something that is not blank.
    package var stopsAfterText = false
    /// A chain ends at any of these tokens, besides the model's own end tokens.
    package var stopTokens: Set<Int32> = []
    /// Whether the model's own end tokens are ordinary ones.
    package var ignoreEOS = false
    /// The most tokens of one chain's completion.
    package var maximumTokens = 256

    /// Temperatures below this are greedy: dividing by less would only overflow.
    package static let greedyTemperature: Float = 1e-5

    /// Samples from the model's own distribution.
    package init() {}

    /// Always takes the likeliest token.
    package static var greedy: SamplingParameters {
        var parameters = SamplingParameters()
        parameters.temperature = 0
        return parameters
    }

    /// Whether the token is the largest logit.
    package var isGreedy: Bool { temperature < Self.greedyTemperature }

    /// Whether earlier tokens change the logits.
    var hasPenalties: Bool {
        repetitionPenalty != 1 || presencePenalty != 0 || frequencyPenalty != 0
    }

    /// Throws ``EngineError/invalidParameter(name:got:expected:)`` for the first value outside its
    /// range. A stop token outside the vocabulary is allowed: it cannot occur.
    package func validate(vocabularySize: Int) throws(EngineError) {
        try check(
            temperature >= 0 && temperature.isFinite, "temperature", temperature,
            "a finite number >= 0")
        try check(topK >= 0, "topK", topK, "0 (all) or more")
        try check(topP >= 0 && topP <= 1, "topP", topP, "0 ... 1")
        try check(minP >= 0 && minP <= 1, "minP", minP, "0 ... 1")
        try check(
            repetitionPenalty > 0 && repetitionPenalty.isFinite, "repetitionPenalty",
            repetitionPenalty, "a finite number > 0")
        try check(presencePenalty.isFinite, "presencePenalty", presencePenalty, "a finite number")
        try check(
            frequencyPenalty.isFinite, "frequencyPenalty", frequencyPenalty, "a finite number")
        if let logprobs {
            try check(
                (0...vocabularySize).contains(logprobs), "logprobs", logprobs,
                "0 ... \(vocabularySize) (the vocabulary)")
        }
        for (token, bias) in logitBias {
            try check(
                token >= 0 && Int(token) < vocabularySize, "logitBias token", token,
                "0 ..< \(vocabularySize)")
            try check(
                !bias.isNaN && bias < .infinity, "logitBias of token \(token)", bias,
                "a number below infinity")
        }
        try check(!stop.contains(""), "stop", "an empty text", "texts of at least one character")
        try check(maximumTokens >= 0, "maximumTokens", maximumTokens, "0 or more")
    }

    private func check(
        _ holds: Bool, _ name: String, _ got: some CustomStringConvertible, _ expected: String
    ) throws(EngineError) {
        guard holds else {
            throw .invalidParameter(name: name, got: got.description, expected: expected)
        }
    }
}
