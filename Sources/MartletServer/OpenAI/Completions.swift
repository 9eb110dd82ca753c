/// `/v1/completions`: prompts that are continued, without roles.

import Foundation
import Martlet
import MartletEngine
import MartletJSON

/// The endpoint of completions.
enum Completions {
    static let endpoints: [Endpoint] = [
        Endpoint(
            "POST", "/v1/completions", shape: .openAI,
            summary: "Continues one or more prompts, whole or in server-sent events.",
            fields: [
                "prompt": "A text, tokens, or a list of them.",
                "max_tokens":
                    "The most tokens of a continuation; all that is left of the context without it.",
                "echo":
                    "Whether the prompt comes first in the answer, with its log-probabilities where these are asked for.",
                "logprobs": "How many of the likeliest tokens are told in each place.",
            ],
            asks: { (exchange, service) throws(WireError) in
                let model = try service.model()
                let fields = try Fields(body: exchange.request.body)
                return try answers(try CompletionRequest(fields, service, model), model, service)
            }, handle: answer)
    ]

    /// What a request asks for each of its prompts.
    private static func answers(
        _ request: CompletionRequest, _ model: ServedModel, _ service: Service
    ) throws(WireError) -> [AnswerRequest] {
        try request.prompts.map { (prompt) throws(WireError) in
            var answer = request.answer
            answer.prompt = prompt
            // A prompt that is only scored may fill the context.
            answer.options.maximumTokens =
                request.isScoring
                ? 0
                : try model.completionLimit(
                    prompt, at: "prompt", wanted: request.answer.options.maximumTokens,
                    service.configuration)
            return answer
        }
    }

    @Sendable private static func answer(
        _ exchange: Exchange, _ service: Service
    ) async throws(WireError) {
        let (model, fields) = try await service.open(exchange)
        let request = try CompletionRequest(fields, service, model)
        exchange.note(ignored: fields.unread)
        let answers = try answers(request, model, service)
        let writer = CompletionWriter(model, request)
        try await service.admitted(exchange) { () async throws(WireError) in
            let stream = LateStream(exchange, pingEvery: service.configuration.pingInterval)
            let results = try await eachInOrder(answers) {
                (index, answer) async throws(WireError) in
                let start = index * answer.chainCount
                let head = try await prefix(request, answer, model, writer, for: exchange)
                var offsets = Array(repeating: head.length, count: answer.chainCount)
                var teller: StreamTeller?
                let chains = try await service.run(
                    answer, for: exchange, on: model,
                    begin: { () async throws(WireError) in
                        guard request.streams else { return }
                        let events = try await stream.opened()
                        if request.echoes {
                            for chain in 0..<answer.chainCount {
                                try await events.send(
                                    writer.chunk(start + chain, head, finish: nil))
                            }
                        }
                        teller = StreamTeller(request.telling, of: answer) {
                            (progress) async throws(WireError) in
                            try await events.send(writer.progress(progress))
                        }
                    },
                    each: { (piece) async throws(WireError) in
                        guard request.streams else { return }
                        await teller?.end()
                        let part = writer.piece(piece.part, offset: offsets[piece.chain])
                        offsets[piece.chain] += part.length
                        let end = piece.part.response
                        guard !part.isEmpty || end != nil else { return }
                        try await stream.opened().send(
                            writer.chunk(
                                start + piece.chain, part, finish: end?.finishReason.openAI,
                                timings: teller?.timings(after: piece.part)))
                    })
                return (head, chains)
            }
            let chains = results.flatMap { $0.1 }
            guard request.streams else {
                var choices: [JSONValue] = []
                for (head, ended) in results {
                    for chain in ended {
                        choices.append(writer.choice(choices.count, head, chain.response))
                    }
                }
                return try await exchange.reply(writer.whole(choices, chains))
            }
            let events = try await stream.opened()
            if let closing = writer.closing(chains) { try await events.send(closing) }
            try await events.sendDone()
        }
    }

    /// The prompt as the beginning of the answer; nothing where it is not echoed.
    private static func prefix(
        _ request: CompletionRequest, _ answer: AnswerRequest, _ model: ServedModel,
        _ writer: CompletionWriter, for exchange: Exchange
    ) async throws(WireError) -> CompletionPiece {
        guard request.echoes else { return CompletionPiece() }
        guard let top = answer.options.logprobs else {
            return CompletionPiece(text: writer.text(answer.prompt))
        }
        return try await model.withEngine(
            for: answer, completionTokens: 0, isBackground: exchange.background != nil
        ) { (engine) async throws(WireError) in
            do throws(MartletError) {
                let scored = try await engine.score(answer.prompt.tokens, topCount: top)
                return writer.piece(prompt: answer.prompt, scored)
            } catch { throw WireError(error) }
        }
    }
}

/// Runs several pieces of work at once, and returns what they gave in their order.
func eachInOrder<Item: Sendable, Result: Sendable>(
    _ items: [Item],
    _ work: @escaping @Sendable (Int, Item) async throws(WireError) -> Result
) async throws(WireError) -> [Result] {
    do {
        return try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            for (index, item) in items.enumerated() {
                group.addTask { (index, try await work(index, item)) }
            }
            var results = [Result?](repeating: nil, count: items.count)
            for try await (index, result) in group { results[index] = result }
            return results.compactMap(\.self)
        }
    } catch { throw WireError(any: error) }
}
