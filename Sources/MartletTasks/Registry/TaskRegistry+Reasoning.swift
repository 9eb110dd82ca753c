/// The rows of tasks that are worked out step by step, with their limits.

extension TaskRegistry {
    static let reasoning: [TaskEntry] = [
        TaskEntry(
            "addition", "sums, worked out column by column with carries",
            parameters: [
                TaskParameter(
                    "digits", "digits of every term", default: TaskRange(2, 6), limits: 2...15),
                TaskParameter("terms", "numbers to add", default: TaskRange(2), limits: 2...8),
            ]
        ) { values throws(TaskError) in
            AdditionTask(name: values.canonical, digits: values["digits"], terms: values["terms"])
        },
        TaskEntry(
            "multiplication", "products of two numbers by partial products and their sums",
            parameters: [
                TaskParameter(
                    "digits", "digits of the first number", default: TaskRange(2), limits: 2...9),
                TaskParameter(
                    "by", "digits of the second number", default: TaskRange(1, 2), limits: 1...9),
            ]
        ) { values throws(TaskError) in
            MultiplicationTask(name: values.canonical, digits: values["digits"], by: values["by"])
        },
        TaskEntry(
            "chain", "modular arithmetic along a chain of variables",
            parameters: [
                TaskParameter(
                    "steps", "variables after the first", default: TaskRange(4, 8), limits: 2...25),
                TaskParameter(
                    "modulus", "values are taken modulo this", default: TaskRange(97),
                    limits: 10...9999),
            ]
        ) { values throws(TaskError) in
            ChainTask(name: values.canonical, steps: values["steps"], modulus: values["modulus"])
        },
        TaskEntry(
            "countdown", "reach a target with + - * / and every given number once, by search",
            parameters: [
                TaskParameter(
                    "numbers", "given numbers", default: TaskRange(3, 4), limits: 3...6),
                TaskParameter(
                    "maximum", "the largest target", default: TaskRange(50), limits: 20...9999,
                    takesRange: false),
                TaskParameter(
                    "largest", "the largest given number", default: TaskRange(15),
                    limits: 9...999, takesRange: false),
                TaskParameter(
                    "thought", "the most characters that a search spends on dead ends",
                    default: TaskRange(600), limits: 0...100_000, takesRange: false),
            ]
        ) { values throws(TaskError) in
            // Otherwise hardly any draw reaches a target, or a number is above what is tried.
            guard values["largest"].upper <= 10 * values["maximum"].upper else {
                throw values.failure("largest", expected: "at most ten times maximum")
            }
            return CountdownTask(
                name: values.canonical, numbers: values["numbers"],
                maximum: values["maximum"].upper, largest: values["largest"].upper,
                thought: values["thought"].upper)
        },
        TaskEntry(
            "variables", "follow a chain of variables to its number, past other chains",
            parameters: [
                TaskParameter(
                    "count", "assignments", default: TaskRange(8, 16), limits: 4...4096),
                TaskParameter(
                    "length", "characters of the prompt, at most; at least 90 % of it",
                    default: nil, limits: 128...100_000, replaces: "count"),
                TaskParameter(
                    "hops", "steps from the question to the variable with a number",
                    default: TaskRange(2, 4), limits: 1...64),
            ]
        ) { values throws(TaskError) in
            let hops = values["hops"]
            if let length = values.optional("length") {
                let least = VariablesTask.leastLength(hops: hops.upper, characters: length.lower)
                guard least <= length.lower else {
                    throw values.failure(
                        "length", expected: "at least \(least) for \(hops.upper) hops")
                }
                return VariablesTask(
                    name: values.canonical, size: .characters(length), hops: hops)
            }
            guard hops.upper < values["count"].lower else {
                throw values.failure("hops", expected: "less than count in every sample")
            }
            return VariablesTask(
                name: values.canonical, size: .assignments(values["count"]), hops: hops)
        },
        TaskEntry(
            "sorting", "sort two-digit numbers by selecting the smallest of the rest",
            parameters: [
                TaskParameter(
                    "count", "numbers, all different", default: TaskRange(4, 10), limits: 3...64)
            ]
        ) { values throws(TaskError) in
            SortingTask(name: values.canonical, count: values["count"])
        },
        TaskEntry(
            "permutation", "compose permutations one after the other",
            parameters: [
                TaskParameter(
                    "size", "things that are permuted", default: TaskRange(5), limits: 4...9),
                TaskParameter(
                    "count", "permutations to compose", default: TaskRange(2, 4), limits: 2...32),
            ]
        ) { values throws(TaskError) in
            PermutationTask(name: values.canonical, size: values["size"], count: values["count"])
        },
    ]
}
