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
    }

    /// Batches that run at the same time.
    private static let mostRunning = 4
    /// Batches of a tenant that have not ended.
    private static let mostOpen = 100
    /// Batches that are remembered.
    private static let mostRemembered = 10_000
    private static let journalSuffix = ".journal"
    private static let outputPurpose = "batch_output"

    private let files: FileStore
    private let state: Mutex<State>

    /// Reads what a store has of batches.
    init(_ files: FileStore) {
        self.files = files
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
            var busy = Set(state.tasks.keys.compactMap { state.batches[$0]?.tenant })
            let waiting = state.batches.values.filter {
                !$0.status.isFinal && state.tasks[$0.id] == nil
            }.sorted { ($0.created, $0.id) < ($1.created, $1.id) }
            for batch in waiting
            where state.tasks.count < Self.mostRunning && busy.insert(batch.tenant).inserted {
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
        do throws(MartletError) { try files.batches.save(batch.id, batch.stored) } catch {
            forget(batch.id)
            throw WireError(.failure, "the batch cannot be stored: \(error.message)")
        }
        beginMore()
    }

    private func forget(_ id: String) {
        state.withLock { $0.batches[id] = nil }
        files.batches.remove(id, alsoWith: [Self.journalSuffix])
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
        guard let batch = batch(id, of: tenant), !batch.status.isFinal else { return nil }
        let changed = change(id) { $0.enter(.cancelling, at: files.now()) }
        state.withLock { $0.tasks[id] }?.cancel()
        beginMore()
        return changed
    }

    /// Changes a batch and writes it. A store that cannot be written to leaves the last state that it could be.
    @discardableResult
    private func change(_ id: String, _ body: (inout BatchRecord) -> Void) -> BatchRecord? {
        let changed = state.withLock { state -> BatchRecord? in
            guard var batch = state.batches[id] else { return nil }
            body(&batch)
            state.batches[id] = batch
            return batch
        }
        if let changed { try? files.batches.save(id, changed.stored) }
        return changed
    }

    // MARK: A batch's life

    private func run(_ id: String, on worker: any BatchWorker) async {
        guard let batch = state.withLock({ $0.batches[id] }) else { return }
        guard let file = files.file(batch.inputFile, of: batch.tenant),
            let content = files.content(of: file)
        else {
            return fail(
                id, BatchFault(code: "file_not_found", message: "The input file is gone."))
        }
        let read = BatchFile(content, urls: [batch.endpoint], endpoint: batch.endpoint)
        guard read.faults.isEmpty else {
            change(id) { batch in
                batch.faults = read.faults
                batch.enter(.failed, at: files.now())
            }
            return
        }
        do throws(MartletError) {
            let journal = try journal(id, worker.context)
            if batch.status == .validating {
                change(id) { $0.enter(.inProgress, at: files.now()) }
            }
            change(id) { $0.progress.total = read.requests.count }
            let isInTime = await answer(read.requests, of: batch, journal, worker)
            switch (state.withLock { $0.batches[id]?.status }, isInTime) {
            case (.cancelling, _):
                try finish(id, read.requests, journal, as: .cancelled)
            case (_, .success(true)):
                change(id) { $0.enter(.finalizing, at: files.now()) }
                try finish(id, read.requests, journal, as: .completed)
            case (_, .success(false)):
                try finish(id, read.requests, journal, as: .expired)
            case (_, .failure(let error)):
                // The server is about to end: the next one goes on.
                guard error.code == .cancelled else { throw error }
            }
        } catch {
            fail(id, BatchFault(code: error.code.description, message: error.message))
        }
    }

    private func journal(_ id: String, _ context: String) throws(MartletError) -> BatchJournal {
        guard let path = files.batches.path(id, Self.journalSuffix) else {
            return BatchJournal(context: context, byteLimit: files.byteLimit)
        }
        return try BatchJournal(path, context: context)
    }

    private func fail(_ id: String, _ fault: BatchFault) {
        change(id) { batch in
            batch.faults = [fault]
            batch.enter(.failed, at: files.now())
        }
    }

    /// Answers requests until the batch expires. Returns whether all were answered in time.
    private func answer(
        _ requests: [BatchRequest], of batch: BatchRecord, _ journal: BatchJournal,
        _ worker: any BatchWorker
    ) async -> Result<Bool, MartletError> {
        guard batch.status != .cancelling else { return .success(false) }
        let seconds = max(0, batch.expires - files.now())
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

    /// Makes files of what is known, and ends the batch.
    private func finish(
        _ id: String, _ requests: [BatchRequest], _ journal: BatchJournal,
        as status: BatchRecord.Status
    ) throws(MartletError) {
        guard let batch = state.withLock({ $0.batches[id] }) else { return }
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
            for old in files.files(of: batch.tenant)
            where old.name == name && old.purpose == Self.outputPurpose { files.remove(old) }
            guard !content.isEmpty else { return nil }
            do throws(WireError) {
                return try files.add(
                    content, name: name, purpose: Self.outputPurpose,
                    tenant: batch.tenant, lifetime: batch.outputLifetime
                ).id
            } catch { throw MartletError(code: .outOfMemory, message: error.message) }
        }
        let (outputFile, errorFile) = (try file(output, "output"), try file(errors, "error"))
        change(id) { batch in
            (batch.outputFile, batch.errorFile) = (outputFile, errorFile)
            batch.enter(status, at: files.now())
        }
        files.batches.path(id, Self.journalSuffix).map { _ = unlink($0) }
    }
}
