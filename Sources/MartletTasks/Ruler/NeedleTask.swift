/// RULER's needles in haystacks; knows which are asked, not what the haystack says.

/// The eight retrieval tasks of RULER (2404.06654), which differ in the haystack, in what keys and values look
/// like, and in how many of them there are.
///
/// The split is decided by the asked keys with their values.
struct NeedleTask: ProblemTask {
    static let family = "ruler-niah"
    static let layout = AnswerLayout.line

    /// What the needles stand in.
    enum Surroundings: Sendable {
        case sentences(Haystack)
        /// Other needles, so that every sentence looks like the asked one.
        case needles
    }

    /// What a row of the registry fixes.
    struct Kind: Sendable {
        var surroundings = Surroundings.sentences(.essay)
        var key = Identifier.words
        var value = Identifier.number
    }

    let name: String
    let kind: Kind
    let length: TaskRange
    /// Keys in the text, without those of ``Surroundings/needles``; at least the asked ones.
    var keys = TaskRange(1)
    /// Values of every key.
    var values = TaskRange(1)
    /// Keys that are asked for.
    var queries = TaskRange(1)

    struct Problem {
        let length: Int
        let keys: Int
        let values: Int
        /// A key for each query, with its values.
        let asked: [(key: String, values: [String])]
    }

    var answerLengthBound: Int {
        queries.upper * values.upper * (kind.value.length + RulerAnswer.separator.utf8.count)
    }
    var maximumCompletionLength: Int { RulerAnswer.completionBound(answer: answerLengthBound) }
    var maximumPromptLength: Int { length.upper }

    /// The shortest prompt that holds the needles and fills at least 90 % of its length.
    var leastLength: Int {
        let (queries, values) = (queries.upper, values.upper)
        let key = String(repeating: "k", count: kind.key.length)
        let keys = [String](repeating: key, count: queries)
        // Plurals are the longer texts.
        let frame = RulerAnswer.frameLength(
            task(isPlural: true), question: question(keys, values: values))
        let needles = max(self.keys.upper, queries) * values * needleLength
        return max(frame + needles, 10 * unit)
    }

    /// The characters of a needle with its separator.
    private var needleLength: Int {
        needle("", "").count + kind.key.length + kind.value.length + 1
    }

    /// Whether the surroundings alone have more than one value.
    private var isPlural: Bool {
        if case .needles = kind.surroundings { true } else { false }
    }

    private var unit: Int {
        switch kind.surroundings {
        case .sentences(let haystack): haystack.longest + 1
        case .needles: needleLength
        }
    }

    func draw(_ random: inout TaskRandom) -> Problem {
        let length = random.draw(length)
        let queries = random.draw(queries)
        let values = random.draw(values)
        var taken: Set<String> = []
        let asked = (0..<queries).map { _ in
            (
                key: kind.key.draw(unlike: &taken, &random),
                values: (0..<values).map { _ in kind.value.draw(unlike: &taken, &random) }
            )
        }
        return Problem(
            length: length, keys: max(queries, random.draw(keys)), values: values, asked: asked)
    }

    func content(of problem: Problem) -> String {
        problem.asked.map { "\($0.key)=\($0.values.sorted().joined(separator: "+"))" }.sorted()
            .joined(separator: ",")
    }

    func write(_ problem: Problem, _ random: inout TaskRandom) -> ProblemText {
        let task = task(isPlural: isPlural || problem.keys * problem.values > 1)
        let question = question(problem.asked.map(\.key), values: problem.values)
        var taken = Set(problem.asked.flatMap { [$0.key] + $0.values })
        var needles = problem.asked.map { asked in asked.values.map { needle(asked.key, $0) } }
        for _ in problem.asked.count..<problem.keys {
            needles.append(others(problem.values, &taken, &random))
        }
        // The last sentence has no separator after it.
        let room =
            problem.length - RulerAnswer.frameLength(task, question: question) + 1
            - problem.keys * problem.values * needleLength
        // The values of one key stay in order, so that a reference names them as they come.
        var sentences: [[UInt8]]
        switch kind.surroundings {
        case .sentences(let haystack):
            sentences = ContextText.scattered(
                ContextText.merged(needles, &random),
                among: haystack.sentences(room: room, &random), &random)
        case .needles:
            for _ in 0..<room / needleLength { needles.append(others(1, &taken, &random)) }
            sentences = ContextText.merged(needles, &random)
        }
        return ProblemText(
            prompt: RulerAnswer.prompt(
                task, context: ContextText.joined(sentences, by: separator), question: question),
            scratchPad: "",
            answer: problem.asked.flatMap(\.values).joined(separator: RulerAnswer.separator),
            difficulty: problem.length,
            parameters: [
                "length": problem.length, "keys": problem.keys, "values": problem.values,
                "queries": problem.asked.count,
            ])
    }

    func score(_ text: String, _ sample: TaskSample) -> Double { RulerAnswer.score(text, sample) }

    // MARK: Text

    private var separator: Unicode.Scalar {
        if case .sentences(.essay) = kind.surroundings { " " } else { "\n" }
    }

    private var noun: String { kind.value == .uuid ? "uuid" : "number" }

    private func needle(_ key: String, _ value: String) -> [UInt8] {
        Array("One special magic \(noun) for \(key) is: \(value).".utf8)
    }

    /// Needles of a key that is not asked for.
    private func others(
        _ values: Int, _ taken: inout Set<String>, _ random: inout TaskRandom
    ) -> [[UInt8]] {
        let key = kind.key.draw(unlike: &taken, &random)
        return (0..<values).map { _ in needle(key, kind.value.draw(unlike: &taken, &random)) }
    }

    private func task(isPlural: Bool) -> String {
        isPlural
            ? "Special magic \(noun)s are hidden in the following text. Remember them, for I will "
                + "ask about them afterwards."
            : "A special magic \(noun) is hidden in the following text. Remember it, for I will "
                + "ask about it afterwards."
    }

    private func question(_ keys: [String], values: Int) -> String {
        let isPlural = keys.count * values > 1
        let what = "special magic \(isPlural ? noun + "s" : noun) for \(RulerAnswer.list(keys))"
        let verb = isPlural ? "are" : "is"
        return "What \(verb) the \(what) mentioned in the text? "
            + "Answer: The \(what) mentioned in the text \(verb)"
    }
}
