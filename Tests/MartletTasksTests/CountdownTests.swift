/// The countdown checker against brute force and hostile text, and traces replayed.

import MartletTasks
import Testing

@Suite struct CountdownTests {
    private let task: any EvaluationTask
    private let operations = ["+", "-", "*", "/"]

    init() throws { task = try TaskRegistry.task("countdown") }

    private func verdict(_ expression: String, _ prompt: String) -> Bool? {
        task.isVerified("3+4=7#\(expression)\n", prompt: prompt)
    }

    private func evaluate(_ a: Double, _ operation: String, _ b: Double) -> Double {
        switch operation {
        case "+": a + b
        case "-": a - b
        case "*": a * b
        default: a / b
        }
    }

    @Test func agreesWithBruteForce() {
        var random = TaskTestRandom(state: 5)
        var right = 0
        var impossible = 0
        for _ in 0..<12 {
            let numbers = (0..<3).map { _ in Int.random(in: 1...12, using: &random) }
            for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
                let (a, b, c) = (numbers[order[0]], numbers[order[1]], numbers[order[2]])
                let (x, y, z) = (Double(a), Double(b), Double(c))
                for first in operations {
                    for second in operations {
                        let bindsFirst = "*/".contains(first) || "+-".contains(second)
                        let left = evaluate(evaluate(x, first, y), second, z)
                        let late = evaluate(x, first, evaluate(y, second, z))
                        for (text, value) in [
                            ("(\(a)\(first)\(b))\(second)\(c)", left),
                            ("\(a)\(first)(\(b)\(second)\(c))", late),
                            ("\(a)\(first)\(b)\(second)\(c)", bindsFirst ? left : late),
                        ] {
                            let whole =
                                value.isFinite && value >= 0 && abs(value - value.rounded()) < 1e-9
                            let target = whole ? Int(value.rounded()) : 1
                            let prompt =
                                "N\(target):\(numbers.map { "\($0)" }.joined(separator: " "))?"
                            #expect(verdict(text, prompt) == whole, "\(text) \(prompt)")
                            let other = prompt.replacing("N\(target):", with: "N\(target + 1):")
                            #expect(verdict(text, other) == false)
                            right += whole ? 1 : 0
                            impossible += value.isFinite ? 0 : 1
                        }
                    }
                }
            }
        }
        #expect(right > 500 && impossible > 0)
    }

    @Test(arguments: [
        "", " ", "#", "46", "25+21", "25+7*3+0", "25+7*3*1", "25+7", "25+7*3-3+3", "3+7+25+46",
        "25+(7*3", "25+7*3)", "25+7*3)(", "()25+7*3", "25 + + 7*3", "+25+7*3", "-3*-7+25", "25+7x3",
        "25+7*3=46", "25+7*03.0", "2 5+7*3", "25+7 3", "25(7*3)", "(25)(7)(3)", "25/(7-7)*3",
        "25+7**3", "25+7*3e0", "٢٥+7*3", "25+7*3\u{301}", "99999999999999999999999+7*3",
        "25+7*\(Int.max)", "N46:3 7 25", "nan", "25+7*3;", "25\t+7*3",
    ])
    func refuses(expression: String) {
        #expect(verdict(expression, "N46:3 7 25?") == false)
    }

    @Test(arguments: [
        "25+7*3", "7*3+25", "(25)+((7)*(3))", " 25 + 7 * 3 ", "25+(3*7)", "025+7*3",
    ])
    func accepts(expression: String) {
        #expect(verdict(expression, "N46:3 7 25?") == true)
    }

    @Test func usesEveryNumberExactlyOnce() {
        #expect(verdict("8-2", "N6:8 2 2?") == false)
        #expect(verdict("8-2/2*2/2", "N6:8 2 2?") == false)
        #expect(verdict("8/2+2", "N6:8 2 2?") == true)
        // Through fractions and through negative numbers.
        #expect(verdict("8/(3-8/3)", "N24:3 8 8 1?") == false)
        #expect(verdict("8/(3-8/3)", "N24:3 8 3 8?") == true)
        #expect(verdict("(2-5)*(1-4)", "N9:1 2 4 5?") == true)
        #expect(verdict("5/(3-2-1)", "N5:5 3 2 1?") == false)
    }

    @Test func survivesHostileText() {
        let prompt = "N46:3 7 25?"
        for deep in [1_000, 10_000, 200_000] {
            let open = String(repeating: "(", count: deep)
            let close = String(repeating: ")", count: deep)
            // Accepted as long as the text is of a length that a solution may have.
            #expect(verdict(open + "25+7*3" + close, prompt) == (deep == 1_000))
            #expect(verdict(open, prompt) == false)
            #expect(verdict(close, prompt) == false)
            #expect(verdict(open + close, prompt) == false)
        }
        let huge = "\(Int.max)"
        for operation in operations {
            let text = "(\(huge)\(operation)\(huge))\(operation)\(huge)"
            let verdict = verdict(text, "N1:\(huge) \(huge) \(huge)?")
            #expect(verdict == false)
        }
        #expect(verdict("0-\(huge)-1-1", "N1:0 1 1 \(huge)?") == false)
        #expect(verdict("(0-\(huge)-1)/(0-1)", "N1:0 0 1 1 \(huge)?") == false)
        #expect(verdict("0/0", "N0:0 0?") == false)
        var random = TaskTestRandom(state: 9)
        let alphabet = Array("0123456789 +-*/()#=é\n")
        for _ in 0..<3_000 {
            let count = Int.random(in: 0..<24, using: &random)
            let text = String(
                (0..<count).compactMap { _ in alphabet.randomElement(using: &random) })
            #expect(task.isVerified(text, prompt: prompt) == false)
            _ = task.isVerified("#25+7*3", prompt: text)
        }
    }

    @Test(arguments: [
        "", "N?", "N:?", "N46:?", "N46?", "N46:3 7 25", "46:3 7 25?", "N46:3  7 25?", "N-6:3 7?",
        "N46:3 7 x?", "S:3 7 25=", "N99999999999999999999:3?",
    ])
    func leavesOtherPromptsAlone(prompt: String) {
        #expect(verdict("25+7*3", prompt) == nil)
    }

    @Test(arguments: [
        "countdown", "countdown(numbers=3)", "countdown(numbers=5,maximum=200,largest=99)",
        "countdown(numbers=4,thought=0)", "countdown(numbers=6,maximum=20,largest=200,thought=90)",
    ])
    func tracesReplay(text: String) throws {
        let task = try TaskRegistry.task(text)
        for sample in samples(task, 150) {
            let target = try #require(sample.parameters["target"])
            let given = try #require(
                numbers(sample.prompt.drop { $0 != ":" }.dropFirst().dropLast()))
            var known: Set<[Int]> = [given.sorted()]
            var state = given
            var pending: [Int]?
            var last = 0
            // `a+b=c`, `,` and `[…]` in turn.
            for piece in pieces(scratchPad(sample)) {
                if piece.hasPrefix("[") {
                    let written = try #require(numbers(piece.dropFirst().dropLast()))
                    let isNew =
                        state.count > 2 && pending.map { $0.sorted() == written.sorted() } == true
                    #expect(isNew || known.contains(written.sorted()), "\(sample.completion)")
                    known.insert(written.sorted())
                    (state, pending) = (written, nil)
                } else {
                    #expect(pending == nil || state.count == 2)
                    let sides = piece.split(separator: "=")
                    let sign = try #require(sides[0].first { "+-*/".contains($0) })
                    let operands = sides[0].split(separator: sign).compactMap { Int($0) }
                    last = try #require(Int(sides[1]))
                    #expect(
                        evaluate(Double(operands[0]), "\(sign)", Double(operands[1]))
                            == Double(last))
                    var rest = state
                    for operand in operands {
                        rest.remove(at: try #require(rest.firstIndex(of: operand)))
                    }
                    pending = rest + [last]
                }
            }
            #expect(last == target && pending == [target], "\(sample.completion)")
            #expect(task.isVerified(sample.completion, prompt: sample.prompt) == true)
        }
    }

    private func numbers(_ text: Substring) -> [Int]? {
        let parts = text.split(separator: " ").map { Int($0) }
        return parts.contains(nil) ? nil : parts.compactMap(\.self)
    }

    private func pieces(_ trace: Substring) -> [Substring] {
        trace.split(separator: ",").flatMap { part in
            part.split(separator: "[").enumerated().flatMap { number, piece -> [Substring] in
                guard number > 0 || part.hasPrefix("["), let end = piece.firstIndex(of: "]") else {
                    return [piece]
                }
                let rest = piece[piece.index(after: end)...]
                return [Substring("[" + piece[...end])] + (rest.isEmpty ? [] : [rest])
            }
        }
    }

    @Test func moreThoughtBreaksFewerSearchesOff() throws {
        // A search that found its target by itself fits; a broken-off one is near the limit.
        let short = try TaskRegistry.task("countdown(numbers=3,thought=100)")
        let long = try TaskRegistry.task("countdown(numbers=3,thought=2000)")
        #expect(samples(short, 300).allSatisfy { $0.completion.utf8.count < 180 })
        let lengths = samples(long, 300).map(\.completion.utf8.count)
        #expect((lengths.max() ?? 0) < 900)
        #expect(lengths.count { $0 > 100 } > 60)
    }
}
