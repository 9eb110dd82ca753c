/// How tokens are chosen and when to stop.

import ArgumentParser
import Martlet

struct SamplingArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The most tokens to generate. Default: 256, or what is left of the model's context.",
            valueName: "count"))
    var maxTokens: Int?

    @Option(
        help: ArgumentHelp(
            "Divides the logits; 0 always takes the likeliest token.", valueName: "number"))
    var temperature: Float = 0

    @Option(
        help: ArgumentHelp(
            "Keeps this many of the likeliest tokens; 0 keeps all.", valueName: "count"))
    var topK = 0

    @Option(
        help: ArgumentHelp(
            "Keeps the likeliest tokens whose probabilities reach this together.",
            valueName: "number"))
    var topP: Float = 1

    @Option(
        help: ArgumentHelp(
            "Keeps tokens at least this likely relative to the likeliest.", valueName: "number"))
    var minP: Float = 0

    @Option(
        help: ArgumentHelp(
            "Divides positive logits of tokens that occurred; 1 is none.", valueName: "number"))
    var repetitionPenalty: Float = 1

    @Option(
        help: ArgumentHelp(
            "Subtracted once from the logits of generated tokens.", valueName: "number"))
    var presencePenalty: Float = 0

    @Option(
        help: ArgumentHelp(
            "Subtracted from a generated token's logit for each occurrence.", valueName: "number"))
    var frequencyPenalty: Float = 0

    @Option(
        help: ArgumentHelp(
            "Added to a token's logit, such as 13=-inf. May be repeated.", valueName: "token=bias"),
        transform: LogitBias.init(parsing:))
    var logitBias: [LogitBias] = []

    @Option(
        help: ArgumentHelp(
            "Report log-probabilities, and those of this many likeliest tokens.", valueName: "count"
        ))
    var logprobs: Int?

    @Option(
        help: "End before this text, or at the special token spelled so. May be repeated.")
    var stop: [String] = []

    @Option(
        help: ArgumentHelp(
            "End at this token: its id, or its text. May be repeated.", valueName: "id|text"),
        transform: StopToken.init(parsing:))
    var stopToken: [StopToken] = []

    @Flag(name: .customLong("ignore-eos"), help: "Go on after the model's end tokens.")
    var ignoresEndTokens = false

    /// The options that the arguments say.
    func options(seed: UInt64?) -> GenerationOptions {
        var options = GenerationOptions()
        options.maximumTokens = maxTokens
        options.temperature = temperature
        options.topK = topK
        options.topP = topP
        options.minP = minP
        options.repetitionPenalty = repetitionPenalty
        options.presencePenalty = presencePenalty
        options.frequencyPenalty = frequencyPenalty
        options.logitBias = Dictionary(
            logitBias.map { ($0.token, $0.bias) }, uniquingKeysWith: { _, last in last })
        options.logprobs = logprobs
        options.seed = seed
        options.stop = stop
        options.stopTokens = stopToken
        options.ignoresEndTokens = ignoresEndTokens
        return options
    }
}
