/// The rows of the Sparse Frontier's tasks and of RULER's, with their limits.

extension TaskRegistry {
    static let longContext: [TaskEntry] = sparseFrontier + ruler

    private static func length(_ standard: Int) -> TaskParameter {
        TaskParameter(
            "length", "characters of the prompt, at most; at least 90 % of it",
            default: TaskRange(standard), limits: 512...1_000_000)
    }

    /// Refuses lengths that cannot hold what `purpose` names.
    private static func check(
        _ values: TaskValues, least: Int, for purpose: String
    ) throws(TaskError) {
        guard least <= values["length"].lower else {
            throw values.failure("length", expected: "at least \(least) for \(purpose)")
        }
    }

    // MARK: Sparse Frontier

    /// About 8,000 tokens, the length at which the reference measures by default.
    private static let frontierLength = 32_000

    private static let sparseFrontier: [TaskEntry] = [
        TaskEntry(
            "niah", "the values of several keys among nothing but keys and values",
            parameters: [
                length(frontierLength),
                TaskParameter("queries", "keys asked for", default: TaskRange(4), limits: 1...64),
            ]
        ) { values throws(TaskError) in
            let queries = values["queries"]
            try check(
                values, least: KeyRetrievalTask.leastLength(queries: queries.upper),
                for: "\(queries.upper) queries")
            return KeyRetrievalTask(
                name: values.canonical, length: values["length"], queries: queries)
        },
        TaskEntry(
            "common-words", "the words of a long list that occur much more often than the others",
            parameters: wordParameters(length: frontierLength)
        ) { values throws(TaskError) in
            try checkWords(
                values, least: CommonWordsTask.leastLength, rare: CommonWordsTask.rareCount)
            return CommonWordsTask(
                name: values.canonical, length: values["length"], common: values["common"],
                frequency: values["frequency"], rareFrequency: values["rare-frequency"])
        },
        TaskEntry(
            "variable-tracking", "all variables with one number, among shuffled assignments",
            parameters: [length(frontierLength)] + chainParameters(chains: 8)
        ) { values throws(TaskError) in
            let (chains, hops) = (values["chains"], values["hops"])
            try check(
                values,
                least: VariableTrackingTask.leastLength(chains: chains.upper, hops: hops.upper),
                for: "\(chains.upper) x \(hops.upper + 1) assignments")
            return VariableTrackingTask(
                name: values.canonical, length: values["length"], chains: chains, hops: hops)
        },
        TaskEntry(
            "story-retrieval", "single facts of many chapters of a story",
            parameters: [
                length(frontierLength),
                TaskParameter(
                    "questions", "chapters that are asked about", default: TaskRange(16),
                    limits: 1...64),
            ]
        ) { values throws(TaskError) in
            let questions = values["questions"]
            try check(
                values, least: StoryRetrievalTask.leastLength(questions: questions.upper),
                for: "\(questions.upper) questions")
            return StoryRetrievalTask(
                name: values.canonical, length: values["length"], questions: questions)
        },
        TaskEntry(
            "story-filtering", "the chapters of a story in which nothing is bought",
            parameters: [
                length(frontierLength),
                TaskParameter(
                    "missing", "chapters without a purchase", default: TaskRange(3), limits: 1...64),
            ]
        ) { values throws(TaskError) in
            let missing = values["missing"]
            try check(
                values, least: StoryFilteringTask.leastLength(missing: missing.upper),
                for: "\(missing.upper) chapters without a purchase")
            return StoryFilteringTask(
                name: values.canonical, length: values["length"], missing: missing)
        },
        TaskEntry(
            "story-multihop", "what was bought in a story right before another item",
            parameters: [length(frontierLength)]
        ) { values throws(TaskError) in
            try check(values, least: StoryMultihopTask.leastLength, for: "two chapters")
            return StoryMultihopTask(name: values.canonical, length: values["length"])
        },
    ]

    // MARK: RULER

    /// About 4,000 tokens, the shortest length at which the paper measures.
    private static let rulerLength = 16_000

