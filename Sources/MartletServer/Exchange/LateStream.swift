/// A stream that several answers share, and that none of them opens before it is sure.

import MartletJSON
import Synchronization

/// Opens a stream when the first of several answers begins: until then an error has a status of its own.
final class LateStream: Sendable {
    private let exchange: Exchange
    private let interval: Duration
    private let opening = Mutex<Task<Result<EventStream, WireError>, Never>?>(nil)

    init(_ exchange: Exchange, pingEvery interval: Duration) {
        self.exchange = exchange
        self.interval = interval
    }

    /// The stream; whoever asks first opens it, and the others wait.
    func opened() async throws(WireError) -> EventStream {
        let task = opening.withLock { opening in
            if let opening { return opening }
            let task = Task { [exchange, interval] () -> Result<EventStream, WireError> in
                do throws(WireError) {
                    return .success(try await EventStream(exchange, pingEvery: interval))
                } catch { return .failure(error) }
            }
            opening = task
            return task
        }
        return try await task.value.get()
    }
}
