/// Every task by name, and text to tasks; knows names, not what tasks ask.

/// The tasks that can be written as text.
public enum TaskRegistry {
    /// All tasks and named mixtures. `mixture` is not a row: it takes tasks, not parameters.
    public static let all: [TaskEntry] = reasoning + recall + longContext + mixtures

    private static let mixtureName = "mixture"
    private static let mostComponents = 64

    /// The task that a text describes: `addition`, `chain(steps=4..8, modulus=97)`, `reasoning`, or
    /// `mixture(addition, sorting(count=6))`. Parameters that are not given have their defaults;
    /// a range `a..b` means that every sample draws its own value, all equally likely.
    ///
    /// Throws ``TaskError`` for text outside the grammar, unknown names and parameters, and values
    /// outside their limits. Limits keep every task's problems numerous enough to hold some out.
    public static func task(_ text: String) throws(TaskError) -> any EvaluationTask {
        try task(TaskExpression(text))
    }

    private static func task(_ expression: TaskExpression) throws(TaskError) -> any EvaluationTask {
        if expression.name == mixtureName { return try mixture(expression) }
        guard let entry = all.first(where: { $0.name == expression.name }) else {
            throw .unknownTask(name: expression.name, available: all.map(\.name) + [mixtureName])
        }
        return try entry.make(entry.bind(expression))
    }

    private static func mixture(_ expression: TaskExpression) throws(TaskError) -> TaskMixture {
        if let argument = expression.arguments.first {
            throw .badMixture(
                got: "the parameter \(TaskError.clipped(argument.name))", expected: "tasks only")
        }
        let count = expression.components.count
        guard (1...mostComponents).contains(count) else {
            throw .badMixture(got: "\(count) tasks", expected: "1 to \(mostComponents)")
        }
        var components: [any EvaluationTask] = []
        for component in expression.components { components.append(try task(component)) }
        let names = components.map(\.name).joined(separator: ",")
        return TaskMixture(name: "\(mixtureName)(\(names))", components: components)
    }

    // MARK: Named mixtures

    private static let mixtures = [
        blend(
            "reasoning", "a blend of all reasoning tasks for models of a few million parameters",
            [
                "addition(digits=6..8)", "multiplication(digits=3..4,by=2)",
                "chain(steps=12..18)", "countdown(numbers=3,thought=400)",
                "countdown(numbers=3..4,thought=500)", "variables(count=16..28,hops=4..7)",
                "sorting(count=10..14)", "permutation(size=5,count=4..7)",
            ]),
        blend(
            "memory", "a blend of all recall tasks in prompts of a few hundred characters",
            [
                "recall(pairs=4..16,queries=1..4,filler=0..3)",
                "passkey(length=100..400,keys=1..4)",
                "copy(length=12..40)",
            ]),
    ]

    private static func blend(_ name: String, _ summary: String, _ texts: [String]) -> TaskEntry {
        TaskEntry(name, "\(summary): \(texts.joined(separator: ", "))") {
            values throws(TaskError) in
            var components: [any EvaluationTask] = []
            for text in texts { components.append(try task(TaskExpression(text))) }
            return TaskMixture(name: values.canonical, components: components)
        }
    }
}