    private static let ruler: [TaskEntry] = [
        needles(
            "ruler-niah-single-1", "a number hidden in repeated sentences",
            NeedleTask.Kind(surroundings: .sentences(.noise))),
        needles("ruler-niah-single-2", "a number hidden in generated prose", NeedleTask.Kind()),
        needles(
            "ruler-niah-single-3", "a uuid hidden in generated prose",
            NeedleTask.Kind(value: .uuid)),
        needles(
            "ruler-niah-multikey-1", "the number of one of several keys in generated prose",
            NeedleTask.Kind(), keys: 4),
        needles(
            "ruler-niah-multikey-2", "the number of one key among nothing but keys and numbers",
            NeedleTask.Kind(surroundings: .needles)),
        needles(
            "ruler-niah-multikey-3", "the uuid of one uuid among nothing but pairs of them",
            NeedleTask.Kind(surroundings: .needles, key: .uuid, value: .uuid)),
        needles(
            "ruler-niah-multivalue", "all numbers of one key in generated prose",
            NeedleTask.Kind(), values: 4),
        needles(
            "ruler-niah-multiquery", "the numbers of several keys in generated prose",
            NeedleTask.Kind(), queries: 4),
        TaskEntry(
            "ruler-vt", "all variables with one number, in a chain of assignments in order",
            parameters: [length(rulerLength)] + chainParameters(chains: 1)
        ) { values throws(TaskError) in
            let (chains, hops) = (values["chains"], values["hops"])
            try check(
                values,
                least: RulerVariablesTask.leastLength(chains: chains.upper, hops: hops.upper),
                for: "\(chains.upper) x \(hops.upper + 1) assignments")
            return RulerVariablesTask(
                name: values.canonical, length: values["length"], chains: chains, hops: hops)
        },
        TaskEntry(
            "ruler-cwe", "the most frequent words of a long list",
            parameters: wordParameters(length: rulerLength)
        ) { values throws(TaskError) in
            try checkWords(
                values, least: RulerWordsTask.leastLength, rare: RulerWordsTask.rareCount)
            return RulerWordsTask(
                name: values.canonical, length: values["length"], common: values["common"],
                frequency: values["frequency"], rareFrequency: values["rare-frequency"])
        },
        TaskEntry(
            "ruler-fwe", "the three most frequent words of a coded text",
            parameters: [length(rulerLength)]
        ) { values throws(TaskError) in
            try check(
                values, least: CodedWordsTask.leastLength, for: "three words without ties")
            return CodedWordsTask(name: values.canonical, length: values["length"])
        },
    ]

    /// A row with a parameter for each of the numbers that is given.
    private static func needles(
        _ name: String, _ summary: String, _ kind: NeedleTask.Kind, keys: Int? = nil,
        values: Int? = nil, queries: Int? = nil
    ) -> TaskEntry {
        var parameters = [length(rulerLength)]
        for (name, summary, standard) in [
            ("keys", "keys in the text, of which one is asked", keys),
            ("values", "values of the key", values), ("queries", "keys asked for", queries),
        ] {
            guard let standard else { continue }
            parameters.append(
                TaskParameter(name, summary, default: TaskRange(standard), limits: 1...64))
        }
        return TaskEntry(name, summary, parameters: parameters) { values throws(TaskError) in
            let one = TaskRange(1)
            let task = NeedleTask(
                name: values.canonical, kind: kind, length: values["length"],
                keys: values.optional("keys") ?? one, values: values.optional("values") ?? one,
                queries: values.optional("queries") ?? one)
            let count = max(task.keys.upper, task.queries.upper) * task.values.upper
            try check(
                values, least: task.leastLength, for: count == 1 ? "a needle" : "\(count) needles")
            return task
        }
    }

    // MARK: Shared parameters

    private static func chainParameters(chains: Int) -> [TaskParameter] {
        [
            TaskParameter(
                "chains", "chains, of which one is asked", default: TaskRange(chains),
                limits: 1...64),
            TaskParameter(
                "hops", "variables after the first of a chain", default: TaskRange(4),
                limits: 1...64),
        ]
    }

    private static func wordParameters(length standard: Int) -> [TaskParameter] {
        [
            length(standard),
            TaskParameter("common", "common words", default: TaskRange(10), limits: 1...100),
            TaskParameter(
                "frequency", "occurrences of a common word", default: TaskRange(30),
                limits: 2...1000),
            TaskParameter(
                "rare-frequency", "occurrences of any other word", default: TaskRange(3),
                limits: 1...999),
        ]
    }

    private static func checkWords(
        _ values: TaskValues, least: (WordListShape) -> Int, rare: (WordListShape, Int) -> Int
    ) throws(TaskError) {
        let (common, frequency) = (values["common"], values["frequency"])
        let rareFrequency = values["rare-frequency"]
        guard rareFrequency.upper < frequency.lower else {
            throw values.failure("rare-frequency", expected: "less than frequency in every sample")
        }
        let longest = WordListShape(
            common: common.upper, frequency: frequency.upper, rareFrequency: rareFrequency.upper)
        try check(
            values, least: least(longest),
            for: "\(common.upper) words that occur \(frequency.upper) times")
        // Few and short common words leave the most room for others.
        let mostRare = WordListShape(
            common: common.lower, frequency: frequency.lower, rareFrequency: rareFrequency.lower)
        let words = rare(mostRare, values["length"].upper) + common.upper
        guard words <= CoinedWord.count else {
            throw values.failure(
                "length",
                expected: "less, or a greater rare-frequency: there are only "
                    + "\(CoinedWord.count) words")
        }
    }
}
