// Threads for the parallel loops of a step.
//
// What this file refuses to know: what the loops compute. No tasks, no await: a loop of a decode
// step lasts microseconds, less than a hop between tasks.

import CMartletKernels
import Foundation
import Synchronization

/// A fixed number of threads that run the iterations of one loop at a time.
///
/// Threads take iterations one by one from an atomic counter, so a thread that the system suspends
/// delays only its own iteration. A loop does not wait for a worker that has not joined it by the time
/// all iterations are taken. A waiting thread spins for a bounded time, then yields its processor for a
/// bounded time, then sleeps, so that under a competing load the pool does not burn its processors.
///
/// Which thread runs an iteration never changes a result: loops divide outputs, never reductions.
public final class WorkerPool: Sendable {
    /// Threads, the caller's included.
    public let threadCount: Int
    private let shared: Shared

    /// - Parameter threadCount: at least 1; 1 runs every loop on the caller's thread.
    public init(threadCount: Int) {
        self.threadCount = max(1, threadCount)
        shared = Shared()
        for index in 1..<max(1, self.threadCount) {
            let shared = shared
            let thread = Thread { shared.work(index) }
            thread.name = "martlet-worker-\(index)"
            thread.start()
        }
    }

    deinit { shared.stop() }

    /// The number of processors this process may use.
    public static var processorCount: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// Runs `body(iteration, worker)` for every iteration in 0 ..< count, `worker` in
    /// 0 ..< threadCount, and returns when all are done.
    ///
    /// The threads serve one loop at a time. When a second caller comes, for instance another engine on the same weights,
    /// it runs its whole loop on its own thread. A loop inside a loop is not allowed: both would use the same worker
    /// numbers.
    public func run(_ count: Int, _ body: (_ iteration: Int, _ worker: Int) -> Void) {
        guard threadCount > 1, count > 1, shared.acquire() else {
            for iteration in 0..<max(0, count) { body(iteration, 0) }
            return
        }
        defer { shared.release() }
        withoutActuallyEscaping(body) { escapable in shared.run(count, escapable) }
    }
}

/// What the threads share. `isOwned` makes one caller at a time the owner.
/// `state` is epoch << 32 | open << 31 | number of workers inside.
///
/// Unchecked: `body` and `count` are written by the owner only while the loop is closed and no
/// worker is inside, and read by workers only after they joined the open loop with an acquiring
/// exchange on `state`, which the owner released; so no access overlaps a write.
private final class Shared: @unchecked Sendable {
    private static let open: UInt64 = 1 << 31
    private static let inside: UInt64 = open - 1
    /// About 100 microseconds of pauses on current processors.
    private static let spins = 2_000
    /// Yields of the processor before a waiting thread sleeps: about a millisecond on an idle machine, which is longer
    /// than an engine's work between two steps. Waking a sleeping thread costs the caller tens of microseconds in a
    /// virtual machine, at every step.
    private static let yields = 1_000
    /// Pauses before each yield, so that the wait is not all system calls.
    private static let pausesBeforeYield = 8

    private let state = Atomic<UInt64>(0)
    private let next = Atomic<Int>(0)
    private let sleepers = Atomic<Int>(0)
    private let stopped = Atomic<Bool>(false)
    private let isOwned = Atomic<Bool>(false)
    private let lock = NSCondition()
    private let ownerWaits = Atomic<Bool>(false)
    private var body: ((Int, Int) -> Void)?
    private var count = 0

    /// Makes the caller the owner; false when there is one.
    func acquire() -> Bool { !isOwned.exchange(true, ordering: .acquiring) }

    func release() { isOwned.store(false, ordering: .releasing) }

    func run(_ count: Int, _ body: @escaping (Int, Int) -> Void) {
        self.body = body
        self.count = count
        next.store(0, ordering: .relaxed)
        let epoch = (state.load(ordering: .relaxed) >> 32) &+ 1
        state.store(epoch << 32 | Self.open, ordering: .sequentiallyConsistent)
        if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
            lock.lock()
            lock.broadcast()
            lock.unlock()
        }
        drain(worker: 0)
        state.bitwiseAnd(~Self.open, ordering: .sequentiallyConsistent)
        waitUntilEmpty()
        self.body = nil
    }

    private func drain(worker: Int) {
        guard let body else { return }
        let count = count
        while true {
            let iteration = next.wrappingAdd(1, ordering: .relaxed).oldValue
            if iteration >= count { return }
            body(iteration, worker)
        }
    }

    private func waitUntilEmpty() {
        func isEmpty() -> Bool { state.load(ordering: .acquiring) & Self.inside == 0 }
        if Self.spin(until: isEmpty) { return }
        lock.lock()
        ownerWaits.store(true, ordering: .sequentiallyConsistent)
        while state.load(ordering: .sequentiallyConsistent) & Self.inside != 0 { lock.wait() }
        ownerWaits.store(false, ordering: .relaxed)
        lock.unlock()
    }

    func work(_ worker: Int) {
        var done: UInt64 = 0
        while true {
            let seen = waitForLoop(after: done)
            guard let seen else { return }
            let joined = state.compareExchange(
                expected: seen, desired: seen + 1, ordering: .acquiringAndReleasing)
            guard joined.exchanged else { continue }
            done = seen >> 32
            drain(worker: worker)
            let after = state.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue
            if after & Self.inside == 0, ownerWaits.load(ordering: .sequentiallyConsistent) {
                lock.lock()
                lock.broadcast()
                lock.unlock()
            }
        }
    }

    /// The state of an open loop later than `epoch`, or nil when the pool stops.
    private func waitForLoop(after epoch: UInt64) -> UInt64? {
        func ready(_ value: UInt64) -> Bool { value & Self.open != 0 && value >> 32 != epoch }
        var value: UInt64 = 0
        let isReady = Self.spin {
            value = state.load(ordering: .acquiring)
            return ready(value)
        }
        if isReady { return value }
        lock.lock()
        defer { lock.unlock() }
        sleepers.add(1, ordering: .sequentiallyConsistent)
        defer { sleepers.subtract(1, ordering: .sequentiallyConsistent) }
        while true {
            if stopped.load(ordering: .sequentiallyConsistent) { return nil }
            let value = state.load(ordering: .sequentiallyConsistent)
            if ready(value) { return value }
            lock.wait()
        }
    }

    /// Waits a bounded time without sleeping. Returns whether `isDone` became true.
    private static func spin(until isDone: () -> Bool) -> Bool {
        for _ in 0..<spins {
            if isDone() { return true }
            mk_pause()
        }
        for _ in 0..<yields {
            for _ in 0..<pausesBeforeYield {
                if isDone() { return true }
                mk_pause()
            }
            sched_yield()
        }
        return false
    }

    func stop() {
        stopped.store(true, ordering: .sequentiallyConsistent)
        lock.lock()
        lock.broadcast()
        lock.unlock()
    }
}
