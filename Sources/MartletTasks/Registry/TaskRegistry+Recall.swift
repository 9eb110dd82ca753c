/// The rows of tasks that ask for something said before, with their limits.

extension TaskRegistry {
    static let recall: [TaskEntry] = [
        TaskEntry(
            "recall", "look up several keys among pairs scattered in filler",
            parameters: [
                TaskParameter(
                    "pairs", "key=value pairs", default: TaskRange(4, 32), limits: 2...512),
                TaskParameter(
                    "queries", "keys asked for, at most as many as pairs", default: TaskRange(1, 8),
                    limits: 1...64),
                TaskParameter(
                    "filler", "words before each pair", default: TaskRange(0, 2), limits: 0...1000),
                TaskParameter(
                    "length", "characters of the prompt, exactly", default: nil,
                    limits: 32...100_000, replaces: "filler"),
            ]
        ) { values throws(TaskError) in
            let (pairs, queries) = (values["pairs"], values["queries"])
            guard let length = values.optional("length") else {
                return RecallTask(
                    name: values.canonical, pairs: pairs, queries: queries,
                    filler: .words(values["filler"]))
            }
            let least = RecallTask.frameLength(
                pairs: pairs.upper, queries: min(pairs.upper, queries.upper))
            guard least <= length.lower else {
                throw values.failure(
                    "length", expected: "at least \(least) for \(pairs.upper) pairs")
            }
            return RecallTask(
                name: values.canonical, pairs: pairs, queries: queries, filler: .length(length))
        },
        TaskEntry(
            "passkey", "find the value of one key hidden in filler",
            parameters: [
                TaskParameter(
                    "length", "characters of the prompt, exactly", default: TaskRange(200, 400),
                    limits: 32...100_000),
                TaskParameter(
                    "depth", "place of the asked key in per cent", default: TaskRange(0, 100),
                    limits: 0...100),
                TaskParameter(
                    "keys", "keys in the text, of which one is asked", default: TaskRange(1),
                    limits: 1...256),
            ]
        ) { values throws(TaskError) in
            let least = PasskeyTask.frameLength(keys: values["keys"].upper)
            guard least <= values["length"].lower else {
                throw values.failure(
                    "length", expected: "at least \(least) for \(values["keys"].upper) keys")
            }
            return PasskeyTask(
                name: values.canonical, length: values["length"], depth: values["depth"],
                keys: values["keys"])
        },
        TaskEntry(
            "copy", "repeat a random string",
            parameters: [
                TaskParameter(
                    "length", "characters of the prompt, exactly", default: TaskRange(16, 48),
                    limits: 8...100_000)
            ]
        ) { values throws(TaskError) in
            CopyTask(name: values.canonical, length: values["length"])
        },
    ]
}
