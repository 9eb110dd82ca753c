// A computation with its derivatives, built once for fixed shapes and run many times.
// This file knows values and operations; it refuses to know models, losses by name, files and time.

import MartletKernels

/// Builds a computation operation by operation, in the order in which forward runs them.
///
/// A graph is plain data; ``GraphRun`` plans its memory and runs it. Values are matrices of rows (tokens)
/// and columns (channels).
public final class Graph {
    enum Source {
        case computed
        case given
        case parameter(Parameter)
    }

    struct Entry {
        let rows: Int
        let columns: Int
        let source: Source
        /// Whether a gradient can reach a trained parameter through it.
        let isDifferentiable: Bool
        let name: String
    }

    private(set) var entries: [Entry] = []
    package private(set) var operations: [any Operation] = []
    /// Parts of the operations that may run again before their derivatives.
    private(set) var segments: [Range<Int>] = []
    private(set) var integerCounts: [Int] = []
    /// Scalars whose weighted sum is the loss.
    private(set) var losses: [(value: Value, weight: Float)] = []
    /// Values that a caller reads after a run.
    private(set) var results: [Value] = []
    private(set) var parameters: [Parameter] = []
    private var parameterValues: [ObjectIdentifier: Value] = [:]

    /// An empty graph.
    public init() {}

    /// A matrix that the caller fills before each forward.
    public func given(rows: Int, columns: Int, name: String) -> Value {
        add(
            Entry(rows: rows, columns: columns, source: .given, isDifferentiable: false, name: name)
        )
    }

    /// Integers that the caller fills before each forward.
    public func integers(count: Int) -> Integers {
        integerCounts.append(count)
        return Integers(id: integerCounts.count - 1)
    }

    /// The value of a parameter; each call for one parameter returns the same value.
    public func parameter(_ parameter: Parameter) -> Value {
        let key = ObjectIdentifier(parameter)
        if let value = parameterValues[key] { return value }
        let value = add(
            Entry(
                rows: parameter.rows, columns: parameter.columns, source: .parameter(parameter),
                isDifferentiable: parameter.isTrainable, name: parameter.name))
        parameterValues[key] = value
        parameters.append(parameter)
        return value
    }

    /// Rows and columns of a value.
    public func shape(_ value: Value) -> (rows: Int, columns: Int) {
        (entries[value.id].rows, entries[value.id].columns)
    }

    /// Adds a scalar, times a weight, to the loss.
    public func addLoss(_ value: Value, weight: Float = 1) {
        precondition(shape(value) == (1, 1), "addLoss: got \(shape(value)), expected a scalar")
        losses.append((value, weight))
    }

    /// Holds a value's memory to the end of a run, so that the caller can read it.
    public func keep(_ value: Value) { results.append(value) }

    /// A value that the next operation writes.
    package func computed(rows: Int, columns: Int, from inputs: [Value], name: String) -> Value {
        add(
            Entry(
                rows: rows, columns: columns, source: .computed,
                isDifferentiable: inputs.contains { entries[$0.id].isDifferentiable }, name: name))
    }

    package func append(_ operation: any Operation) { operations.append(operation) }

    /// What `build` appends may run a second time before its derivatives, where that saves memory. Parts do not contain
    /// each other.
    package func segment<Result>(_ build: () -> Result) -> Result {
        let first = operations.count
        let result = build()
        if operations.count > first { segments.append(first..<operations.count) }
        return result
    }

    private func add(_ entry: Entry) -> Value {
        precondition(
            entry.rows > 0 && entry.columns > 0,
            "Graph: got \(entry.rows) x \(entry.columns) for \(entry.name), expected positive lengths"
        )
        entries.append(entry)
        return Value(id: entries.count - 1)
    }
}
