/// A parameter's value: one number, or two between which a sample draws its own.

/// `6`, or `4..8` with both ends included.
struct TaskRange: Sendable, Hashable, CustomStringConvertible {
    let lower: Int
    let upper: Int

    init(_ lower: Int, _ upper: Int) {
        self.lower = lower
        self.upper = upper
    }

    init(_ value: Int) { self.init(value, value) }

    var isSingle: Bool { lower == upper }
    var description: String { isSingle ? "\(lower)" : "\(lower)..\(upper)" }
}
