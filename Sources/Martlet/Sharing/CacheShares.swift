/// One budget of cache bytes, and the engines that share it: one for each form of a model that answers ask for.

import MartletEngine

/// Divides a budget among engines over the same weights.
///
/// A policy and a codec shape every page of a cache, so that each ``CacheForm`` has an engine and a cache of its own. Each
/// cache may hold its share, the shares together never exceed the budget, and shares move to where answers are: an answer
/// begins when its engine's share holds all that it may come to need, so that no other form's answers can end it. Engines
/// over the same weights do not share steps.
///
/// ```
/// budget  | dense f32: answers, and what ended ones left | h2o q8: answers | free |
///           ↑ gives up what ended ones left, then makes its last chains wait, when h2o needs more
/// ```
/// An answer that would need more than the others' answers leave waits for them, in the order of arrival, for a bounded time;
/// what runs in the background comes after all that somebody waits for.
package actor CacheShares {
    /// The right to an engine until it is given back.
    package struct Lease: Sendable {
        let id: Int
        let holder: String
        /// The engine; nil for bytes alone.
        package let model: Model?
        /// What the lease was asked for, at most the budget.
        package let bytes: Int
    }

    /// An engine, or something else that holds a part of the budget.
    struct Holder {
        /// Nil for what has no engine here.
        let model: Model?
        /// What it may hold.
        var share = 0
        /// Bytes that each answer under way may come to need, by its lease.
        var open: [Int: Int] = [:]
        /// When it was last asked for.
        var lastUse = 0

        /// What must not be taken from it.
        var floor: Int { open.values.max() ?? 0 }
        /// What all its answers together may come to need.
        var wish: Int {
            open.values.reduce(0) { sum, bytes in
                let (total, overflow) = sum.addingReportingOverflow(bytes)
                return overflow ? .max : total
            }
        }
    }

    /// What somebody waits for.
    struct Wish: Sendable {
        /// The policy and the codec; nil for bytes alone.
        let form: CacheForm?
        let bytes: Int
        /// Whether it goes as soon as there is no room, rather than to wait for it.
        let isForNow: Bool
    }

    /// The most engines that are kept; those that were not used for longest go.
    package static let mostEngines = 8

    /// Bytes of all caches together.
    package nonisolated let budgetBytes: Int
    /// The engine of the form that the model was loaded with, which stays.
    package nonisolated let base: Model
    var holders: [String: Holder]
    nonisolated let waiters = WaitingQueue<Wish, Lease, MartletError>(
        cancelled: CacheShares.isCancelled)
    var isArranging = false
    /// What engines did that have ended.
    var endedWork = EngineWork()
    /// Counts what was asked for.
    var clock = 0
    private let baseID: String

    /// Divides the budget of a loaded model.
    package init(_ base: Model, budgetBytes: Int) {
        self.base = base
        self.budgetBytes = budgetBytes
        baseID = CacheForm(loaded: base.loaded).id
        holders = [baseID: Holder(model: base, share: budgetBytes)]
    }

    // MARK: Leases

    /// Waits for the engine of a form with room for an answer. Throws `busy` when that takes longer than `patience`, what
    /// making the engine throws, and `cancelled`.
    ///
    /// - Parameters:
    ///   - form: the policy and the codec; nil for bytes that something else will hold, as a search does.
    ///   - bytes: what the answer may come to need. More than the budget is all of it.
    ///   - isBackground: whether nobody waits for the answer: then it comes after all others.
    ///   - patience: the longest wait; zero takes what there is room for now, after those who wait.
    package func lease(
        _ form: CacheForm?, bytes: Int, isBackground: Bool = false, patience: Duration
    ) async throws(MartletError) -> Lease {
        let wish = Wish(
            form: form, bytes: min(max(0, bytes), budgetBytes), isForNow: patience <= .zero)
        do throws(MartletError) {
            return try await waiters.wait(for: wish, isBackground: isBackground) { id in
                // What is arranged outlasts the wait.
                Task { await self.arrange() }
                // Whoever takes what there is hears as soon as that is known, and waits for no more than the engine.
                guard patience > .zero else { return }
                do { try await Task.sleep(for: patience) } catch { return }
                self.waiters.refuse(id, self.isFull(after: patience))
            }
        } catch {
            // Those behind it may have room.
            Task { await arrange() }
            throw error
        }
    }

    /// Gives an engine back.
    package func end(_ lease: Lease) async {
        holders[lease.holder]?.open[lease.id] = nil
        if lease.model == nil { holders[lease.holder] = nil }
        await arrange()
    }

    /// Ends all engines.
    package func shutdown() async {
        waiters.refuseAll(Self.isCancelled)
        for holder in holders.values { await holder.model?.shutdown() }
    }

    // MARK: What there is

    /// Answers under way.
    package var openCount: Int { holders.values.reduce(0) { $0 + $1.open.count } }
    /// Answers that wait for bytes.
    package var waitingCount: Int { waiters.count }
    /// Bytes that all shares come to; never more than the budget.
    package var sharedBytes: Int { holders.values.reduce(0) { $0 + $1.share } }

    /// What all engines have done, those that have ended included: none of its numbers ever falls.
    package func work() async -> EngineWork {
        // Who ends meanwhile is among these, and still tells what it did.
        let (ended, models) = (endedWork, holders.values.compactMap(\.model))
        var sum = ended
        for model in models { sum = sum + (await model.work()) }
        return sum
    }

    /// What each engine has done and holds, the one of the loaded form first.
    package func statistics() async -> [(form: CacheForm, numbers: ServiceStatistics)] {
        var all: [(form: CacheForm, numbers: ServiceStatistics)] = []
        let order = holders.sorted {
            ($0.key != baseID ? 1 : 0, $0.key) < ($1.key != baseID ? 1 : 0, $1.key)
        }
        for (_, holder) in order {
            guard let model = holder.model, let numbers = await model.statistics() else { continue }
            all.append((CacheForm(loaded: model.loaded), numbers))
        }
        return all
    }

    // MARK: Refusals

    private static var isCancelled: MartletError {
        MartletError(code: .cancelled, message: "the caller gave up while it waited for room")
    }

    nonisolated func isFull(after patience: Duration) -> MartletError {
        MartletError(
            code: .busy, subject: "cache",
            message:
                "the cache of \(budgetBytes) bytes is taken by answers under another policy or codec, and \(patience) "
                + "brought no room for this one; come again, or ask for fewer tokens")
    }
}
