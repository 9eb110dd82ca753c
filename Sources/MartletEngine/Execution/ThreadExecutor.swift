/// An executor that owns one thread, so that a forward pass does not occupy Swift's shared threads.

import Foundation

/// Runs an actor's jobs one after another on a thread of its own. The thread ends, after the jobs it
/// still has, when the executor goes away.
final class ThreadExecutor: Sendable {
    private let queue: JobQueue

    /// Starts the thread.
    init(name: String) {
        let queue = JobQueue()
        self.queue = queue
        // The thread holds the queue, which is what Swift calls the executor, and not this object:
        // the actor may let go of this from inside its own last job.
        let thread = Thread { queue.run(as: name) }
        thread.stackSize = 8 << 20
        thread.start()
    }

    deinit { queue.stop() }

    /// What an actor returns as its own executor while it holds this object.
    var unowned: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }
}

/// The jobs of one thread, in order.
///
/// `@unchecked Sendable`: `jobs` and `isStopped` are read and written only with `condition` locked.
private final class JobQueue: SerialExecutor, @unchecked Sendable {
    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []
    private var isStopped = false

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.withLock {
            jobs.append(job)
            condition.signal()
        }
    }

    func stop() {
        condition.withLock {
            isStopped = true
            condition.signal()
        }
    }

    /// Runs jobs until there are none and none will come.
    func run(as name: String) {
        var isNamed = false
        while let jobs = next() {
            // Not earlier: on Linux `Thread` can be named only once its creator has noted its handle,
            // which is sure when the creator has come to enqueue a job.
            if !isNamed { Thread.current.name = name }
            isNamed = true
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
        }
    }

    /// Waits for jobs and takes them all; nil when there are none and none will come.
    private func next() -> [UnownedJob]? {
        condition.withLock {
            while jobs.isEmpty {
                if isStopped { return nil }
                condition.wait()
            }
            defer { jobs = [] }
            return jobs
        }
    }
}
