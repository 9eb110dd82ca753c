/// Answers that are short enough for memory.

import Synchronization

/// Keeps a body in memory.
final class BodySink: HTTPReceiver {
    private let limit: Int
    private let content = Mutex<[UInt8]>([])

    init(limit: Int) { self.limit = limit }

    /// What has arrived of the last answer.
    var bytes: [UInt8] { content.withLock { $0 } }

    func begin(_ head: HTTPHead) { content.withLock { $0 = [] } }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        try content.withLock { content in
            guard content.count + bytes.count <= limit else {
                throw HubError.badAnswer(
                    url: "answer", got: "more than \(limit) bytes", expected: "a shorter answer")
            }
            content.append(contentsOf: bytes)
        }
    }
}
