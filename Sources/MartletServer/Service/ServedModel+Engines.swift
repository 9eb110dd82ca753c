/// Which engine answers a request: that of its policy and codec, with room for all that the answer may come to need.

import Martlet

extension ServedModel {
    /// Runs something on the engine of a request's form, once there is room for its answer. Throws `unavailable` where others
    /// hold the bytes for too long.
    ///
    /// - Parameters:
    ///   - completionTokens: tokens after the prompt; nil for those of the request.
    ///   - isBackground: whether nobody waits for the answer.
    ///   - patience: the longest wait for room; nil for the server's, and no longer than the answer may take.
    func withEngine<Result>(
        for request: AnswerRequest, completionTokens: Int? = nil, isBackground: Bool = false,
        patience: Duration? = nil, _ body: (Model) async throws(WireError) -> Result
    ) async throws(WireError) -> Result {
        let model = try generating()
        let form = try form(of: request)
        let tokens = request.prompt.tokens.count
        let needed = form.bytes(
            promptTokens: tokens,
            completionTokens: completionTokens ?? request.options.maximumTokens
                ?? max(0, contextLength - tokens),
            chainCount: request.chainCount)
        return try await withLease(
            form, bytes: min(needed, request.own.maximumBytes ?? .max),
            patience: patience ?? self.patience(for: request), isBackground: isBackground
        ) { (engine) async throws(WireError) in try await body(engine ?? model) }
    }

    /// How long a request waits for room: waiting is a part of the time that its answer may take.
    func patience(for request: AnswerRequest) -> Duration {
        min(roomPatience, request.own.timeLeft ?? roomPatience)
    }

    /// The form that a request is answered under.
    func form(of request: AnswerRequest) throws(WireError) -> CacheForm {
        if let form = request.own.form { return form }
        let model = try generating()
        do throws(MartletError) { return try model.form() } catch { throw WireError(error) }
    }

    /// Runs something while a part of the cache's budget is its own.
    ///
    /// - Parameters:
    ///   - form: whose engine it needs; nil for bytes alone.
    ///   - patience: the longest wait for room; zero takes what there is now.
    ///   - isBackground: whether nobody waits for the answer.
    func withLease<Result>(
        _ form: CacheForm?, bytes: Int, patience: Duration, isBackground: Bool,
        _ body: (Model?) async throws(WireError) -> Result
    ) async throws(WireError) -> Result {
        guard let shares else { return try await body(nil) }
        let lease: CacheShares.Lease
        do throws(MartletError) {
            lease = try await shares.lease(
                form, bytes: bytes, isBackground: isBackground, patience: patience)
        } catch {
            guard error.code == .busy else { throw WireError(error) }
            throw WireError(.unavailable, error.message, code: "cache_busy", retryAfter: 5)
        }
        do throws(WireError) {
            let result = try await body(lease.model)
            await shares.end(lease)
            return result
        } catch {
            await shares.end(lease)
            throw error
        }
    }

    /// What all engines have done and hold; nil for an encoder.
    func statistics() async -> ServiceStatistics? {
        guard let shares else { return nil }
        return await ServiceStatistics(
            adding: shares.statistics().map(\.numbers), work: shares.work(),
            budgetBytes: shares.budgetBytes)
    }
}
