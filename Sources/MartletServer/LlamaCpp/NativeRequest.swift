/// A request of llama.cpp's own completion endpoint.

import Martlet
import MartletEngine
import MartletJSON

/// What `/completion` was asked.
struct NativeRequest: Sendable {
    var answers: [AnswerRequest] = []
    var streams = false
    var returnsTokens = false
    var telling = StreamTelling()
    var answerFields: [String] = []
    /// Whether the body held several prompts, so that the answer is a list.
    var isList = false
    /// What was asked for, before the context's end counted; nil for any length.
    var wanted: Int?

    init(
        _ fields: Fields, _ service: Service, _ model: ServedModel,
        prompts: [PreparedPrompt]
    ) throws(WireError) {
        let configuration = service.configuration
        var base = AnswerRequest(prompt: prompts[0])
        base.own = try MartletFields(fields, model)
        base.options = model.usualOptions(configuration)
        base.options.constraint = try AnswerConstraint(localFields: fields).constraint
        try model.read(sampling: fields, into: &base.options)
        if let count = try fields.integer("n_probs", in: 0...1000), count > 0 {
            base.options.logprobs = count
        }
        base.options.logprobsDescribeDraw = try fields.flag("post_sampling_probs") ?? false
        base.chainCount = try fields.integer(["n_cmpl", "n"], in: 1...128) ?? 1
        try model.bound(
            answers: base.chainCount, toEach: prompts.count,
            at: base.chainCount > 1 ? fields.path(amongst: ["n_cmpl", "n"]) : fields.path("prompt"))
        let asked = try fields.integer(["n_predict", "max_tokens"], in: -2...1 << 30)
        wanted = asked.flatMap { $0 < 0 ? nil : $0 } ?? configuration.maximumTokens
        for prompt in prompts {
            var answer = base
            answer.prompt = prompt
            answer.options.maximumTokens = try model.completionLimit(
                prompt, at: fields.path(amongst: ["prompt", "input_prefix"]), wanted: wanted,
                configuration)
            answers.append(answer)
        }
        streams = try fields.flag("stream") ?? false
        telling = try StreamTelling(
            fields, streams: streams, ofOne: prompts.count == 1, &answers[0].own)
        returnsTokens = try fields.flag("return_tokens") ?? false
        answerFields = try fields.strings("response_fields") ?? []
        isList = prompts.count > 1 || base.chainCount > 1
        // A whole answer has them once.
        if !streams { fields.accept("timings_per_token") }
        fields.accept("model")
    }
}
