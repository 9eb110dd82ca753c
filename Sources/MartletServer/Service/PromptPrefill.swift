/// Prompts that are computed before they are asked for.

import Martlet
import MartletEngine

extension Service {
    /// Computes the beginning of a prompt, so that requests which begin with it go on from there. It gives way to whatever
    /// is asked for, and is cancelled with its task; what it has computed by then stays.
    ///
    /// - Returns: how many of the tokens were there already.
    func prefill(
        _ tokens: [Int32], own: MartletFields, tenant: String, on model: Model
    ) async throws(WireError) -> Int {
        var options = GenerationOptions()
        options.maximumTokens = 1
        options.temperature = 0
        options.adapter = own.adapter
        options.service = own.service(for: tenant)
        options.service.priority = -1000
        options.service.pinsPrompt = false
        // It takes no request's place in the queue, and does not make a full one longer.
        guard counters.now.open < configuration.queueLimit else {
            throw WireError(.rateLimited, "other requests wait.", code: "queue_full")
        }
        do throws(MartletError) {
            let stream = try model.answers(to: PreparedPrompt(tokens: tokens), options: options)
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
