/// Variables that stand for other variables; knows chains of names, no arithmetic.

/// `V:q=c,k=24,x=57,c=x,m=k,q?` is answered `q=c,c=x,x=57#57`: the question's chain is followed
/// to its number, past the other chains.
///
/// The split is decided by the question's chain alone; the other chains only stand around it.
struct VariablesTask: ProblemTask {
    static let family = "variables"

    /// How many assignments there are.
    enum Size: Sendable {
        case assignments(TaskRange)
        /// As many as fit prompts of this number of characters, at least 90 % of which are used.
        case characters(TaskRange)
    }

    let name: String
    let size: Size
    let hops: TaskRange

    struct Problem {
        /// Characters or assignments, as ``Size`` says.
        let size: Int
        let nameWidth: Int
        /// From the question down to the variable that holds the number.
        let chain: [Int]
        let value: Int
    }

    var answerLengthBound: Int { 2 }
    var maximumCompletionLength: Int {
        let width = largestNameWidth
        return hops.upper * (2 * width + 2) + width + 3 + 1 + 2 + 1
    }
    var maximumPromptLength: Int {
        switch size {
        case .characters(let range): return range.upper
        case .assignments(let range):
            let width = largestNameWidth
            return 2 + range.upper * max(2 * width + 2, width + 4) + width + 1
        }
    }

    private var largestNameWidth: Int {
        switch size {
        case .characters(let range): Self.nameWidth(characters: range.upper)
        case .assignments(let range): Self.nameWidth(assignments: range.upper)
        }
    }

    /// The fewest letters that give every assignment a name of its own.
    private static func nameWidth(assignments: Int) -> Int {
        var width = 1
        while LetterName.count(width: width) < assignments { width += 1 }
        return width
    }

    private static func nameWidth(characters: Int) -> Int {
        var width = 1
        // The shortest assignment is ab=cd, or ab=57, with its comma.
        while LetterName.count(width: width) < characters / min(2 * width + 2, width + 4) {
            width += 1
        }
        return width
    }

    /// The characters that the longest chain takes, with the frame of the prompt.
    static func leastLength(hops: Int, characters: Int) -> Int {
        let width = nameWidth(characters: characters)
        return 2 + hops * (2 * width + 2) + width + 4 + width + 1
    }

    func draw(_ random: inout TaskRandom) -> Problem {
        let drawn: Int
        let width: Int
        switch size {
        case .characters(let range):
            drawn = random.draw(range)
            width = Self.nameWidth(characters: drawn)
        case .assignments(let range):
            drawn = random.draw(range)
            width = Self.nameWidth(assignments: drawn)
        }
        let hops = random.draw(hops)
        let chain = random.distinct(hops + 1, below: LetterName.count(width: width))
        return Problem(
            size: drawn, nameWidth: width, chain: chain, value: random.between(10, 99))
    }

    func content(of problem: Problem) -> String { links(problem).joined(separator: ",") }

    func write(_ problem: Problem, _ random: inout TaskRandom) -> ProblemText {
        let width = problem.nameWidth
        let links = links(problem)
        let question = LetterName.name(problem.chain[0], width: width)
        var assignments = links
        var used = [Bool](repeating: false, count: LetterName.count(width: width))
        for name in problem.chain { used[name] = true }
        var room = Int.max
        if case .characters = size {
            room = problem.size - 2 - width - 1 - links.reduce(0) { $0 + $1.utf8.count + 1 }
        }
        // The other chains are as long as the question's, or length would give it away.
        var previous: String?
        var length = 0
        while assignments.count < used.count {
            if case .assignments = size, assignments.count == problem.size { break }
            if length == problem.chain.count { previous = nil }
            let value = previous ?? "\(random.between(10, 99))"
            guard room >= width + value.utf8.count + 2 else { break }
            let name = LetterName.name(random.distinct(1, unlike: &used)[0], width: width)
            assignments.append("\(name)=\(value)")
            room -= width + value.utf8.count + 2
            length = previous == nil ? 1 : length + 1
            previous = name
        }
        random.shuffle(&assignments)
        return ProblemText(
            prompt: "V:" + assignments.joined(separator: ",") + ",\(question)?",
            scratchPad: links.joined(separator: ","), answer: "\(problem.value)",
            difficulty: problem.chain.count - 1,
            parameters: ["count": assignments.count, "hops": problem.chain.count - 1])
    }

    /// `q=c`, `c=x`, `x=57`.
    private func links(_ problem: Problem) -> [String] {
        let names = problem.chain.map { LetterName.name($0, width: problem.nameWidth) }
        return names.indices.map { place in
            "\(names[place])=\(place + 1 < names.count ? names[place + 1] : "\(problem.value)")"
        }
    }
}
