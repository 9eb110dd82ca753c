/// When this process began; the program's first line runs some time after that.

import Foundation

enum ProcessStart {
    /// The start of the process where the system tells it, otherwise the first use of this value.
    static let instant: ContinuousClock.Instant = {
        let now = ContinuousClock.now
        guard let age, age >= 0, age < 10 else { return now }
        return now - .seconds(age)
    }()

    /// Seconds since the process began, to a hundredth: the kernel counts the start in ticks since it booted.
    private static var age: Double? {
        #if os(Linux)
            guard let stat = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
                // The name of the program stands in brackets and may have blanks in it.
                let name = stat.lastIndex(of: ")")
            else { return nil }
            let fields = stat[stat.index(after: name)...].split(separator: " ")
            var uptime = timespec()
            guard fields.count > 19, let ticks = Double(fields[19]),
                clock_gettime(CLOCK_BOOTTIME, &uptime) == 0
            else { return nil }
            let now = Double(uptime.tv_sec) + Double(uptime.tv_nsec) * 1e-9
            return now - ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
        #else
            return nil
        #endif
    }
}
