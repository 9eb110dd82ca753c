/// The models of a server, of which as many are in memory as a budget holds.

package import Martlet
import Synchronization

/// Models that are loaded when they are asked for, and put away when others need their bytes.
///
/// Every model takes the bytes of its weights and of its cache, all of them counted from before it is loaded until it is put
/// away, and together they never exceed the budget. What was not used for longest goes first; a model with answers under way
/// stays, and so does one that is to be kept. Who needs bytes that answers hold waits, in the order of arrival, for a bounded
/// time, and as many as a queue holds. What runs in the background comes after all that somebody waits for.
package actor ModelFleet {
    /// A model that can be loaded.
    package struct Entry: Sendable {
        /// Its names, the first one first.
        package let names: [String]
        /// Whether it is loaded at the start and stays.
        package let isKept: Bool
        /// About how many bytes it will take; nil where nothing says.
        package let estimatedBytes: @Sendable () -> Int?
        /// Whatever makes other answers of it, its files as they are now included.
        package let identity: @Sendable () -> String
        /// What its files say of it; nil where nothing does.
        package let stored: @Sendable () -> StoredModel?
        /// Loads it.
        package let load: @Sendable () async throws(MartletError) -> ServedModel

        /// Describes a model.
        package init(
            names: [String], isKept: Bool = false,
            estimatedBytes: @escaping @Sendable () -> Int? = { nil },
            identity: @escaping @Sendable () -> String = { "" },
            stored: @escaping @Sendable () -> StoredModel? = { nil },
            load: @escaping @Sendable () async throws(MartletError) -> ServedModel
        ) {
            self.names = names
            self.isKept = isKept
            self.estimatedBytes = estimatedBytes
            self.identity = identity
            self.stored = stored
            self.load = load
        }
    }

    /// A model at one moment.
    package struct Listing: Sendable {
        /// What it was described as.
        package let entry: Entry
        /// The model where it is in memory.
        package let model: ServedModel?
        /// Bytes that are counted for it.
        package let bytes: Int
        /// Requests that use it.
        package let uses: Int
        /// Times that it was loaded.
        package let loads: Int
        /// When it will be put away unless it is used again, counted from now; nil for no such time.
        package let timeLeft: Duration?
        /// What it did in earlier times in memory.
        let earlierWork: EngineWork
        /// Its engines, also while they end.
        let engines: CacheShares?

        /// What it has done since the server's start: none of its numbers ever falls.
        package func work() async -> EngineWork {
            // Who is put away meanwhile still tells what it did.
            earlierWork + (await engines?.work() ?? EngineWork())
        }
    }

    struct Place {
        let entry: Entry
        var model: ServedModel?
        /// Counted while it is loaded, and while it is being loaded or put away.
        var bytes = 0
        /// What it took when it was last loaded.
        var knownBytes: Int?
        /// The model while it is being put away.
        var leaving: ServedModel?
        /// What it did in earlier times in memory.
        var earlierWork = EngineWork()
        var uses = 0
        var lastUse = 0
        var loads = 0
        /// What loading took, the last time.
        var loadTime = Duration.zero
        /// How long it stays after its last use; nil for as long as nobody needs its bytes.
        var keepAlive: Duration?
        /// When it is put away unless it is used again; nil while it is used.
        var end: ContinuousClock.Instant?
        /// Waits for the end.
        var timer: Task<Void, Never>?

        /// Whether it is being put away.
        var isLeaving: Bool { leaving != nil }
    }

    /// What somebody waits for.
    struct Wish: Sendable {
        let place: Int
        /// The longest wait for bytes that answers of other models hold.
        let patience: Duration
    }
    typealias Queue = WaitingQueue<Wish, ServedModel, WireError>

    /// The only model where there is one that was loaded before, which any name means.
    package nonisolated let only: ServedModel?
    /// Names of all models, the first of each first.
    package nonisolated let names: [[String]]
    /// What each model was described as; empty where there is one that was loaded before.
    package nonisolated let entries: [Entry]
    /// Bytes of weights and caches together.
    package nonisolated let budgetBytes: Int
    /// The model that vectors come from where no name is given.
    private let embeddings: String?
    /// A waiter for bytes goes before requests for what is loaded after this time: else those would keep it away for ever.
    private let fairness: Duration
    var places: [Place] = []
    nonisolated let waiters: Queue
    var isArranging = false
    /// The model that is being loaded: who waits for it waits for no answer of others.
    var loading: Int?
    var clock = 0

    /// One model that stays.
    package init(_ model: ServedModel) {
        only = model
        names = [model.names]
        entries = []
        budgetBytes = .max
        embeddings = nil
        waiters = Queue(cancelled: Self.isGone)
        fairness = .zero
    }

    /// Models that come and go. Throws `invalidParameter` where two have one name.
    ///
    /// - Parameters:
    ///   - budgetBytes: bytes of weights and caches together.
    ///   - embeddings: the name of the model that vectors come from where none is given.
    ///   - queueLimit: the most requests that wait for bytes.
    ///   - fairness: how long those who wait for bytes let requests for what is loaded go ahead.
    package init(
        _ entries: [Entry], budgetBytes: Int, embeddings: String? = nil, queueLimit: Int = 256,
        fairness: Duration = .seconds(5)
    ) throws(MartletError) {
        only = nil
        names = entries.map(\.names)
        self.entries = entries
        self.budgetBytes = budgetBytes
        self.embeddings = embeddings
        waiters = Queue(
            limit: queueLimit,
            full: WireError(
                .unavailable, "\(queueLimit) requests wait for models already; come again later.",
                code: "queue_full", retryAfter: 5),
            cancelled: Self.isGone)
        self.fairness = fairness
        places = entries.map { Place(entry: $0) }
        var seen: Set<String> = []
        for name in entries.flatMap(\.names) where !seen.insert(name).inserted {
            throw MartletError(
                code: .invalidParameter, subject: "models",
                message:
                    "models: two have the name \(name), expected one; rename a folder or leave one out"
            )
        }
    }

    // MARK: Using

    /// A model by its name, in memory until it is let go of.
    ///
    /// - Parameters:
    ///   - name: nil for the first model, or for the one that vectors come from.
    ///   - isBackground: whether nobody waits for the answer: then it comes after all others.
    ///   - patience: the longest wait for bytes that answers of other models hold; loading takes as long as it does.
    ///   - timeLeft: the longest wait of all, that for loading included; nil for any.
    package func use(
        _ name: String?, forVectors: Bool = false, isBackground: Bool = false, patience: Duration,
        timeLeft: Duration? = nil
    ) async throws(WireError) -> (model: ServedModel, hold: ModelHold) {
        if let only { return (only, ModelHold {}) }
        let place = try place(of: name ?? (forVectors ? embeddings : nil))
        let (start, loadsBefore) = (ContinuousClock.now, places[place].loads)
        if let model = places[place].model, mayGoAhead(isBackground) {
            return (take(place, model), hold(place))
        }
        let wish = Wish(place: place, patience: min(patience, timeLeft ?? patience))
        do throws(WireError) {
            let model = try await waiters.wait(for: wish, isBackground: isBackground) { id in
                // What is arranged outlasts the wait.
                Task { await self.arrange() }
                do {
                    try await Task.sleep(for: wish.patience)
                    await self.giveUp(id, wish)
                    // Its model is being loaded, else it would be gone.
                    guard let timeLeft else { return }
                    try await Task.sleep(for: timeLeft - wish.patience)
                    self.waiters.refuse(id, self.isLate(place, after: timeLeft))
                } catch { return }
            }
            // Who came while it was being loaded waited for a part of that time.
            let loadTime =
                places[place].loads > loadsBefore
                ? min(places[place].loadTime, start.duration(to: .now)) : .zero
            return (model, hold(place, after: loadTime))
        } catch {
            // Those behind it may have room.
            Task { await arrange() }
            throw error
        }
    }

    /// Loads what is to be kept. Throws what loading throws, `outOfMemory` where the budget does not hold it.
    package func loadKept() async throws(MartletError) {
        for place in places where place.entry.isKept {
            do throws(WireError) {
                _ = try await use(place.entry.names[0], patience: .seconds(86_400))
            } catch {
                throw MartletError(
                    code: error.kind == .unavailable ? .outOfMemory : .unreadableFile,
                    subject: place.entry.names[0], message: error.message, underlying: error)
            }
        }
    }

    /// Says when a model is put away after its last use: at once for zero, never for nil. False for one that is to be kept,
    /// for which it changes nothing.
    @discardableResult
    package func keepAlive(_ id: String, for time: Duration?) async -> Bool {
        guard only == nil, let place = try? place(of: id), !places[place].entry.isKept else {
            return false
        }
        places[place].keepAlive = time
        await putAwayInTime(place)
        return true
    }

    /// Ends all engines.
    package func shutdown() async {
        waiters.refuseAll(Self.isGone)
        await only?.shutdown()
        for place in places.indices { clearTimer(place) }
        for place in places { await place.model?.shutdown() }
    }

    // MARK: What there is

    /// All models in their order.
    package var listing: [Listing] {
        if let only {
            let entry = Entry(
                names: only.names, load: { () async throws(MartletError) in only })
            return [
                Listing(
                    entry: entry, model: only, bytes: only.bytes, uses: 0, loads: 1, timeLeft: nil,
                    earlierWork: EngineWork(), engines: only.shares)
            ]
        }
        return places.map {
            Listing(
                entry: $0.entry, model: $0.model, bytes: $0.bytes, uses: $0.uses, loads: $0.loads,
                timeLeft: $0.end.map { ContinuousClock.now.duration(to: $0) } ?? $0.keepAlive,
                earlierWork: $0.earlierWork, engines: ($0.model ?? $0.leaving)?.shares)
        }
    }

    /// Bytes that are counted for all models; never more than the budget.
    package var countedBytes: Int { places.reduce(0) { $0 + $1.bytes } }
    /// Requests that wait for a model.
    package var waitingCount: Int { waiters.count }

    /// A model by its name, as it is now: nothing is loaded. Throws `notFound`.
    package func listed(_ name: String?) throws(WireError) -> Listing {
        guard only == nil else { return listing[0] }
        return listing[try place(of: name)]
    }

    /// The place of a name: as it is, or as clients of Ollama write it. Throws `notFound`, with the names that there are.
    private func place(of name: String?) throws(WireError) -> Int {
        guard let name, !name.isEmpty else { return 0 }
        let plain = name.hasSuffix(":latest") ? String(name.dropLast(7)) : name
        for wanted in [name, plain] {
            if let place = names.firstIndex(where: { $0.contains(wanted) }) { return place }
        }
        throw .unknownModel(name, among: names)
    }

    // MARK: Granting

    /// Whether a request for what is loaded goes ahead of those who wait. Loading needs nobody to stand back, however long
    /// it takes: then only who waits for the bytes of answers is in a hurry.
    private func mayGoAhead(_ isBackground: Bool) -> Bool {
        guard let first = waiters.first, !first.isBackground else { return true }
        guard !isBackground else { return false }
        return loading != nil || first.since.duration(to: .now) <= fairness
    }

    func take(_ place: Int, _ model: ServedModel) -> ServedModel {
        clock += 1
        clearTimer(place)
        places[place].uses += 1
        places[place].lastUse = clock
        return model
    }

    private func hold(_ place: Int, after loadTime: Duration = .zero) -> ModelHold {
        ModelHold(loadTime: loadTime) { Task { await self.letGo(place) } }
    }

    private func letGo(_ place: Int) async {
        places[place].uses -= 1
        await putAwayInTime(place)
        await arrange()
    }

    /// Puts a model away when its time after the last use is over, now or later.
    private func putAwayInTime(_ place: Int) async {
        guard places[place].uses == 0, places[place].model != nil else { return }
        clearTimer(place)
        guard let time = places[place].keepAlive else { return }
        guard time > .zero else {
            await putAway(place)
            return await arrange()
        }
        let end = ContinuousClock.now + time
        places[place].end = end
        places[place].timer = Task {
            do { try await Task.sleep(for: time) } catch { return }
            await self.timeIsOver(place, end)
        }
    }

    private func timeIsOver(_ place: Int, _ end: ContinuousClock.Instant) async {
        // It may have been used in the meantime.
        guard places[place].end == end else { return }
        // This is the timer: it must not cancel itself.
        places[place].timer = nil
        await putAway(place)
        await arrange()
    }

    func clearTimer(_ place: Int) {
        places[place].timer?.cancel()
        places[place].timer = nil
        places[place].end = nil
    }

    /// Refuses whoever has waited for as long as it may. Where its model is being loaded it hears how that goes first.
    private func giveUp(_ id: Int, _ wish: Wish) {
        guard loading != wish.place else { return }
        waiters.refuse(id, isBusy(wish))
    }

    private static var isGone: WireError {
        WireError(.clientGone, "the client closed the connection.")
    }

    func isBusy(_ wish: Wish) -> WireError {
        if let loading, loading != wish.place {
            return WireError(
                .unavailable,
                "\(names[wish.place][0]): \(names[loading][0]) is being loaded, and \(wish.patience) did not suffice; come "
                    + "again.", code: "models_busy", retryAfter: 5)
        }
        return WireError(
            .unavailable,
            "\(names[wish.place][0]): the \(budgetBytes) bytes for models are taken by others with answers under way, and "
                + "\(wish.patience) brought no room; come again.", code: "models_busy",
            retryAfter: 5)
    }

    private nonisolated func isLate(_ place: Int, after time: Duration) -> WireError {
        WireError(
            .unavailable,
            "\(names[place][0]): it is being loaded, which takes longer than the answer's deadline allows (\(time)); come "
                + "again.", code: "models_busy", retryAfter: 5)
    }
}

/// The use of a model, until it is let go of.
package final class ModelHold: Sendable {
    /// How long it was waited for while it was being loaded; zero where it was in memory.
    package let loadTime: Duration
    private let release: @Sendable () -> Void

    init(loadTime: Duration = .zero, _ release: @escaping @Sendable () -> Void) {
        self.loadTime = loadTime
        self.release = release
    }

    deinit { release() }
}

extension WireError {
    /// No model has this name.
    static func unknownModel(_ name: String, among names: [[String]]) -> WireError {
        WireError(
            .notFound,
            "The model '\(name.prefix(200))' does not exist; there are \(names.map { $0[0] }.joined(separator: ", ")).",
            param: "model", code: "model_not_found")
    }
}
