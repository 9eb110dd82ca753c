// Time that passes when a test says so.

import Synchronization

@testable import MartletEngine

final class TestTime: Sendable {
    private let time = Mutex(Duration.zero)

    /// A clock that shows it.
    var clock: EngineClock { EngineClock(now: { self.now }) }

    var now: Duration { time.withLock { $0 } }

    func pass(_ duration: Duration) { time.withLock { $0 += duration } }
}
