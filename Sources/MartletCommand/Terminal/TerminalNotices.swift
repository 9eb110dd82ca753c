/// What signals and other threads tell whoever waits for keys.

import Foundation

/// Notices for the thread that reads standard input. One that nobody waits for is heard by the next who does.
enum TerminalNotices {
    /// What is asked of whoever reads.
    enum Notice: UInt8 {
        case stop = 1, goesOn, resized, woken
        /// Ctrl-C that came as a signal.
        case interrupted
    }

    // Written once, before the first notice can be posted: a handler of a signal can neither allocate nor wait.
    /// A pipe: notices are written to one end and waited for at the other.
    private nonisolated(unsafe) static let ends: UnsafeMutablePointer<Int32> = {
        let ends = UnsafeMutablePointer<Int32>.allocate(capacity: 2)
        ends.initialize(repeating: -1, count: 2)
        return ends
    }()

    /// Whether notices can be posted.
    static let isPossible: Bool = {
        guard pipe(ends) == 0 else { return false }
        for end in 0..<2 {
            _ = fcntl(ends[end], F_SETFD, FD_CLOEXEC)
            _ = fcntl(ends[end], F_SETFL, O_NONBLOCK)
        }
        return true
    }()

    /// Ends a ``wait()`` of another thread, or else the next one. A handler of a signal may post.
    static func post(_ notice: Notice) {
        guard isPossible else { return }
        var byte = notice.rawValue
        _ = write(ends[1], &byte, 1)
    }

    /// Waits until standard input can be read, or there is something to hear; nil for the former.
    static func wait() -> Notice? {
        let notices = isPossible ? ends[0] : -1
        while true {
            var requests = [
                pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
                pollfd(fd: notices, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&requests, 2, -1) < 0 {
                guard errno == EINTR else { return nil }
                continue
            }
            var number: UInt8 = 0
            if requests[1].revents != 0, read(notices, &number, 1) == 1,
                let notice = Notice(rawValue: number)
            {
                return notice
            }
            if requests[0].revents != 0 { return nil }
        }
    }
}
