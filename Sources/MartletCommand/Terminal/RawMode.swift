/// The terminal, key by key; and back to lines on every way out.

import Foundation
import Synchronization

/// A terminal that hands over each key as it is pressed, and says where a paste begins and ends.
///
/// The terminal is as it was after `leave()`, after every exit of the command, and when a signal ends or stops the process.
enum RawMode {
    /// What a signal, or another thread, asks of whoever reads keys.
    enum Notice: UInt8 {
        case stop = 1, goesOn, resized, woken
    }

    private static let isOn = Mutex(false)
    // Written before the handlers below are installed, and only read while they are: a handler can neither allocate nor wait.
    /// How the terminal was.
    private nonisolated(unsafe) static let before = UnsafeMutablePointer<termios>.allocate(
        capacity: 1)
    /// What signals did before, by their numbers.
    private nonisolated(unsafe) static let actions = UnsafeMutablePointer<sigaction>.allocate(
        capacity: 65)
    /// A pipe: handlers write notices, ``wait()`` reads them.
    private nonisolated(unsafe) static let notices = UnsafeMutablePointer<Int32>.allocate(
        capacity: 2)
    private static let hasPipe: Bool = {
        guard pipe(notices) == 0 else { return false }
        for end in 0..<2 {
            _ = fcntl(notices[end], F_SETFD, FD_CLOEXEC)
            _ = fcntl(notices[end], F_SETFL, O_NONBLOCK)
        }
        return true
    }()
    /// Signals that end the process without passing ``ExitStatus/exit()``. Ctrl-C and SIGTERM pass it.
    // Not SIGBUS, which a file that is cut short raises: mapped files survive it.
    private static let deadly = [SIGHUP, SIGQUIT, SIGABRT, SIGILL, SIGTRAP, SIGSEGV, SIGFPE]
    private static let told = [SIGTSTP, SIGCONT, SIGWINCH]
    private static let pasteOn: StaticString = "\u{1B}[?2004h"
    private static let pasteOff: StaticString = "\u{1B}[?2004l"

    /// Begins; false where the terminal does not allow it.
    static func enter() -> Bool {
        isOn.withLock { isOn in
            guard !isOn else { return true }
            guard hasPipe, tcgetattr(STDIN_FILENO, before) == 0 else { return false }
            guard begin() else { return false }
            isOn = true
            for number in deadly { listen(number, die) }
            for number in told { listen(number, tell) }
            return true
        }
    }

    /// Begins again, after something else has had the terminal.
    static func renew() { isOn.withLock { if $0 { _ = begin() } } }

    /// Ends, where it was begun.
    static func leave() {
        isOn.withLock { isOn in
            guard isOn else { return }
            isOn = false
            restore()
            for number in deadly + told { sigaction(number, actions + Int(number), nil) }
        }
    }

    /// Stops the process, with the terminal as it was, as Ctrl-Z does; goes on in the same way.
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
        _ = enter()
    }

    /// Ends a ``wait()`` of another thread, or else the next one.
    static func wake() {
        var byte = Notice.woken.rawValue
        if hasPipe { _ = write(notices[1], &byte, 1) }
    }

    /// Waits until there are keys to read, or something to hear; nil for keys.
    static func wait() -> Notice? {
        while true {
            var requests = [
                pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
                pollfd(fd: notices[0], events: Int16(POLLIN), revents: 0),
            ]
            if poll(&requests, 2, -1) < 0 {
                guard errno == EINTR else { return nil }
                continue
            }
            var number: UInt8 = 0
            if requests[1].revents != 0, read(notices[0], &number, 1) == 1,
                let notice = Notice(rawValue: number)
            {
                return notice
            }
            if requests[0].revents != 0 { return nil }
        }
    }

    /// Whether keys come within a time.
    static func hasInput(milliseconds: Int32) -> Bool {
        var request = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, milliseconds) != 0
    }

    private static func begin() -> Bool {
        var raw = before.pointee
        cfmakeraw(&raw)
        // Output is as ever: a line feed begins a line.
        raw.c_oflag |= tcflag_t(OPOST)
        guard tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0 else { return false }
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

    private static let die: @convention(c) (Int32) -> Void = { number in
        restore()
        sigaction(number, actions + Int(number), nil)
        raise(number)
    }

    private static let tell: @convention(c) (Int32) -> Void = { number in
        let error = errno
        let notice: Notice =
            number == SIGTSTP ? .stop : number == SIGCONT ? .goesOn : .resized
        var byte = notice.rawValue
        _ = write(notices[1], &byte, 1)
        errno = error
    }

    private static func restore() {
        _ = write(STDOUT_FILENO, pasteOff.utf8Start, pasteOff.utf8CodeUnitCount)
        tcsetattr(STDIN_FILENO, TCSANOW, before)
    }
}
