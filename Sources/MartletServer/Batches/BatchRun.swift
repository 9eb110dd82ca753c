/// Runs the requests of a batch that have no result yet, beside each other as far as the cache holds them.

package import Martlet
import MartletEngine
import Synchronization

/// How far a batch is.
package struct BatchProgress: Sendable, Hashable {
    /// Its requests.
    package internal(set) var total = 0
    /// Those that were answered.
    package internal(set) var completed = 0
    /// Those that failed.
    package internal(set) var failed = 0
    /// Those whose results were known before.
    package internal(set) var known = 0
    /// Tokens of the prompts that this run began with, of the requests without results.
    package internal(set) var promptTokens = 0
    /// Those of them that would be computed where each beginning is computed once.
    package internal(set) var treeTokens = 0
    /// Tokens to compute and to choose, as far as that can be foreseen.
    package internal(set) var foreseenTokens = 0
    /// Those of them whose requests have ended.
    package internal(set) var doneTokens = 0
    /// What the requests of this run took.
    package internal(set) var usage = AnswerUsage()
    /// What all requests took, those whose results were known included.
    package internal(set) var totalUsage = AnswerUsage()

    /// Nothing yet.
    package init() {}
}

/// One run through a batch.
///
/// Requests begin in the order of a ``BatchPlan``, as many at once as the cache holds: their prompts, each common
/// beginning once, and what their answers are expected to have. One that goes on with another's tokens begins when these
/// are computed.
package struct BatchRun: Sendable {
    /// The requests.
    package let requests: [BatchRequest]
    /// For whom they are run.
    package let tenant: String
    /// What is known of them.
    package let journal: BatchJournal
    /// In which order they begin.
    package var order = BatchPlan.Order.tree
    /// The most that are under way at once.
    package var width = 64

    /// Describes a run.
    package init(_ requests: [BatchRequest], for tenant: String, journal: BatchJournal) {
        self.requests = requests
        self.tenant = tenant
        self.journal = journal
    }

    private enum Event: Sendable {
        /// A prompt of this turn is computed.
        case started(Int)
        case ended(Int, Result<BatchResult, BatchInterruption>)
    }

    /// Runs what has no result. Cancelling its task ends it: what has come by then is in the journal.
    ///
    /// - Parameter tell: hears how far it is, after every result.
    /// - Throws: an error of the journal; `cancelled`.
    @discardableResult
    package func run(
        on worker: some BatchWorker, tell: @Sendable (BatchProgress) -> Void = { _ in }
    ) async throws(MartletError) -> BatchProgress {
        var progress = BatchProgress()
        progress.total = requests.count
        var open: [BatchRequest] = []
        for request in requests {
            guard let result = try journal.result(of: request) else {
                open.append(request)
                continue
            }
            progress.known += 1
            progress.note(result)
        }
        var prompts: [[PromptTree.Prompt]] = []
        for request in open {
            try Self.checkCancellation()
            prompts.append(worker.prompts(of: request, for: tenant))
            // Encoding a long file is work: others have their turn.
            await Task.yield()
        }
        let plan = BatchPlan(prompts, order: worker.reusesPrompts ? order : .file)
        progress.promptTokens = plan.promptTokens
        progress.treeTokens = plan.treeTokens
        progress.foreseenTokens = plan.turns.reduce(0) { $0 + $1.ownTokens + $1.answerTokens }
        tell(progress)
        var turns = BatchTurns(
            plan, width: width, capacity: await worker.cacheTokens() ?? .max,
            waitsForLeaders: worker.reusesPrompts && order == .tree)
        let (events, inbox) = AsyncStream.makeStream(of: Event.self)
        var failure: MartletError?
        await withTaskGroup(of: Void.self) { group in
            func begin() {
                while let turn = turns.next() {
                    let request = open[plan.turns[turn].request]
                    group.addTask { [tenant] in
                        let result = await Self.answer(request, tenant, worker) {
                            inbox.yield(.started(turn))
                        }
                        inbox.yield(.ended(turn, result))
                    }
                }
            }
            begin()
            var iterator = events.makeAsyncIterator()
            while !turns.isDone, let event = await iterator.next() {
                switch event {
                case .started(let turn): turns.started(turn)
                case .ended(let turn, .success(let result)):
                    turns.ended(turn, answerTokens: result.usage.completionTokens)
                    do throws(MartletError) {
                        try journal.add(result, of: open[plan.turns[turn].request])
                    } catch { failure = error }
                    progress.note(result)
                    progress.usage += result.usage
                    progress.doneTokens +=
                        plan.turns[turn].ownTokens + plan.turns[turn].answerTokens
                    tell(progress)
                case .ended(_, .failure): failure = failure ?? Self.cancelled
                }
                if Task.isCancelled { failure = failure ?? Self.cancelled }
                if failure != nil { break }
                begin()
            }
            // A task that is cancelled hears of no further events.
            if !turns.isDone { failure = failure ?? Self.cancelled }
            group.cancelAll()
        }
        if let failure { throw failure }
        return progress
    }

    private static let cancelled = MartletError(
        code: .cancelled, message: "the batch was ended before all of its requests were answered")

    private static func checkCancellation() throws(MartletError) {
        if Task.isCancelled { throw cancelled }
    }

    private static func answer(
        _ request: BatchRequest, _ tenant: String, _ worker: some BatchWorker,
        started: @escaping @Sendable () -> Void
    ) async -> Result<BatchResult, BatchInterruption> {
        while true {
            do throws(BatchInterruption) {
                return .success(
                    try await worker.answer(request, for: tenant, started: started))
            } catch {
                guard case .later(let seconds) = error else { return .failure(error) }
                guard (try? await Task.sleep(for: .seconds(max(1, seconds)))) != nil else {
                    return .failure(.ended)
                }
            }
        }
    }
}

extension BatchProgress {
    fileprivate mutating func note(_ result: BatchResult) {
        if result.isError { failed += 1 } else { completed += 1 }
        totalUsage += result.usage
    }
}
