/// What a pull tells while it runs.

import Synchronization

/// Something that happened to a pull or one of its files.
package enum PullEvent: Sendable, Hashable {
    /// What is to be pulled is known.
    case planned(commit: String, files: Int, bytes: Int)
    /// A file is about to be downloaded; `resumed` bytes of it are here already.
    case began(path: String, bytes: Int, resumed: Int)
    /// A file is complete; it may have been here before.
    case finished(path: String, bytes: Int, wasHere: Bool)
    /// Another process downloads the same content.
    case waiting(path: String)
    /// A request is made again, in so many seconds.
    case retrying(reason: String, seconds: Double)
    /// What arrived has another hash than it should, and is downloaded once more.
    case damaged(path: String)
    /// There is no hub to ask, and what is here has to do.
    case offline(reason: String)
}

/// Bytes of a pull, for whoever draws them.
package final class PullProgress: Sendable {
    /// Bytes so far.
    package struct Count: Sendable, Hashable {
        /// Of all files together.
        package var total = 0
        /// Of these, what is here.
        package var done = 0
        /// Of these, what this pull has downloaded.
        package var received = 0
    }

    private let state = Mutex(Count())

    /// Nothing so far.
    package init() {}

    /// The bytes now.
    package var count: Count { state.withLock { $0 } }

    func plan(_ bytes: Int) { state.withLock { $0.total = bytes } }
    /// Bytes that were here before.
    func found(_ bytes: Int) { state.withLock { $0.done += bytes } }
    /// Bytes that have arrived.
    func receive(_ bytes: Int) {
        state.withLock { count in
            count.done += bytes
            count.received += bytes
        }
    }
    /// Bytes that have to arrive again.
    func lose(_ bytes: Int) { state.withLock { $0.done -= bytes } }
}
