/// A model in this process, asked without a wire between.

package import Martlet
import MartletEngine

/// Sends requests to a model's engine. Prompts are tokens, drawn from the vocabulary.
package struct ModelTarget: ServingTarget {
    private let model: Model
    private let service: ServiceOptions
    private let vocabulary: Range<Int32>

    /// - Parameters:
    ///   - model: who answers.
    ///   - service: how each request is served beside others.
    package init(_ model: Model, service: ServiceOptions = ServiceOptions()) {
        self.model = model
        self.service = service
        // The first numbers are special in many vocabularies, and the last ones in others.
        let size = Int32(model.shape.vocabularySize)
        vocabulary = size > 4096 ? 1024..<min(size, 32_768) : 0..<max(1, size)
    }

    /// Draws the prompt.
    package func prepare(
        _ index: Int, of workload: Workload, seed: UInt64
    ) throws -> any PreparedRequest {
        var options = GenerationOptions()
        options.maximumTokens = workload.requests[index].completionTokens
        options.ignoresEndTokens = true
        options.service = service
        return Prepared(
            model: model,
            tokens: workload.tokens(of: index, vocabulary: vocabulary, seed: seed),
            options: options)
    }

    private struct Prepared: PreparedRequest {
        let model: Model
        let tokens: [Int32]
        let options: GenerationOptions

        func send(arrival: Double, now: @escaping @Sendable () -> Double) async -> RequestTimeline {
            var timeline = RequestTimeline(
                arrival: arrival, tokens: [], promptTokens: tokens.count, ending: .failed,
                ended: now())
            let sent = now()
            do {
                for try await each in try model.generate(tokens, options: options) {
                    if each.part.token != nil { timeline.tokens.append(now()) }
                    guard let usage = each.part.response?.usage else { continue }
                    timeline.ending = .answered
                    timeline.cachedTokens = usage.cachedPromptTokens
                    timeline.started = usage.queueTime.map { sent + $0 / .seconds(1) }
                }
            } catch {
                timeline.ending = Self.refusals.contains(error.code) ? .refused : .failed
            }
            timeline.ended = now()
            return timeline
        }

        private static let refusals: Set<MartletError.Code> = [
            .promptTooLong, .contextExceeded, .budgetTooSmall, .outOfPages,
        ]
    }
}
