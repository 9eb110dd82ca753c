/// Blocking work away from Swift's shared threads.

import Foundation

/// Runs `work` on a thread of its own: loading and measuring block for seconds, and the shared threads
/// are as few as the processors.
package func onOwnThread<Value: Sendable>(
    named name: String, _ work: @escaping @Sendable () throws(MartletError) -> Value
) async throws(MartletError) -> Value {
    let result: Result<Value, MartletError> = await withCheckedContinuation { continuation in
        let thread = Thread {
            Thread.current.name = name
            do throws(MartletError) {
                continuation.resume(returning: .success(try work()))
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        thread.stackSize = 8 << 20
        thread.start()
    }
    return try result.get()
}
