/// llama.cpp's own completion endpoint, and filling in between a prefix and a suffix.

import Martlet
import MartletJSON

/// `/completion` and `/infill`.
enum NativeCompletion {
    static let endpoints: [Endpoint] = [
        Endpoint(
            "POST", "/completion", aliases: ["/completions"], shape: .llamaCpp,
            summary: "Continues one or more prompts, in the words of llama.cpp's server.",
            fields: [
                "prompt": "A text, tokens, texts and tokens, or a list of such.",
                "n_predict": "The most tokens; -1 for all that is left of the context.",
                "n_probs": "How many of the likeliest tokens are told in each place.",
                "post_sampling_probs":
                    "Whether they have the probabilities of what the token was drawn from, not the model's own.",
                "response_fields": "The only fields of the answer, by their paths.",
            ]
        ) { (exchange, service) async throws(WireError) in
            let (model, fields) = try await service.open(exchange)
            try await answer(
                try NativeRequest(
                    fields, service, model, prompts: try model.prompts(fields, "prompt")),
                fields, exchange, service, model)
        },
        Endpoint(
            "POST", "/infill", shape: .llamaCpp,
            summary: "Fills in between a prefix and a suffix, with models that know how.",
            fields: [
                "input_prefix": "What comes before.", "input_suffix": "What comes after.",
                "input_extra": "Other files, with filename and text.",
                "prompt": "What the filling begins with.",
            ]
        ) { (exchange, service) async throws(WireError) in
            let (model, fields) = try await service.open(exchange)
            let prompt = try InfillPrompt.read(fields, model)
            try await answer(
                try NativeRequest(fields, service, model, prompts: [prompt]), fields, exchange,
                service, model)
        },
    ]

    private static func answer(
        _ request: NativeRequest, _ fields: Fields, _ exchange: Exchange, _ service: Service,
        _ model: ServedModel
    ) async throws(WireError) {
        exchange.note(ignored: fields.unread)
        let writer = NativeAnswer(request, model)
        try await service.admitted(exchange) { () async throws(WireError) in
            let stream = LateStream(exchange, pingEvery: service.configuration.pingInterval)
            let results = try await eachInOrder(request.answers) {
                (index, answer) async throws(WireError) -> [JSONValue] in
                let first = index * answer.chainCount
                var teller: StreamTeller?
                var counts = Array(repeating: 0, count: answer.chainCount)
                let chains = try await service.run(
                    answer, for: exchange, on: model,
                    begin: { () async throws(WireError) in
                        guard request.streams else { return }
                        let opened = try await stream.opened()
                        teller = StreamTeller(request.telling, of: answer) {
                            (progress) async throws(WireError) in
                            try await opened.send(writer.progress(progress, answer))
                        }
                    },
                    each: { (piece) async throws(WireError) in
                        guard request.streams, piece.part.token != nil || !piece.part.text.isEmpty
                        else { return }
                        await teller?.end()
                        counts[piece.chain] += 1
                        try await stream.opened().send(
                            writer.piece(
                                first + piece.chain, piece.part, answer,
                                count: counts[piece.chain],
                                timings: teller?.timings(after: piece.part)))
                    })
                var values: [JSONValue] = []
                for (chain, finished) in chains.enumerated() {
                    values.append(
                        writer.whole(first + chain, finished, answer, isLast: request.streams))
                }
                return values
            }.flatMap(\.self)
            if request.streams { return try await stream.opened().send(results) }
            try await exchange.reply(request.isList ? .array(results) : results[0])
        }
    }
}

/// The prompt of a filling, in the marks that the model was trained with.
enum InfillPrompt {
    /// The marks of families of models: what begins prefix, suffix and middle.
    private static let marks: [(prefix: String, suffix: String, middle: String)] = [
        ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
        ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
        ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
        ("▁<PRE>", "▁<SUF>", "▁<MID>"),
    ]

    static func read(_ fields: Fields, _ model: ServedModel) throws(WireError) -> PreparedPrompt {
        let tokenizer = try model.tokenizing()
        var found: (prefix: Int32, suffix: Int32, middle: Int32)?
        for mark in marks {
            if let prefix = tokenizer.id(of: mark.prefix),
                let suffix = tokenizer.id(of: mark.suffix),
                let middle = tokenizer.id(of: mark.middle)
            {
                found = (prefix, suffix, middle)
                break
            }
        }
        guard let found else {
            throw WireError(
                .notSupported,
                "\(model.id) was not made for filling in: its tokenizer has no marks for prefix, suffix and middle; "
                    + "use a model that has, such as Qwen2.5-Coder.")
        }
        let prefix = try fields.required(
            "input_prefix", try fields.string("input_prefix"), "a text")
        let suffix = try fields.required(
            "input_suffix", try fields.string("input_suffix"), "a text")
        var before = ""
        for extra in try fields.list("input_extra") ?? [] {
            let text = try extra.required("text", try extra.string("text"), "the text of a file")
            before += "\(try extra.string("filename") ?? "file")\n\(text)\n"
        }
        func tokens(_ text: String) -> [Int32] {
            tokenizer.encode(text, addSpecialTokens: false, recognizeSpecialTokens: false)
        }
        let begun = try fields.string("prompt") ?? ""
        return PreparedPrompt(
            tokens: tokenizer.prefixTokens + tokens(before) + [found.prefix] + tokens(prefix)
                + [found.suffix] + tokens(suffix) + [found.middle] + tokens(begun))
    }
}
