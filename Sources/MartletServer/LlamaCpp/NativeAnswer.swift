/// Answers of llama.cpp's own completion endpoint.

import Martlet
import MartletEngine
import MartletJSON

/// Writes the objects of one request's answers.
struct NativeAnswer: Sendable {
    private let request: NativeRequest
    private let model: ServedModel
    private let texts: TokenTexts

    init(_ request: NativeRequest, _ model: ServedModel) {
        self.request = request
        self.model = model
        texts = TokenTexts(model)
    }

    /// A piece of a stream, with the times so far where they are told.
    func piece(
        _ index: Int, _ part: ResponsePart, _ answer: AnswerRequest, count: Int,
        timings: JSONValue? = nil
    ) -> JSONValue {
        var object = JSONObject(present: [
            "index": .integer(index), "content": .string(part.text),
            "tokens": .array(part.token.map { [.integer(Int($0))] } ?? []), "stop": false,
            "id_slot": .integer(index), "tokens_predicted": .integer(count),
            "tokens_evaluated": .integer(answer.prompt.tokens.count), "timings": timings,
        ])
        if let token = part.token, let logprob = part.logprob {
            object = object.setting(
                "completion_probabilities",
                to: .array([entry(token, logprob, part.top, answer.options)]))
        }
        return .object(object)
    }

    /// The piece that tells how far the prompt is.
    func progress(_ progress: PromptProgress, _ answer: AnswerRequest) -> JSONValue {
        .object(
            JSONObject(present: [
                "index": 0, "content": "", "tokens": [], "stop": false, "id_slot": 0,
                "tokens_predicted": 0, "tokens_evaluated": .integer(answer.prompt.tokens.count),
            ]).adding(progress.llamaCpp(isTimed: request.telling.timesTokens)))
    }

    /// A whole answer, or the last event of a stream, which repeats no text.
    func whole(
        _ index: Int, _ chain: FinishedChain, _ answer: AnswerRequest, isLast: Bool = false
    ) -> JSONValue {
        let response = chain.response
        var stopping = ""
        if case .text(let text) = response.match { stopping = text }
        let kind =
            response.finishReason != .stop ? "limit" : stopping.isEmpty ? "eos" : "word"
        let limit = answer.options.maximumTokens ?? 0
        let used = response.usage.completionTokens
        // The context's end came before what was asked for.
        let isTruncated = kind == "limit" && used >= limit && limit < request.wanted ?? .max
        var object = JSONObject(present: [
            "index": .integer(index), "content": .string(isLast ? "" : response.text),
            "tokens": .array(
                request.returnsTokens && !isLast
                    ? response.tokens.map { .integer(Int($0)) } : []),
            "id_slot": .integer(index), "stop": true, "model": .string(model.id),
            "tokens_predicted": .integer(used),
            "tokens_evaluated": .integer(answer.prompt.tokens.count),
            "generation_settings": Self.settings(
                answer.options, wanted: request.wanted, of: model),
            "prompt": .string(model.markedText(of: answer.prompt.tokens)),
            "has_new_line": .bool(response.text.utf8.contains(10)),
            "truncated": .bool(isTruncated), "stop_type": .string(kind),
            "stopping_word": .string(stopping),
            "tokens_cached": .integer(answer.prompt.tokens.count + used),
            "timings": Timings([chain]).value,
        ])
        if answer.options.logprobs != nil, !isLast {
            object = object.setting(
                "completion_probabilities",
                to: .array(
                    zip(response.tokens, zip(response.logprobs, response.top)).map {
                        entry($0, $1.0, $1.1, answer.options)
                    }))
        }
        if let loaded = model.model,
            let report = answer.own.report([response], seed: answer.seed, of: loaded)
        {
            object = object.setting(MartletFields.key, to: report)
        }
        guard !request.answerFields.isEmpty else { return .object(object) }
        return .object(chosen(of: object))
    }

    /// A token with the likeliest in its place: logarithms of the model's own probabilities, or the probabilities of the draw.
    private func entry(
        _ token: Int32, _ logprob: Float, _ top: [TokenLogprob], _ options: GenerationOptions
    ) -> JSONValue {
        func object(_ token: Int32, _ logprob: Float) -> JSONObject {
            JSONObject(present: ["id": .integer(Int(token))]).adding(
                options.logprobsDescribeDraw
                    ? texts.probabilityEntry(token, logprob) : texts.entry(token, logprob))
        }
        return .object(
            object(token, logprob).setting(
                options.logprobsDescribeDraw ? "top_probs" : "top_logprobs",
                to: .array(top.map { .object(object($0.token, $0.logprob)) })))
    }

    /// The fields that were asked for by their paths, `generation_settings/n_predict`.
    private func chosen(of object: JSONObject) -> JSONObject {
        var found = JSONObject()
        for path in request.answerFields {
            var value: JSONValue? = .object(object)
            for part in path.split(separator: "/") {
                value = value?.objectValue?[String(part)]
            }
            if let value { found = found.setting(path, to: value) }
        }
        return found
    }

    /// The parameters of an answer.
    static func settings(
        _ options: GenerationOptions, wanted: Int?, of model: ServedModel
    ) -> JSONValue {
        // End tokens that are ignored are as good as forbidden.
        let ends = options.ignoresEndTokens ? model.model?.endTokens ?? [] : []
        let biases =
            ends.map { ($0, -Float.infinity) }
            + options.logitBias.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        return settings(options, wanted: wanted, biases: biases)
    }

    private static func settings(
        _ options: GenerationOptions, wanted: Int?, biases: [(token: Int32, bias: Float)]
    ) -> JSONValue {
        [
            "n_predict": .integer(wanted ?? -1), "max_tokens": .integer(wanted ?? -1),
            "seed": .seed(options.seed ?? 0), "temperature": .number(Double(options.temperature)),
            "top_k": .integer(options.topK), "top_p": .number(Double(options.topP)),
            "min_p": .number(Double(options.minP)),
            "repeat_penalty": .number(Double(options.repetitionPenalty)),
            "presence_penalty": .number(Double(options.presencePenalty)),
            "frequency_penalty": .number(Double(options.frequencyPenalty)),
            "stop": .array(options.stop.map { .string($0) }),
            "n_probs": .integer(options.logprobs ?? 0),
            "post_sampling_probs": .bool(options.logprobsDescribeDraw),
            "ignore_eos": .bool(options.ignoresEndTokens),
            "logit_bias": .array(
                biases.map { token, bias in
                    [
                        "token": .integer(Int(token)),
                        "bias": bias.isFinite ? .number(Double(bias)) : .null,
                    ]
                }),
            // Methods that are never on, as readers of these settings know them.
            "mirostat": 0, "typical_p": 1, "dry_multiplier": 0, "xtc_probability": 0,
            "adaptive_target": -1, "adaptive_decay": 0, "grammar": "",
        ]
    }
}
