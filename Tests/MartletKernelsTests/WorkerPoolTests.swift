// The worker pool: each iteration once, the right results, and threads that end.

import Foundation
import Synchronization
import Testing

@testable import MartletKernels

@Suite struct WorkerPoolTests {
    @Test(.timeLimit(.minutes(1)), arguments: [1, 2, 4])
    func everyIterationRunsOnce(threads: Int) {
        let pool = WorkerPool(threadCount: threads)
        #expect(pool.threadCount == threads)
        for round in 0..<50 {
            for count in [0, 1, 2, 3, 1000] {
                let runs = EdgeBuffer<Int32>(count: count)
                let strangers = Atomic<Int>(0)
                nonisolated(unsafe) let base = runs.base
                pool.run(count) { iteration, worker in
                    // Each iteration has a place of its own; a double run shows as 2.
                    base[iteration] += 1
                    if worker < 0 || worker >= threads { strangers.add(1, ordering: .relaxed) }
                }
                #expect(runs.array.allSatisfy { $0 == 1 }, "round \(round), \(count) iterations")
                #expect(strangers.load(ordering: .relaxed) == 0)
            }
        }
    }

    /// No two threads share a worker number, so scratch may be indexed by it.
    @Test(.timeLimit(.minutes(1)), arguments: [2, 4])
    func workersAreExclusive(threads: Int) {
        let pool = WorkerPool(threadCount: threads)
        let busy = EdgeBuffer<Int32>(count: threads)
        let counts = EdgeBuffer<Int>(count: threads)
        let clashes = Atomic<Int>(0)
        nonisolated(unsafe) let (flags, totals) = (busy.base, counts.base)
        for _ in 0..<100 {
            pool.run(200) { _, worker in
                if flags[worker] != 0 { clashes.add(1, ordering: .relaxed) }
                flags[worker] = 1
                for i in 0..<20 { totals[worker] &+= i & 1 }
                flags[worker] = 0
            }
        }
        #expect(clashes.load(ordering: .relaxed) == 0)
        #expect(counts.array.reduce(0, +) == 100 * 200 * 10)
    }

    /// Engines on one set of weights share its threads. The second caller runs alone; nothing is lost or done twice.
    @Test(.timeLimit(.minutes(1))) func severalCallersAtOnce() async {
        let pool = WorkerPool(threadCount: 3)
        await withTaskGroup(of: Bool.self) { group in
            for caller in 0..<4 {
                group.addTask {
                    for round in 0..<400 {
                        let count = 1 + (caller * 7 + round) % 23
                        let runs = EdgeBuffer<Int32>(count: count)
                        nonisolated(unsafe) let base = runs.base
                        pool.run(count) { iteration, _ in base[iteration] += 1 }
                        guard runs.array.allSatisfy({ $0 == 1 }) else { return false }
                    }
                    return true
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }

    /// What a loop wrote is visible to the caller and to the next loop, with no other fence.
    @Test(.timeLimit(.minutes(1)), arguments: [1, 2, 4])
    func loopsSeeWhatEarlierLoopsWrote(threads: Int) {
        let pool = WorkerPool(threadCount: threads)
        let count = 64
        let (a, b) = (EdgeBuffer<Int>(count: count), EdgeBuffer<Int>(count: count))
        nonisolated(unsafe) let (x, y) = (a.base, b.base)
        for _ in 0..<500 {
            pool.run(count) { i, _ in y[i] = x[count - 1 - i] + 1 }
            pool.run(count) { i, _ in x[i] = y[count - 1 - i] + 1 }
        }
        #expect(a.array.allSatisfy { $0 == 1000 })
    }

    /// Ten thousand loops of a few microseconds: more threads than processors must not stall.
    @Test(.timeLimit(.minutes(1)), arguments: [1, 2, 4])
    func shortLoopsFinish(threads: Int) {
        let pool = WorkerPool(threadCount: threads)
        let total = Atomic<Int>(0)
        for _ in 0..<10_000 { pool.run(4) { _, _ in total.add(1, ordering: .relaxed) } }
        #expect(total.load(ordering: .relaxed) == 40_000)
    }

    /// Sleeping workers wake for the next loop.
    @Test(.timeLimit(.minutes(1)))
    func loopsAfterPauses() {
        let pool = WorkerPool(threadCount: 3)
        let total = Atomic<Int>(0)
        for _ in 0..<20 {
            Thread.sleep(forTimeInterval: 0.005)
            pool.run(8) { _, _ in total.add(1, ordering: .relaxed) }
        }
        #expect(total.load(ordering: .relaxed) == 160)
    }

    /// A thread-specific value with a destructor tells when a worker's thread has ended.
    @Test(.timeLimit(.minutes(1)))
    func threadsEndWithThePool() {
        var key = pthread_key_t()
        #expect(
            pthread_key_create(&key) { _ in endedThreads.add(1, ordering: .sequentiallyConsistent) }
                == 0)
        let seen = EdgeBuffer<Int32>(count: 6)
        nonisolated(unsafe) let marks = seen.base
        let threadKey = key
        do {
            let pool = WorkerPool(threadCount: 6)
            for _ in 0..<500 where seen.array.dropFirst().contains(0) {
                pool.run(60) { _, worker in
                    if worker > 0, marks[worker] == 0 {
                        marks[worker] = 1
                        pthread_setspecific(threadKey, UnsafeMutableRawPointer(bitPattern: 1))
                    }
                    Thread.sleep(forTimeInterval: 0.0001)
                }
            }
        }
        let joined = Int(seen.array.reduce(0, +))
        #expect(joined > 0)
        let deadline = Date(timeIntervalSinceNow: 20)
        while endedThreads.load(ordering: .sequentiallyConsistent) < joined, Date() < deadline {
            Thread.sleep(forTimeInterval: 0.001)
        }
        #expect(endedThreads.load(ordering: .sequentiallyConsistent) == joined)
    }

    @Test func poolsThatNeverRanAreReleased() {
        for threads in [1, 2, 4] { for _ in 0..<20 { _ = WorkerPool(threadCount: threads) } }
        #expect(WorkerPool(threadCount: 0).threadCount == 1)
    }

    @Test func bandwidthIsPositive() throws {
        let rate = try Bandwidth.measure(
            pool: WorkerPool(threadCount: 2), kernels: KernelSet.selected(), megabytes: 4, passes: 3
        )
        #expect(rate > 0 && rate.isFinite)
    }
}

private let endedThreads = Atomic<Int>(0)
