/// Why a constraint was refused, or cannot go on.

/// Why a constraint was refused: where in it, and one sentence with what was found and what to do.
public struct ConstraintError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The place: a JSON pointer in a schema, an offset in an expression, a rule of a grammar.
    public let place: String
    /// What was found and what to do.
    public let problem: String

    /// Describes an error.
    public init(place: String, problem: String) {
        self.place = place
        self.problem = problem
    }

    /// The place and the problem, in one sentence.
    public var description: String { "constraint at \(place): \(problem)" }
}
