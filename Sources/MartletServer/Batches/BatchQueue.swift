/// The batches of all tenants: one of each tenant runs at a time, and what a process leaves the next one goes on with.

import Foundation
import Martlet
import Synchronization

/// Keeps batches and runs them.
package final class BatchQueue: Sendable {
    private struct State {
        var batches: [String: BatchRecord] = [:]
        var worker: (any BatchWorker)?
        var isOpen = false
        var tasks: [String: Task<Void, Never>] = [:]
        /// Results of batches that have not ended, where no folder keeps them.
        var journals: [String: BatchJournal] = [:]

        /// Batches that compute, or that end what was cancelled.
        func running(ending: Bool) -> [BatchRecord] {
            tasks.keys.compactMap { batches[$0] }.filter { ($0.status == .cancelling) == ending }
        }
    }

    /// Batches that run at the same time.
    private static let mostRunning = 4
    /// Batches of a tenant that have not ended.
    private static let mostOpen = 100
    /// Batches that are remembered.
    private static let mostRemembered = 10_000
    private static let journalSuffix = ".journal"
    private static let outputPurpose = "batch_output"

    /// How long after it expires a batch waits for room for its results before they are given up, in seconds.
    private static let roomPatience = 86_400
    /// The longest time between two tries to write results.
    private static let longestPause = Duration.seconds(60)

    private let files: FileStore
    /// The time after which results that there was no room for are tried again; each further one takes twice as long.
    private let pause: Duration
    private let state: Mutex<State>
    /// Held while a batch's record is written, so that no state is written after a later one.
    private let saving = Mutex(())

    /// Reads what a store has of batches.
    init(_ files: FileStore, pause: Duration = .seconds(1)) {
        self.files = files
        self.pause = pause
        var state = State()
        for (name, stored) in files.batches.all() {
            guard let batch = BatchRecord(stored), batch.id == name else { continue }
            state.batches[name] = batch
        }
        self.state = Mutex(state)
    }

    // MARK: What runs

    /// Says what answers requests; without it nothing runs.
    func attach(_ worker: some BatchWorker) {
        state.withLock { $0.worker = worker }
        beginMore()
    }

    /// Begins to run batches.
    func open() {
        state.withLock { $0.isOpen = true }
        beginMore()
    }

    /// Runs nothing any more. What is unfinished stays as it is, for the next process.
    func close() {
        let tasks = state.withLock { state in
            state.isOpen = false
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
    }

    private func beginMore() {
        state.withLock { state in
            guard state.isOpen, let worker = state.worker else { return }
            let running = state.running(ending: false)
            var busy = Set(running.map(\.tenant))
            var count = running.count
            var ending = state.running(ending: true).count
            let waiting = state.batches.values.filter {
                !$0.status.isFinal && state.tasks[$0.id] == nil
            }.sorted { ($0.created, $0.id) < ($1.created, $1.id) }
            for batch in waiting {
                if batch.status == .cancelling {
                    // It computes nothing, and waits for nobody who does.
                    guard ending < Self.mostRunning else { continue }
                    ending += 1
                } else {
                    guard count < Self.mostRunning, busy.insert(batch.tenant).inserted else {
                        continue
                    }
                    count += 1
                }
                state.tasks[batch.id] = Task { [weak self] in
                    await self?.run(batch.id, on: worker)
                    self?.ended(batch.id)
                }
            }
        }
    }

    private func ended(_ id: String) {
        state.withLock { $0.tasks[id] = nil }
        beginMore()
    }

    // MARK: What tenants ask

    /// Adds a batch. Throws `rateLimited` where its tenant has too many.
    func add(_ batch: BatchRecord) throws(WireError) {
        let (open, old): (Int, [String]) = state.withLock { state in
            let final = state.batches.values.filter(\.status.isFinal)
                .sorted { ($0.created, $0.id) < ($1.created, $1.id) }
            let excess = max(0, state.batches.count + 1 - Self.mostRemembered)
            return (
                state.batches.values.filter {
                    $0.tenant == batch.tenant && !$0.status.isFinal
                }.count, final.prefix(excess).map(\.id)
            )
        }
        guard open < Self.mostOpen else {
            throw WireError(
                .rateLimited, "\(open) batches of this key have not ended; come again later.",
                code: "too_many_batches", retryAfter: 60)
        }
        for id in old { forget(id) }
        state.withLock { $0.batches[batch.id] = batch }
        if let error = save(batch.id) {
            forget(batch.id)
            throw WireError(.failure, "the batch cannot be stored: \(error.message)")
        }
        beginMore()
    }

    private func forget(_ id: String) {
        saving.withLock { _ in
            state.withLock { state in
                state.batches[id] = nil
                state.journals[id] = nil
            }
            files.batches.remove(id, alsoWith: [Self.journalSuffix])
        }
    }

    /// A tenant's batch; nil where there is none.
    func batch(_ id: String, of tenant: String) -> BatchRecord? {
        state.withLock { $0.batches[id].flatMap { $0.tenant == tenant ? $0 : nil } }
    }

    /// A tenant's batches, the newest first.
    func batches(of tenant: String) -> [BatchRecord] {
        state.withLock { $0.batches.values.filter { $0.tenant == tenant } }
            .sorted { ($0.created, $0.id) > ($1.created, $1.id) }
    }

    /// Ends a batch; what its requests have answered by then stays. Nil where there is none, or it has ended.
    func cancel(_ id: String, of tenant: String) -> BatchRecord? {
        let now = files.now()
        let found = state.withLock { state -> (batch: BatchRecord, task: Task<Void, Never>?)? in
            guard var batch = state.batches[id], batch.tenant == tenant, !batch.status.isFinal
            else { return nil }
            let task = state.tasks[id]
            let hasBegun = task != nil || batch.status != .validating
            if batch.status != .cancelling { batch.enter(.cancelling, at: now) }
            // One that has not begun has nothing to end.
            if !hasBegun { batch.enter(.cancelled, at: now) }
            state.batches[id] = batch
            return (batch, task)
        }
        guard let found else { return nil }
        save(id)
        found.task?.cancel()
        beginMore()
        return found.batch
    }

    /// Changes a batch that is in one of some states, and writes it. Nil where it is in another one by now, or gone. A store
    /// that cannot be written to leaves the last state that it could be.
    @discardableResult
    private func change(
        _ id: String, from states: Set<BatchRecord.Status> = BatchRecord.Status.open,
        _ body: (inout BatchRecord) -> Void
    ) -> (batch: BatchRecord, isSaved: Bool)? {
        let changed = state.withLock { state -> BatchRecord? in
            guard var batch = state.batches[id], states.contains(batch.status) else { return nil }
            body(&batch)
            state.batches[id] = batch
            return batch
        }
        guard let changed else { return nil }
        return (changed, save(id) == nil)
    }

    /// Writes a batch as it is now.
    @discardableResult
    private func save(_ id: String) -> MartletError? {
        saving.withLock { _ -> MartletError? in
            guard let batch = state.withLock({ $0.batches[id] }) else { return nil }
            do throws(MartletError) { try files.batches.save(id, batch.stored) } catch {
                return error
            }
            return nil
        }
    }

    // MARK: A batch's life

    private func run(_ id: String, on worker: any BatchWorker) async {
        guard let batch = state.withLock({ $0.batches[id] }) else { return }
        guard let file = files.file(batch.inputFile, of: batch.tenant),
            let content = files.content(of: file)
        else {
            return fail(
                id, [BatchFault(code: "file_not_found", message: "The input file is gone.")])
        }
        let read = BatchFile(content, urls: [batch.endpoint], endpoint: batch.endpoint)
        guard read.faults.isEmpty else { return fail(id, read.faults) }
        var pause = self.pause
        var opened: BatchJournal?
        while opened == nil {
            do throws(MartletError) { opened = try self.journal(id, worker.context) } catch {
                guard await isTriedAgain(id, after: error, &pause) else { return }
            }
        }
        guard let journal = opened else { return }
        // Whoever cancelled it meanwhile is heard here.
        let begun = change(id) { batch in
            if batch.status == .validating { batch.enter(.inProgress, at: files.now()) }
            batch.progress.total = read.requests.count
        }
        guard let begun else { return }
        switch await answer(read.requests, of: begun.batch, journal, worker) {
        case .success(true):
            change(id, from: [.inProgress]) { $0.enter(.finalizing, at: files.now()) }
            await end(id, read.requests, journal, as: .completed)
        case .success(false):
            await end(id, read.requests, journal, as: .expired)
        case .failure(let error) where error.code == .cancelled:
            // Else the server is about to end: the next one goes on.
            guard state.withLock({ $0.batches[id]?.status }) == .cancelling else { return }
            await end(id, read.requests, journal, as: .cancelled)
        case .failure(let error):
            await end(id, read.requests, journal, as: .failed, because: Self.fault(error))
        }
    }

    private static func fault(_ error: MartletError) -> BatchFault {
        BatchFault(code: error.code.description, message: error.message)
    }

    private func journal(_ id: String, _ context: String) throws(MartletError) -> BatchJournal {
        guard let path = files.batches.path(id, Self.journalSuffix) else {
            return state.withLock { state -> BatchJournal in
                if let journal = state.journals[id] { return journal }
                let journal = BatchJournal(context: context, byteLimit: files.byteLimit)
                state.journals[id] = journal
                return journal
            }
        }
        return try BatchJournal(path, context: context)
    }

    /// Ends a batch that has no results to keep.
    private func fail(_ id: String, _ faults: [BatchFault]) {
        change(id) { batch in
            guard batch.status != .cancelling else {
                return batch.enter(.cancelled, at: files.now())
            }
            batch.faults = faults
            batch.enter(.failed, at: files.now())
        }
        state.withLock { $0.journals[id] = nil }
    }

    /// Answers requests until the batch expires. Returns whether all were answered in time.
    private func answer(
        _ requests: [BatchRequest], of batch: BatchRecord, _ journal: BatchJournal,
        _ worker: any BatchWorker
    ) async -> Result<Bool, MartletError> {
        guard batch.status != .cancelling else { return .success(false) }
        // What a process that ends sooner or later waits for at most: a stored time may be any.
        let seconds = min(max(0, batch.expires - files.now()), 366 * 86_400)
        let answering = Task { [self] () -> Result<Bool, MartletError> in
            do throws(MartletError) {
                try await BatchRun(requests, for: batch.tenant, journal: journal).run(on: worker) {
                    progress in
                    state.withLock { $0.batches[batch.id]?.progress = progress }
                }
                return .success(true)
            } catch { return .failure(error) }
        }
        let expiring = Task {
            do { try await Task.sleep(for: .seconds(seconds)) } catch { return }
            answering.cancel()
        }
        defer { expiring.cancel() }
        let result = await withTaskCancellationHandler {
            await answering.value
        } onCancel: {
            answering.cancel()
        }
        if case .failure(let error) = result, error.code == .cancelled,
            files.now() >= batch.expires
        {
            return .success(false)
        }
        return result
    }

    /// Ends a batch as soon as there is room for its results.
    private func end(
        _ id: String, _ requests: [BatchRequest], _ journal: BatchJournal,
        as status: BatchRecord.Status, because fault: BatchFault? = nil
    ) async {
        var pause = self.pause
        while true {
            do throws(MartletError) {
                return try finish(id, requests, journal, as: status, because: fault)
            } catch {
                change(id, from: [.inProgress]) { $0.enter(.finalizing, at: files.now()) }
                guard await isTriedAgain(id, after: error, &pause) else { return }
            }
        }
    }

    /// Waits until something is tried again that failed; false where it is not. Whoever cancels the batch meanwhile, or ends
    /// the server, finds its results in the journal.
    private func isTriedAgain(
        _ id: String, after error: MartletError, _ pause: inout Duration
    ) async -> Bool {
        guard let batch = state.withLock({ $0.batches[id] }), !batch.status.isFinal else {
            return false
        }
        guard files.now() < batch.expires + Self.roomPatience else {
            fail(id, [Self.fault(error)])
            return false
        }
        do { try await Task.sleep(for: pause) } catch { return false }
        pause = min(Self.longestPause, pause * 2)
        return true
    }

    /// Makes files of what is known, and ends the batch.
    private func finish(
        _ id: String, _ requests: [BatchRequest], _ journal: BatchJournal,
        as asked: BatchRecord.Status, because fault: BatchFault?
    ) throws(MartletError) {
        guard let batch = state.withLock({ $0.batches[id] }), !batch.status.isFinal else { return }
        let status = batch.status == .cancelling ? .cancelled : asked
        var (output, errors): ([UInt8], [UInt8]) = ([], [])
        for request in requests {
            if let result = try journal.result(of: request) {
                if result.isError {
                    errors += result.line + [UInt8(ascii: "\n")]
                } else {
                    output += result.line + [UInt8(ascii: "\n")]
                }
            } else if status == .expired {
                let result = BatchResult(
                    request, code: "batch_expired",
                    message:
                        "This request could not be executed before the completion window expired.")
                errors += result.line + [UInt8(ascii: "\n")]
            }
        }
        func file(_ content: [UInt8], _ name: String) throws(MartletError) -> String? {
            let name = "\(id)_\(name).jsonl"
            // A process that was killed here has written it, and could not say so.
            let old = files.files(of: batch.tenant).filter {
                $0.name == name && $0.purpose == Self.outputPurpose
            }
            var kept = old.first {
                $0.bytes == content.count && files.content(of: $0) == content
            }
            if kept == nil, !content.isEmpty {
                do throws(WireError) {
                    kept = try files.add(
                        content, name: name, purpose: Self.outputPurpose,
                        tenant: batch.tenant, lifetime: batch.outputLifetime)
                } catch { throw MartletError(code: .outOfMemory, message: error.message) }
            }
            // They go when the new one stands.
            for file in old where file.id != kept?.id { files.remove(file) }
            return kept?.id
        }
        let (outputFile, errorFile) = (try file(output, "output"), try file(errors, "error"))
        let ended = change(id) { batch in
            (batch.outputFile, batch.errorFile) = (outputFile, errorFile)
            if let fault { batch.faults = [fault] }
            batch.enter(batch.status == .cancelling ? .cancelled : status, at: files.now())
        }
        state.withLock { $0.journals[id] = nil }
        // Where the end could not be written, the next process needs the results to come to it again.
        guard let ended, ended.isSaved else { return }
        files.batches.path(id, Self.journalSuffix).map { _ = unlink($0) }
    }
}
