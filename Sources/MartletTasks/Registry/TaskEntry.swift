/// One row of the registry: what a task is called and takes; knows how to bind, not how to parse.

/// A task that can be written by name.
public struct TaskEntry: Sendable {
    /// The name in a task's text.
    public let name: String
    /// What it asks, in a clause.
    public let summary: String
    /// Its parameters, in canonical order.
    public let parameters: [TaskParameter]

    let make: @Sendable (TaskValues) throws(TaskError) -> any EvaluationTask

    init(
        _ name: String, _ summary: String, parameters: [TaskParameter] = [],
        make: @escaping @Sendable (TaskValues) throws(TaskError) -> any EvaluationTask
    ) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
        self.make = make
    }

    /// The values of all parameters, defaults filled in. Throws
    /// ``TaskError/badParameter(task:parameter:got:expected:)``.
    func bind(_ expression: TaskExpression) throws(TaskError) -> TaskValues {
        let names = parameters.map(\.name)
        let expected = names.isEmpty ? "no parameters" : "one of \(names.joined(separator: ", "))"
        if let component = expression.components.first {
            throw .badParameter(
                task: name, parameter: component.name, got: "a task",
                expected: names.isEmpty ? expected : "parameter=value with \(expected)")
        }
        for argument in expression.arguments where !names.contains(argument.name) {
            throw .badParameter(
                task: name, parameter: argument.name, got: "an unknown parameter",
                expected: expected)
        }
        var given: [String: TaskRange] = [:]
        for argument in expression.arguments { given[argument.name] = argument.value }
        var replaced: Set<String> = []
        for parameter in parameters {
            guard let value = given[parameter.name] else { continue }
            try parameter.check(value, task: name)
            guard let other = parameter.replaces else { continue }
            guard given[other] == nil else {
                throw .badParameter(
                    task: name, parameter: other, got: "\(other) and \(parameter.name)",
                    expected: "one of the two")
            }
            replaced.insert(other)
        }
        var values: [(name: String, value: TaskRange)] = []
        for parameter in parameters where !replaced.contains(parameter.name) {
            guard let value = given[parameter.name] ?? parameter.defaultValue else { continue }
            values.append((parameter.name, value))
        }
        return TaskValues(task: name, values: values)
    }
}

/// The bound values of one task's parameters.
struct TaskValues {
    let task: String
    let values: [(name: String, value: TaskRange)]

    /// The value of a parameter that is on.
    subscript(name: String) -> TaskRange {
        guard let value = optional(name) else {
            preconditionFailure("\(task) reads \(name), which it does not declare or was replaced")
        }
        return value
    }

    func optional(_ name: String) -> TaskRange? { values.first { $0.name == name }?.value }

    /// `chain(steps=6,modulus=97)`.
    var canonical: String {
        let list = values.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
        return list.isEmpty ? task : "\(task)(\(list))"
    }

    func failure(_ parameter: String, expected: String) -> TaskError {
        .badParameter(
            task: task, parameter: parameter, got: optional(parameter)?.description ?? "nothing",
            expected: expected)
    }
}
