/// A request of URLSession and whoever waits for its answer.

import Foundation
import MartletHub
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// One request. URLSession calls it from one queue, in order.
final class Exchange: Sendable {
    typealias End = @Sendable (Result<HTTPHead, HTTPFailure>) -> Void

    private struct State {
        var head: HTTPHead?
        /// Why no more is wanted.
        var refusal: HTTPFailure?
        var end: End?
        var lastSign = ContinuousClock.now
    }

    let task: URLSessionDataTask
    private let receiver: any HTTPReceiver
    private let timeout: Double
    private let state = Mutex(State())
    /// Held while the task is resumed or cancelled and while a redirect is answered. What is cancelled before it was
    /// resumed may have no end, and an answer for a task that is cancelled already ends the process on Linux.
    private let turn = Mutex(())

    init(_ task: URLSessionDataTask, _ receiver: any HTTPReceiver, timeout: Double) {
        self.task = task
        self.receiver = receiver
        self.timeout = timeout
    }

    /// Sends the request, unless it was given up already; `end` is called once.
    func begin(_ end: @escaping End) {
        let refusal = turn.withLock { _ in
            let refusal = state.withLock { state in
                if state.refusal == nil { state.end = end }
                state.lastSign = .now
                return state.refusal
            }
            if refusal == nil { task.resume() }
            return refusal
        }
        if let refusal { end(.failure(refusal)) }
    }

    /// Gives the request up. Its end comes through URLSession.
    func cancel(_ reason: HTTPFailure = .cancelled) {
        state.withLock { state in
            if state.refusal == nil { state.refusal = reason }
        }
        turn.withLock { _ in task.cancel() }
    }

    /// Says that a redirect is the answer, and not to be followed.
    func keepRedirect(_ answer: (URLRequest?) -> Void) {
        touch()
        turn.withLock { _ in
            if task.state == .running { answer(nil) }
        }
    }

    /// Something has arrived.
    func touch() { state.withLock { $0.lastSign = .now } }

    /// Seconds that may still pass without a sign; nil when the request has ended.
    func restOfPatience() -> Double? {
        let (rest, isOver, isOpen) = state.withLock { state in
            (
                timeout - (ContinuousClock.now - state.lastSign) / .seconds(1),
                state.refusal != nil, state.end != nil
            )
        }
        guard isOpen else { return nil }
        guard rest <= 0 else { return rest }
        guard isOver else {
            cancel(.stalled(timeout))
            touch()
            return timeout
        }
        // It was cancelled that long ago, and URLSession does not say so.
        complete(nil)
        return nil
    }

    /// Hands on what has arrived.
    func take(_ part: (any HTTPReceiver) throws -> Void) {
        touch()
        guard state.withLock({ $0.refusal == nil }) else { return }
        do { try part(receiver) } catch { cancel(.refused(error)) }
    }

    /// Hands on a status and headers.
    func take(_ head: HTTPHead) {
        // What comes before an answer ("continue", "early hints") is none.
        guard head.status >= 200 else { return touch() }
        state.withLock { $0.head = head }
        take { try $0.begin(head) }
    }

    /// Whether the answer has begun.
    var hasHead: Bool { state.withLock { $0.head != nil } }

    /// Ends the wait.
    func complete(_ error: (any Error)?) {
        let (end, head, refusal) = state.withLock { state in
            defer { state.end = nil }
            return (state.end, state.head, state.refusal)
        }
        if let refusal {
            end?(.failure(refusal))
        } else if let error {
            end?(.failure(failure(error as NSError, hasHead: head != nil)))
        } else if let head {
            end?(.success(head))
        } else {
            end?(.failure(.invalid("an answer without a status")))
        }
    }

    private func failure(_ error: NSError, hasHead: Bool) -> HTTPFailure {
        let reason = error.localizedDescription
        switch error.code {
        case NSURLErrorCancelled: return .cancelled
        case NSURLErrorTimedOut: return .stalled(timeout)
        case NSURLErrorUnsupportedURL, NSURLErrorBadURL: return .invalid(reason)
        default: return hasHead ? .cut(reason) : .connection(reason)
        }
    }
}

/// The requests that are under way, by the numbers of their tasks.
final class Exchanges: NSObject, URLSessionDataDelegate, Sendable {
    private let open = Mutex<[Int: Exchange]>([:])
    /// Where URLSession calls: one call after the other.
    let queue: OperationQueue

    override init() {
        queue = OperationQueue()
        queue.maxConcurrentOperationCount = 1
    }

    func add(_ exchange: Exchange) {
        open.withLock { $0[exchange.task.taskIdentifier] = exchange }
    }

    func remove(_ exchange: Exchange) {
        open.withLock { _ = $0.removeValue(forKey: exchange.task.taskIdentifier) }
    }

    private func exchange(_ task: URLSessionTask) -> Exchange? {
        open.withLock { $0[task.taskIdentifier] }
    }

    private func head(_ response: URLResponse?) -> HTTPHead? {
        guard let response = response as? HTTPURLResponse else { return nil }
        return HTTPHead(
            status: response.statusCode,
            headers: response.allHeaderFields.map { (name: "\($0.key)", value: "\($0.value)") })
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        exchange(task)?.keepRedirect(completionHandler)
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask,
        didReceive challenge: URLAuthenticationChallenge,
        completionHandler:
            @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
    ) {
        // Certificates are checked as usual; nothing else is answered.
        completionHandler(.performDefaultHandling, nil)
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        if let head = head(response) { exchange(dataTask)?.take(head) }
        completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        data.withUnsafeBytes { bytes in
            exchange(dataTask)?.take { try $0.receive(bytes) }
        }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
    ) {
        let found = open.withLock { $0.removeValue(forKey: task.taskIdentifier) }
        // A redirect that leads nowhere comes without a response of its own.
        if let found, !found.hasHead, let head = head(task.response) { found.take(head) }
        found?.complete(error)
    }
}
