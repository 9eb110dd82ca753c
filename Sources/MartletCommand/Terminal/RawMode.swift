/// The terminal, key by key; and back to lines on every way out.

import Foundation
import Synchronization

/// A terminal that hands over each key as it is pressed, and says where a paste begins and ends.
///
/// The terminal is as it was after `leave()`, after every exit of the command, and when a signal ends or stops the process.
/// In the background the terminal is another program's: its modes are left alone there.
enum RawMode {
    private struct State {
        var isOn = false
        /// Whether the process ends: no thread takes the terminal again.
        var isOver = false
    }

    private static let state = Mutex(State())
    // Written before the handlers below are installed, and only read while they are: a handler can neither allocate nor wait.
    /// How the terminal was.
    private nonisolated(unsafe) static let before = UnsafeMutablePointer<termios>.allocate(
        capacity: 1)
    /// What signals did before, by their numbers.
    private nonisolated(unsafe) static let actions = UnsafeMutablePointer<sigaction>.allocate(
        capacity: 65)
    /// Signals that end the process without passing ``ExitStatus/exit()``. Ctrl-C and SIGTERM pass it.
    // Not SIGBUS, which a file that is cut short raises: mapped files survive it.
    private static let deadly = [SIGHUP, SIGQUIT, SIGABRT, SIGILL, SIGTRAP, SIGSEGV, SIGFPE]
    private static let told = [SIGTSTP, SIGCONT, SIGWINCH]
    private static let pasteOn: StaticString = "\u{1B}[?2004h"
    private static let pasteOff: StaticString = "\u{1B}[?2004l"

    /// Begins; false where the terminal does not allow it, and in the background.
    static func enter() -> Bool {
        state.withLock { state in
            guard !state.isOn else { return true }
            guard !state.isOver, TerminalNotices.isPossible, isInForeground,
                tcgetattr(STDIN_FILENO, before) == 0
            else { return false }
            // Before the terminal changes: there is no moment in which a signal would leave it so.
            for number in deadly { listen(number, die) }
            for number in told { listen(number, tell) }
            state.isOn = begin()
            if !state.isOn { stopListening() }
            return state.isOn
        }
    }

    /// Begins again, after something else has had the terminal.
    static func renew() {
        state.withLock { if $0.isOn, isInForeground { _ = begin() } }
    }

    /// Ends, where it was begun. With `forGood` the process is about to end: nothing begins again.
    static func leave(forGood: Bool = false) {
        state.withLock { state in
            if forGood {
                state.isOver = true
                // A terminal that is given back from the background must not stop a process that ends.
                signal(SIGTTOU, SIG_IGN)
            }
            guard state.isOn else { return }
            state.isOn = false
            restore()
            stopListening()
        }
    }

    /// Stops the process, with the terminal as it was, as Ctrl-Z does; goes on in the same way when it is in the foreground
    /// again.
    static func suspend() {
        leave()
        // Threads of Dispatch hold signals back: this one must not, or it would go on.
        var wanted = sigset_t()
        var before = sigset_t()
        sigemptyset(&wanted)
        sigaddset(&wanted, SIGTSTP)
        pthread_sigmask(SIG_UNBLOCK, &wanted, &before)
        raise(SIGTSTP)
        pthread_sigmask(SIG_SETMASK, &before, nil)
        while !isInForeground { usleep(50_000) }
        _ = enter()
    }

    /// Whether keys come within a time.
    static func hasInput(milliseconds: Int32) -> Bool {
        var request = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, milliseconds) != 0
    }

    /// Whether the terminal is this process's; a handler may ask too. A terminal that has gone says nothing.
    private static var isInForeground: Bool {
        let group = tcgetpgrp(STDIN_FILENO)
        return group == getpgrp() || group < 0
    }

    private static func begin() -> Bool {
        var raw = before.pointee
        cfmakeraw(&raw)
        // Output is as ever: a line feed begins a line.
        raw.c_oflag |= tcflag_t(OPOST)
        // At once: output that the terminal holds back must not hold back a thread that ends the process.
        guard tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0 else { return false }
        _ = write(STDOUT_FILENO, pasteOn.utf8Start, pasteOn.utf8CodeUnitCount)
        return true
    }

    /// A signal that is ignored, as `nohup` has it, stays so.
    private static func listen(_ number: Int32, _ handler: @escaping @convention(c) (Int32) -> Void)
    {
        sigaction(number, nil, actions + Int(number))
        let old = signal(number, handler)
        if unsafeBitCast(old, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
            sigaction(number, actions + Int(number), nil)
        }
    }

    private static func stopListening() {
        for number in deadly + told { sigaction(number, actions + Int(number), nil) }
    }

    private static let die: @convention(c) (Int32) -> Void = { number in
        restore()
        sigaction(number, actions + Int(number), nil)
        raise(number)
    }

    private static let tell: @convention(c) (Int32) -> Void = { number in
        let error = errno
        TerminalNotices.post(
            number == SIGTSTP ? .stop : number == SIGCONT ? .goesOn : .resized)
        errno = error
    }

    private static func restore() {
        guard isInForeground else { return }
        _ = write(STDOUT_FILENO, pasteOff.utf8Start, pasteOff.utf8CodeUnitCount)
        tcsetattr(STDIN_FILENO, TCSANOW, before)
    }
}
