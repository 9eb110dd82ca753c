/// A key hidden in long filler; knows where it stands, not what the filler says.

/// `K:the old river qx=48213 ran past stone ;qx?` is answered `#48213`. With several keys, the
/// question asks for one of them, and the others stand at random places.
///
/// `depth` is the place of the asked key in per cent: 0 is the beginning of the filler, 100 the
/// end, right before the question. Prompts have exactly the drawn length. The split is decided by
/// the asked key with its value.
struct PasskeyTask: ProblemTask {
    static let family = "passkey"

    let name: String
    let length: TaskRange
    let depth: TaskRange
    let keys: TaskRange

    struct Problem {
        let key: Int
        let value: Int
    }

    private static let names = LetterName.count(width: 2)

    var answerLengthBound: Int { 5 }
    var maximumCompletionLength: Int { 1 + answerLengthBound + 1 }
    var maximumPromptLength: Int { length.upper }

    /// The length of a prompt without filler: `K:`, `qx=48213 ` per key, `;qx?`.
    static func frameLength(keys: Int) -> Int { 2 + 9 * keys + 4 }

    func draw(_ random: inout TaskRandom) -> Problem {
        Problem(key: random.below(Self.names), value: random.between(10_000, 99_999))
    }

    func content(of problem: Problem) -> String { Self.needle(problem.key, problem.value) }

    func write(_ problem: Problem, _ random: inout TaskRandom) -> ProblemText {
        let keys = random.draw(keys)
        let length = random.draw(length)
        let depth = random.draw(depth)
        let room = length - Self.frameLength(keys: keys)
        var used = [Bool](repeating: false, count: Self.names)
        used[problem.key] = true
        var needles = [(place: room * depth / 100, text: content(of: problem))]
        for key in random.distinct(keys - 1, unlike: &used) {
            needles.append(
                (random.below(room + 1), Self.needle(key, random.between(10_000, 99_999))))
        }
        // Needles at one place are told apart by their text: sorting is not stable by promise.
        needles.sort { ($0.place, $0.text) < ($1.place, $1.text) }

        var text = Array("K:".utf8)
        text.reserveCapacity(length)
        var written = 0
        for needle in needles {
            FillerText.append(bytes: needle.place - written, to: &text, &random)
            text += Array(needle.text.utf8)
            written = needle.place
        }
        FillerText.append(bytes: room - written, to: &text, &random)
        text += Array(";\(LetterName.name(problem.key, width: 2))?".utf8)
        return ProblemText(
            prompt: String(decoding: text, as: UTF8.self), scratchPad: "",
            answer: "\(problem.value)", difficulty: length,
            parameters: ["length": length, "depth": depth, "keys": keys])
    }

    private static func needle(_ key: Int, _ value: Int) -> String {
        "\(LetterName.name(key, width: 2))=\(value) "
    }
}
