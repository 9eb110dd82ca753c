/// Several look-ups among pairs in a text; knows keys and values, no arithmetic.

/// `R:ab=12 the cd=34 old river ef=56 ;cd,ab?` is answered `#cd=34,ab=12`: the value of every
/// queried key, in the order asked. The key is repeated so that each look-up is the same
/// step for a model, and that a wrong value does not shift the next.
///
/// Keys are two letters, values two digits. A sample asks at most as many keys as it has pairs. The
/// split is decided by the pairs that are asked for; the others only stand around them.
struct RecallTask: ProblemTask {
    static let family = "recall"

    /// How much stands between the pairs.
    enum Filler: Sendable {
        /// This number of words before every pair.
        case words(TaskRange)
        /// As much as fills prompts of this number of characters.
        case length(TaskRange)
    }

    let name: String
    let pairs: TaskRange
    let queries: TaskRange
    let filler: Filler

    struct Problem {
        let pairs: Int
        /// Numbers of two-letter names, and their values.
        let asked: [(key: Int, value: Int)]
    }

    private static let keys = LetterName.count(width: 2)

    private var mostQueries: Int { min(pairs.upper, queries.upper) }

    var answerLengthBound: Int { 6 * mostQueries - 1 }
    var maximumCompletionLength: Int { 1 + answerLengthBound + 1 }
    var maximumPromptLength: Int {
        switch filler {
        case .length(let range): range.upper
        case .words(let range):
            Self.frameLength(pairs: pairs.upper, queries: mostQueries)
                + pairs.upper * range.upper * (FillerText.longestWord + 1)
        }
    }

    /// The length of a prompt without filler: `R:`, `ab=12 ` per pair, `;`, `ab,` per query.
    static func frameLength(pairs: Int, queries: Int) -> Int { 2 + 6 * pairs + 1 + 3 * queries }

    func draw(_ random: inout TaskRandom) -> Problem {
        let pairs = random.draw(pairs)
        let queries = min(pairs, random.draw(queries))
        let asked = random.distinct(queries, below: Self.keys).map { key in
            (key: key, value: random.between(10, 99))
        }
        return Problem(pairs: pairs, asked: asked)
    }

    func content(of problem: Problem) -> String {
        problem.asked.sorted { $0.key < $1.key }.map { Self.pair($0.key, $0.value) }
            .joined(separator: ",")
    }

    func write(_ problem: Problem, _ random: inout TaskRandom) -> ProblemText {
        var used = [Bool](repeating: false, count: Self.keys)
        for asked in problem.asked { used[asked.key] = true }
        let others = random.distinct(problem.pairs - problem.asked.count, unlike: &used)
        var pairs = problem.asked.map { Self.pair($0.key, $0.value) }
        pairs += others.map { Self.pair($0, random.between(10, 99)) }
        random.shuffle(&pairs)

        var text = Array("R:".utf8)
        switch filler {
        case .words(let range):
            for pair in pairs {
                FillerText.append(words: random.draw(range), to: &text, &random)
                text += Array("\(pair) ".utf8)
            }
        case .length(let range):
            let frame = Self.frameLength(pairs: pairs.count, queries: problem.asked.count)
            let room = random.draw(range) - frame
            // Cuts at random places, so that gaps are as uneven as they come.
            let cuts = pairs.map { _ in random.below(room + 1) }.sorted()
            var written = 0
            for (cut, pair) in zip(cuts, pairs) {
                FillerText.append(bytes: cut - written, to: &text, &random)
                text += Array("\(pair) ".utf8)
                written = cut
            }
            FillerText.append(bytes: room - written, to: &text, &random)
        }
        let queries = problem.asked.map { LetterName.name($0.key, width: 2) }
        text += Array(";\(queries.joined(separator: ","))?".utf8)
        return ProblemText(
            prompt: String(decoding: text, as: UTF8.self), scratchPad: "",
            answer: problem.asked.map { Self.pair($0.key, $0.value) }.joined(separator: ","),
            difficulty: pairs.count,
            parameters: [
                "pairs": pairs.count, "queries": problem.asked.count, "length": text.count,
            ])
    }

    /// The fraction of the queries that are answered right, each in its place. Answers beyond the
    /// queries make the whole worth nothing.
    func score(_ text: String, _ sample: TaskSample) -> Double {
        guard let answer = AnswerText.answer(in: text) else { return 0 }
        let expected = sample.answer.split(separator: ",")
        let given = answer.split(separator: ",", omittingEmptySubsequences: false)
        guard given.count <= expected.count, !expected.isEmpty else { return 0 }
        let right = zip(given, expected).count { $0 == $1 }
        return Double(right) / Double(expected.count)
    }

    private static func pair(_ key: Int, _ value: Int) -> String {
        "\(LetterName.name(key, width: 2))=\(value)"
    }
}
