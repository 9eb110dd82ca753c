/// Ctrl-C in a conversation.

import Synchronization

/// What Ctrl-C and SIGINT do while a conversation lasts: they stop what is being done, and give up the line that is being
/// typed. They never end the program where somebody types; elsewhere nobody could go on after them.
final class ChatInterrupts: Sendable {
    private enum State {
        /// A message is waited for.
        case reading
        /// A line is obeyed. What is stopped before it has begun is stopped when it begins.
        case working(isStopped: Bool, stop: (@Sendable () -> Void)?)
    }

    private let state = Mutex(State.working(isStopped: false, stop: nil))
    /// Gives up the line that is being typed.
    private let giveUp: @Sendable () -> Void

    init(giveUp: @escaping @Sendable () -> Void) { self.giveUp = giveUp }

    /// A conversation's: hears every Ctrl-C from now on, until the process ends.
    static func listening(isInteractive: Bool) -> ChatInterrupts {
        if isInteractive {
            let interrupts = ChatInterrupts { TerminalNotices.post(.interrupted) }
            Interruption.onInterrupt {
                interrupts.hear()
                return true
            }
            return interrupts
        }
        let interrupts = ChatInterrupts { Interruption.exitIfReceived() }
        Interruption.onSignal { interrupts.hear() }
        return interrupts
    }

    /// Ctrl-C was pressed.
    func hear() {
        let act: (@Sendable () -> Void)? = state.withLock { state in
            guard case .working(_, let stop) = state else { return giveUp }
            state = .working(isStopped: true, stop: stop)
            return stop
        }
        act?()
    }

    /// Waits for a message by `read`, which is given up at Ctrl-C; what follows is done for the message.
    func reading<Value, Failure: Error>(
        _ read: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        state.withLock { $0 = .reading }
        defer { state.withLock { $0 = .working(isStopped: false, stop: nil) } }
        return try await read()
    }

    /// Waits for `work`, which `stop` ends early at Ctrl-C: at once if that was pressed since the message.
    func working<Value>(
        stoppedBy stop: @escaping @Sendable () -> Void, _ work: () async -> Value
    ) async -> Value {
        if set(stop) { stop() }
        defer { _ = set(nil) }
        return await work()
    }

    /// Whether Ctrl-C was pressed since the message.
    private func set(_ stop: (@Sendable () -> Void)?) -> Bool {
        state.withLock { state in
            guard case .working(let isStopped, _) = state else { return false }
            state = .working(isStopped: isStopped, stop: stop)
            return isStopped
        }
    }
}
