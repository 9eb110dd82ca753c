/// Prompts that are computed before they are asked for.

import Martlet
import MartletEngine

extension Service {
    /// Computes the beginning of a prompt, so that requests which begin with it go on from there. It gives way to whatever
    /// is asked for, takes bytes only where there is room for them now, and is cancelled with its task; what it has computed by
    /// then stays.
    ///
    /// - Returns: how many of the tokens were there already.
    func prefill(
        _ tokens: [Int32], own: MartletFields, tenant: String, on model: ServedModel
    ) async throws(WireError) -> Int {
        var request = AnswerRequest(prompt: PreparedPrompt(tokens: tokens))
        request.own = own
        request.options.maximumTokens = 1
        request.options.temperature = 0
        request.options.adapter = own.adapter
        request.options.maximumCacheBytes = own.maximumBytes
        request.options.service = own.service(for: tenant)
        request.options.service.priority = MartletFields.leastPriority
        request.options.service.pinsPrompt = false
        let asked = request
        // It takes no request's place in the queue, and does not make a full one longer.
        guard counters.now.open < configuration.queueLimit else {
            throw WireError(.rateLimited, "other requests wait.", code: "queue_full")
        }
        return try await model.withEngine(for: asked, isBackground: true, patience: .zero) {
            (engine) async throws(WireError) in
            try await Self.compute(asked, on: engine)
        }
    }

    private static func compute(
        _ request: AnswerRequest, on engine: Model
    ) async throws(WireError) -> Int {
        do throws(MartletError) {
            let stream = try await engine.answers(to: request.prompt, options: request.options)
            var pieces = stream.makeAsyncIterator()
            try await pieces.begin()
            while let piece = try await pieces.next() {
                guard let response = piece.part.response else { continue }
                guard response.finishReason != .cancelled else { break }
                return response.usage.cachedPromptTokens
            }
        } catch { throw WireError(error) }
        throw WireError(.clientGone, "nobody waits for the prompt any more.")
    }
}
