/// How long the compilation of a constraint may take, and how its loops keep to that.

/// The bounds of one compilation.
public struct CompileLimit: Sendable {
    /// The most time.
    public var time: Duration
    /// Whether nobody wants the result any more.
    public var isAbandoned: @Sendable () -> Bool

    /// Describes bounds.
    public init(time: Duration, isAbandoned: @escaping @Sendable () -> Bool = { false }) {
        self.time = time
        self.isAbandoned = isAbandoned
    }
}

/// Counts work, and looks at the clock now and then.
struct CompileWatch {
    private let limit: CompileLimit
    private let deadline: ContinuousClock.Instant
    private var ticks = 0
    /// Pieces of work between two looks: some hundred microseconds.
    private static let interval = 1024

    init(_ limit: CompileLimit) {
        self.limit = limit
        deadline = .now + limit.time
    }

    /// Counts a piece of work. Returns why there may be no more; nil where there may.
    mutating func tick() -> ConstraintError? {
        ticks += 1
        guard ticks >= Self.interval else { return nil }
        ticks = 0
        return look()
    }

    /// Why there may be no more work; nil where there may.
    func look() -> ConstraintError? {
        if limit.isAbandoned() {
            return ConstraintError(place: "compilation", problem: "nobody waits for it any more")
        }
        guard ContinuousClock.now > deadline else { return nil }
        return ConstraintError(
            place: "compilation",
            problem: "it is not done after \(limit.time); simplify the constraint")
    }
}
