/// Ctrl-C and SIGTERM, and the silence of SIGPIPE.

import Dispatch
import Foundation
import Synchronization

/// Turns the first signal into a cancellation where something can be cancelled, and into an exit
/// everywhere else; the second signal always exits.
enum Interruption {
    private struct State: Sendable {
        var signal: Int32?
        var cancel: (@Sendable () -> Void)?
        /// Hears Ctrl-C first, and says whether that was all.
        var hear: (@Sendable () -> Bool)?
    }

    private static let state = Mutex(State())
    /// Never changes; only `resume` is called on it, which Dispatch allows from any thread.
    private nonisolated(unsafe) static let sources: [any DispatchSourceSignal] = [SIGINT, SIGTERM]
        .map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { receive(number) }
            return source
        }

    /// Starts listening. A write to a closed pipe then fails instead of ending the process.
    static func install() {
        signal(SIGPIPE, SIG_IGN)
        for source in sources { source.resume() }
    }

    /// Runs `cancel` at a signal instead of exiting, at once if one has come already.
    static func onSignal(_ cancel: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            state.cancel = cancel
            return state.signal != nil
        }
        if isLate { cancel() }
    }

    /// Lets a conversation hear every Ctrl-C: where `hear` says that it has dealt with it, nothing else happens.
    static func onInterrupt(_ hear: (@Sendable () -> Bool)?) {
        state.withLock { $0.hear = hear }
    }

    /// Does what Ctrl-C does where the terminal hands it over as a key.
    static func interrupt() { receive(SIGINT) }

    /// Exits with the signal's status if one has come.
    static func exitIfReceived() {
        if let number = state.withLock({ $0.signal }) { status(number).exit() }
    }

    private static func receive(_ number: Int32) {
        if number == SIGINT, let hear = state.withLock({ $0.hear }), hear() { return }
        let cancel: (@Sendable () -> Void)? = state.withLock { state in
            guard state.signal == nil else { return nil }
            state.signal = number
            return state.cancel
        }
        guard let cancel else { status(number).exit() }
        cancel()
    }

    private static func status(_ number: Int32) -> ExitStatus {
        number == SIGTERM ? .terminated : .interrupted
    }
}
