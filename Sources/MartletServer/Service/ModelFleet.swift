/// The models of a server, of which as many are in memory as a budget holds.

package import Martlet
import Synchronization

/// Models that are loaded when they are asked for, and put away when others need their bytes.
///
/// Every model takes the bytes of its weights and of its cache, all of them counted from before it is loaded until it is put
/// away, and together they never exceed the budget. What was not used for longest goes first; a model with answers under way
/// stays, and so does one that is to be kept. Who needs bytes that answers hold waits, in the order of arrival, for a bounded
/// time, and as many as a queue holds.
package actor ModelFleet {
    /// A model that can be loaded.
    package struct Entry: Sendable {
        /// Its names, the first one first.
        package let names: [String]
        /// Whether it is loaded at the start and stays.
        package let isKept: Bool
        /// About how many bytes it will take; nil where nothing says.
        package let estimatedBytes: @Sendable () -> Int?
        /// Loads it.
        package let load: @Sendable () async throws(MartletError) -> ServedModel

        /// Describes a model.
        package init(
            names: [String], isKept: Bool = false,
            estimatedBytes: @escaping @Sendable () -> Int? = { nil },
            load: @escaping @Sendable () async throws(MartletError) -> ServedModel
        ) {
            self.names = names
            self.isKept = isKept
            self.estimatedBytes = estimatedBytes
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
    }

    struct Place {
        let entry: Entry
        var model: ServedModel?
        /// Counted while it is loaded, and while it is being loaded or put away.
        var bytes = 0
        /// What it took when it was last loaded.
        var knownBytes: Int?
        /// Whether it is being put away.
        var isLeaving = false
        var uses = 0
        var lastUse = 0
        var loads = 0
        /// When it is put away unless it is used again.
        var end: ContinuousClock.Instant?
    }

    struct Waiter {
        let id: Int
        let place: Int
        let since: ContinuousClock.Instant
        let continuation: CheckedContinuation<Result<ServedModel, WireError>, Never>
    }

    /// The only model where there is one that was loaded before, which any name means.
    package nonisolated let only: ServedModel?
    /// Names of all models, the first of each first.
    package nonisolated let names: [[String]]
    /// Bytes of weights and caches together.
    package nonisolated let budgetBytes: Int
    /// The model that vectors come from where no name is given.
    private let embeddings: String?
    private let queueLimit: Int
    var places: [Place] = []
    var waiters: [Waiter] = []
    var isArranging = false
    var clock = 0
    private var lastID = 0

    /// A waiter for bytes goes before requests for what is loaded after this time: else those would keep it away for ever.
    private static let fairness = Duration.seconds(5)

    /// One model that stays.
    package init(_ model: ServedModel) {
        only = model
        names = [model.names]
        budgetBytes = .max
        embeddings = nil
        queueLimit = .max
    }

    /// Models that come and go. Throws `invalidParameter` where two have one name.
    ///
    /// - Parameters:
    ///   - budgetBytes: bytes of weights and caches together.
    ///   - embeddings: the name of the model that vectors come from where none is given.
    ///   - queueLimit: the most requests that wait for bytes.
    package init(
        _ entries: [Entry], budgetBytes: Int, embeddings: String? = nil, queueLimit: Int = 256
    ) throws(MartletError) {
        only = nil
        names = entries.map(\.names)
        self.budgetBytes = budgetBytes
        self.embeddings = embeddings
        self.queueLimit = queueLimit
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
    ///   - patience: the longest wait for bytes that answers of other models hold; loading takes as long as it does.
    package func use(
        _ name: String?, forVectors: Bool = false, patience: Duration
    ) async throws(WireError) -> (model: ServedModel, hold: ModelHold) {
        if let only { return (only, ModelHold {}) }
        let place = try place(of: name ?? (forVectors ? embeddings : nil))
        lastID += 1
        let id = lastID
        if let model = places[place].model, !isUnfair { return (take(place, model), hold(place)) }
        guard waiters.count < queueLimit else {
            throw WireError(
                .unavailable, "\(queueLimit) requests wait for models already; come again later.",
                code: "queue_full", retryAfter: 5)
        }
        let timer = Task {
            try? await Task.sleep(for: patience)
            if !Task.isCancelled { self.refuse(id, self.isBusy(place, after: patience)) }
        }
        defer { timer.cancel() }
        let result: Result<ServedModel, WireError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiters.append(
                    Waiter(id: id, place: place, since: .now, continuation: continuation))
                Task { await self.arrange() }
                if Task.isCancelled { refuse(id, Self.isGone) }
            }
        } onCancel: {
            Task { await self.refuse(id, Self.isGone) }
        }
        return (try result.get(), hold(place))
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

    /// Says when a model is put away after its last use: at once for zero, never for nil.
    package func keepAlive(_ id: String, for time: Duration?) async {
        guard only == nil, let place = try? place(of: id) else { return }
        places[place].end = time.map { .now + $0 }
        await putAwayInTime(place)
    }

    /// Ends all engines.
    package func shutdown() async {
        for waiter in waiters { refuse(waiter.id, Self.isGone) }
        await only?.shutdown()
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
                    entry: entry, model: only, bytes: only.bytes, uses: 0, loads: 1, timeLeft: nil)
            ]
        }
        return places.map {
            Listing(
                entry: $0.entry, model: $0.model, bytes: $0.bytes, uses: $0.uses, loads: $0.loads,
                timeLeft: $0.end.map { ContinuousClock.now.duration(to: $0) })
        }
    }

    /// Bytes that are counted for all models; never more than the budget.
    package var countedBytes: Int { places.reduce(0) { $0 + $1.bytes } }
    /// Requests that wait for a model.
    package var waitingCount: Int { waiters.count }

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

    /// Whether somebody has waited so long that nobody may go ahead.
    private var isUnfair: Bool {
        waiters.first.map { $0.since.duration(to: .now) > Self.fairness } ?? false
    }

    func take(_ place: Int, _ model: ServedModel) -> ServedModel {
        clock += 1
        places[place].uses += 1
        places[place].lastUse = clock
        return model
    }

    private func hold(_ place: Int) -> ModelHold {
        ModelHold { Task { await self.letGo(place) } }
    }

    private func letGo(_ place: Int) async {
        places[place].uses -= 1
        await putAwayInTime(place)
        await arrange()
    }

    /// Puts a model away when its time is over, now or later.
    private func putAwayInTime(_ place: Int) async {
        guard let end = places[place].end, places[place].uses == 0, places[place].model != nil
        else { return }
        let left = ContinuousClock.now.duration(to: end)
        guard left > .zero else {
            await putAway(place)
            return await arrange()
        }
        Task {
            try? await Task.sleep(for: left)
            if self.places[place].end == end { await self.putAwayInTime(place) }
        }
    }

    func refuse(_ id: Int, _ error: WireError) {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return }
        waiters.remove(at: index).continuation.resume(returning: .failure(error))
        Task { await arrange() }
    }

    private static var isGone: WireError {
        WireError(.clientGone, "the client closed the connection.")
    }

    private func isBusy(_ place: Int, after patience: Duration) -> WireError {
        WireError(
            .unavailable,
            "\(names[place][0]): the \(budgetBytes) bytes for models are taken by others with answers under way, and "
                + "\(patience) brought no room; come again.", code: "models_busy", retryAfter: 5)
    }
}

/// The use of a model, until it is let go of.
package final class ModelHold: Sendable {
    private let release: @Sendable () -> Void

    init(_ release: @escaping @Sendable () -> Void) { self.release = release }

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
