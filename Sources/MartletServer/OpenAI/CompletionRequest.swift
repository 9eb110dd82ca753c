/// A request for completions.

import Martlet
import MartletJSON

/// What `/v1/completions` was asked.
struct CompletionRequest: Sendable {
    var prompts: [PreparedPrompt]
    var answer: AnswerRequest
    var streams: Bool
    var includesUsage: Bool
    var includesTimings: Bool
    var telling: StreamTelling
    var echoes: Bool
    /// Whether nothing is generated: the prompt alone is wanted, with its log-probabilities.
    var isScoring: Bool { echoes && answer.options.maximumTokens == 0 }

    init(_ fields: Fields, _ service: Service, _ model: ServedModel) throws(WireError) {
        let configuration = service.configuration
        prompts = try model.prompts(fields, "prompt")
        if let suffix = try fields.string("suffix"), !suffix.isEmpty {
            throw .unsupported("suffix", "a suffix", instead: "use /infill, or leave it out")
        }
        answer = AnswerRequest(prompt: prompts[0])
        answer.own = try MartletFields(fields, model)
        answer.options = model.usualOptions(configuration)
        answer.options.constraint = try AnswerConstraint(localFields: fields).constraint
        try model.read(sampling: fields, into: &answer.options)
        answer.chainCount = try fields.integer("n", in: 1...128) ?? 1
        try model.bound(
            answers: answer.chainCount, toEach: prompts.count,
            at: fields.path(answer.chainCount > 1 ? "n" : "prompt"))
        if let best = try fields.integer("best_of", in: 1...128), best > answer.chainCount {
            throw .unsupported(
                "best_of", "choosing among more answers than are returned",
                instead: "ask for n answers")
        }
        if let wants = fields["logprobs"]?.boolValue {
            answer.options.logprobs = wants ? 1 : nil
        } else {
            answer.options.logprobs = try fields.integer("logprobs", in: 0...20)
        }
        let wanted = try fields.integer(["max_tokens", "n_predict"], in: -1...1 << 30)
        answer.options.maximumTokens = wanted.flatMap { $0 < 0 ? nil : $0 }
        streams = try fields.flag("stream") ?? false
        includesUsage = try fields.fields("stream_options")?.flag("include_usage") ?? false
        includesTimings =
            try fields.flag("timings_per_token") ?? false || configuration.isLlamaCompatible
        telling = try StreamTelling(
            fields, streams: streams, ofOne: prompts.count == 1, &answer.own)
        echoes = try fields.flag("echo") ?? false
        fields.accept("model")
    }
}
