/// The time that templates print, from a clock that tests can set.

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A date and a time of day at some place.
public struct LocalTime: Sendable, Hashable {
    /// The year.
    public var year: Int
    /// The month, from 1.
    public var month: Int
    /// The day of the month, from 1.
    public var day: Int
    /// The hour, from 0 to 23.
    public var hour: Int
    /// The minute.
    public var minute: Int
    /// The second.
    public var second: Int

    /// A date, and a time of day.
    public init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        self.year = year
        self.month = min(max(month, 1), 12)
        self.day = min(max(day, 1), 31)
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// Now, where this machine is.
    public static var now: LocalTime {
        var seconds = time(nil)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return LocalTime(
            year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
            hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: Int(parts.tm_sec))
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]
    private static let days = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]

    /// The day of the year, from 1.
    private var dayOfYear: Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month - 1]
        return before + day + (isLeap && month > 2 ? 1 : 0)
    }

    /// The day of the week, Sunday 0.
    private var weekday: Int {
        let last = year - 1
        return (last + last / 4 - last / 100 + last / 400 + dayOfYear) % 7
    }

    /// As `strftime` writes it in English.
    func formatted(_ format: String) -> String {
        var result = ""
        var signs = format.makeIterator()
        while let sign = signs.next() {
            guard sign == "%" else {
                result.append(sign)
                continue
            }
            guard var kind = signs.next() else { return result + "%" }
            let isUnpadded = kind == "-"
            if isUnpadded {
                guard let next = signs.next() else { return result + "%-" }
                kind = next
            }
            result += part(kind, isUnpadded) ?? "%" + (isUnpadded ? "-" : "") + String(kind)
        }
        return result
    }

    private func part(_ kind: Character, _ isUnpadded: Bool) -> String? {
        func digits(_ value: Int, _ width: Int = 2) -> String {
            let text = "\(value)"
            guard !isUnpadded else { return text }
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let half = hour % 12 == 0 ? 12 : hour % 12
        switch kind {
        case "Y": return digits(year, 4)
        case "y": return digits(year % 100)
        case "m": return digits(month)
        case "d": return digits(day)
        case "e": return isUnpadded || day > 9 ? "\(day)" : " \(day)"
        case "B": return Self.months[month - 1]
        case "b", "h": return String(Self.months[month - 1].prefix(3))
        case "A": return Self.days[weekday]
        case "a": return String(Self.days[weekday].prefix(3))
        case "w": return "\(weekday)"
        case "u": return "\(weekday == 0 ? 7 : weekday)"
        case "j": return digits(dayOfYear, 3)
        case "H": return digits(hour)
        case "I": return digits(half)
        case "M": return digits(minute)
        case "S": return digits(second)
        case "p": return hour < 12 ? "AM" : "PM"
        case "F": return part("Y", false).map { "\($0)-\(digits(month))-\(digits(day))" }
        case "T": return "\(digits(hour)):\(digits(minute)):\(digits(second))"
        case "D": return "\(digits(month))/\(digits(day))/\(digits(year % 100))"
        case "n": return "\n"
        case "t": return "\t"
        case "%": return "%"
        default: return nil
        }
    }
}

/// Where a template takes the time from.
public struct TemplateClock: Sendable {
    let now: @Sendable () -> LocalTime

    /// A clock that a function tells.
    public init(_ now: @escaping @Sendable () -> LocalTime) { self.now = now }

    /// The machine's clock.
    public static let system = TemplateClock { .now }

    /// A clock that stands.
    public static func fixed(_ time: LocalTime) -> TemplateClock { TemplateClock { time } }
}
