/// Every step of the reference scratch-pads, worked out again by other means.

import MartletTasks
import Testing

@Suite struct ScratchPadTests {
    private func body(_ prompt: String) -> Substring { prompt.dropFirst(2).dropLast() }

    private func numbers(_ text: Substring, by separator: Character) -> [Int] {
        text.split(separator: separator).compactMap { Int($0) }
    }

    /// Both sides of `1+7+0=08` or `6*4+4=28`, by Swift's own arithmetic.
    private func isEquality(_ step: Substring) -> Bool {
        let sides = step.split(separator: "=")
        guard sides.count == 2, let right = Int(sides[1]), sides[1].count == 2 else { return false }
        let left = sides[0].split(separator: "+").map { term in
            term.split(separator: "*").compactMap { Int($0) }.reduce(1, *)
        }
        return left.reduce(0, +) == right
    }

    @Test(arguments: ["addition", "addition(digits=15,terms=3)", "addition(digits=4,terms=8)"])
    func addition(text: String) throws {
        for sample in samples(try TaskRegistry.task(text), 300) {
            let terms = body(sample.prompt).split(separator: "+")
            let steps = scratchPad(sample).split(separator: ";")
            #expect(steps.count == terms[0].count)
            var carry: Substring = "0"
            for (place, step) in steps.enumerated() {
                let digits = terms.map { $0[$0.index($0.endIndex, offsetBy: -1 - place)] }
                let expected = digits.map { "\($0)+" }.joined() + carry + "="
                #expect(step.hasPrefix(expected) && isEquality(step))
                carry = step.suffix(2).prefix(1)
            }
            #expect(sample.answer == "\(numbers(body(sample.prompt), by: "+").reduce(0, +))")
        }
    }

    @Test(arguments: ["multiplication", "multiplication(digits=2..4,by=1..4)"])
    func multiplication(text: String) throws {
        for sample in samples(try TaskRegistry.task(text), 300) {
            let factors = numbers(body(sample.prompt), by: "*")
            #expect(sample.answer == "\(factors[0] * factors[1])")
            var values: [Int] = []
            for part in scratchPad(sample).split(separator: ";").flatMap({
                $0.split(separator: "|")
            }) {
                if part.contains("=") {
                    #expect(isEquality(part), "\(part)")
                } else {
                    values.append(try #require(Int(part)))
                }
            }
            // What should stand between the bars: partial products, and totals but for the last.
            var expected: [Int] = []
            var total = 0
            var unit = 1
            let digits = Array("\(factors[1])".reversed())
            for (place, digit) in digits.enumerated() where digits.count > 1 {
                let partial = factors[0] * (Int("\(digit)") ?? 0) * unit
                expected.append(partial)
                if place > 0, place + 1 < digits.count { expected.append(total + partial) }
                total += partial
                unit *= 10
            }
            #expect(values == expected, "\(sample.completion)")
        }
    }

    @Test(arguments: ["chain", "chain(steps=20..25,modulus=10..9999)"])
    func chain(text: String) throws {
        for sample in samples(try TaskRegistry.task(text), 200) {
            let modulus = try #require(sample.parameters["modulus"])
            #expect(sample.prompt.hasPrefix("C\(modulus):"))
            let statements = sample.prompt.drop { $0 != ":" }.dropFirst().split(separator: ",")
            let pad = scratchPad(sample).split(separator: ",")
            #expect(statements.count == pad.count + 2)
            var known = ["a": try #require(Int(statements[0].dropFirst(2)))]
            for (statement, worked) in zip(statements.dropFirst(), pad) {
                // From the statement: substitute, then evaluate modulo the modulus.
                let name = String(statement.prefix(1))
                let before = try #require(known[String(statement.dropFirst(2).prefix(1))])
                let operations = statement.dropFirst(3)
                let exact = try #require(apply(operations, to: before))
                let value = ((exact % modulus) + modulus) % modulus
                known[name] = value
                // From the scratch-pad: every equality, the same operations, the same value.
                #expect(worked.hasPrefix("\(name)=\(before)"))
                let links = worked.dropFirst(2).split(separator: "=")
                var running = before
                var used = ""
                for (number, link) in links.enumerated() {
                    let start =
                        link.prefix { $0 == "-" }
                        + link.drop { $0 == "-" }.prefix(while: \.isNumber)
                    #expect(Int(start) == running)
                    let operation = link.dropFirst(start.count)
                    guard number + 1 < links.count else {
                        #expect(operation.isEmpty)
                        continue
                    }
                    running = try #require(apply(operation, to: running))
                    used += operation
                }
                #expect(running == value)
                #expect(used.hasPrefix(operations))
                let reduction = used.dropFirst(operations.count)
                #expect(try #require(apply(reduction, to: 0)) % modulus == 0)
                #expect(reduction.isEmpty == (0..<modulus).contains(exact))
            }
            let last = String(try #require(statements.last).dropLast())
            #expect(Int(sample.answer) == known[last])
        }
    }

    /// `*7+12` applied from left to right.
    private func apply(_ operations: some StringProtocol, to value: Int) -> Int? {
        var value = value
        var rest = Substring(operations)
        while let sign = rest.popFirst() {
            let digits = rest.prefix(while: \.isNumber)
            guard let number = Int(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            switch sign {
            case "*": value *= number
            case "+": value += number
            case "-": value -= number
            default: return nil
            }
        }
        return value
    }

    @Test(arguments: ["variables", "variables(length=128..2000,hops=1..6)"])
    func variables(text: String) throws {
        for sample in samples(try TaskRegistry.task(text), 200) {
            let statements = body(sample.prompt).split(separator: ",")
            var meaning: [Substring: Substring] = [:]
            for statement in statements.dropLast() {
                let sides = statement.split(separator: "=")
                #expect(meaning.updateValue(sides[1], forKey: sides[0]) == nil)
            }
            var name = try #require(statements.last)
            var expected: [String] = []
            while let next = meaning[name] {
                expected.append("\(name)=\(next)")
                name = next
            }
            #expect(scratchPad(sample) == expected.joined(separator: ","))
            #expect(sample.answer == name && Int(name) != nil)
            #expect(expected.count == sample.difficulty + 1)
            // Every chain ends in a number: nothing goes round in circles.
            for start in meaning.keys {
                var place = start
                var steps = 0
                while let next = meaning[place], steps <= meaning.count {
                    place = next
                    steps += 1
                }
                #expect(Int(place) != nil)
            }
        }
    }

    @Test func sorting() throws {
        for sample in samples(try TaskRegistry.task("sorting(count=3..20)"), 200) {
            var rest = numbers(body(sample.prompt), by: " ")
            #expect(sample.answer == rest.sorted().map { "\($0)" }.joined(separator: " "))
            for step in scratchPad(sample).split(separator: ",") {
                let sides = step.split(separator: "<")
                let smallest = try #require(Int(sides[0]))
                #expect(smallest == rest.min())
                rest.removeAll { $0 == smallest }
                #expect((sides.count > 1 ? numbers(sides[1], by: " ") : []) == rest)
            }
            #expect(rest.isEmpty)
        }
    }

    @Test func permutation() throws {
        for sample in samples(try TaskRegistry.task("permutation(size=4..9,count=2..6)"), 200) {
            let permutations = body(sample.prompt).split(separator: ".").map {
                $0.compactMap { Int("\($0)") }
            }
            let size = permutations[0].count
            for permutation in permutations { #expect(permutation.sorted() == Array(1...size)) }
            // Followed thing by thing, where the scratch-pad goes permutation by permutation.
            let answer = (1...size).map { start in
                permutations.reduce(start) { place, permutation in permutation[place - 1] }
            }
            #expect(sample.answer == answer.map { "\($0)" }.joined())
            let rounds = scratchPad(sample).split(separator: ";")
            #expect(rounds.count == permutations.count - 1)
            var reached = permutations[0]
            for (round, permutation) in zip(rounds, permutations.dropFirst()) {
                let sides = round.split(separator: "=")
                let arrows = sides[0].split(separator: ",")
                #expect(arrows.count == size)
                for (place, arrow) in arrows.enumerated() {
                    let image = permutation[reached[place] - 1]
                    #expect(arrow == "\(reached[place])>\(image)")
                    reached[place] = image
                }
                if sides.count > 1 { #expect(sides[1] == reached.map { "\($0)" }.joined()) }
            }
        }
    }

    @Test func recallTasksAnswerFromTheirText() throws {
        for text in [
            "recall", "recall(pairs=8..40,queries=1..8,length=900)", "passkey",
            "passkey(length=900,keys=20)",
        ] {
            for sample in samples(try TaskRegistry.task(text), 100) {
                let words = sample.prompt.dropFirst(2).split { " ;".contains($0) }
                let queries = try #require(words.last).dropLast().split(separator: ",")
                let found = queries.map { query in
                    words.filter { $0.hasPrefix("\(query)=") }
                }
                #expect(found.allSatisfy { $0.count == 1 })
                let pairs = found.joined().joined(separator: ",")
                #expect(
                    sample.answer == (text.hasPrefix("passkey") ? "\(pairs.dropFirst(3))" : pairs))
                let keys = words.filter { $0.contains("=") }
                #expect(keys.count == sample.parameters["pairs"] ?? sample.parameters["keys"])
            }
        }
    }

    @Test func passkeyStandsAtItsDepth() throws {
        for depth in [0, 25, 50, 100] {
            let task = try TaskRegistry.task("passkey(length=5000,depth=\(depth),keys=1..3)")
            for sample in samples(task, 20) {
                let place = try #require(sample.prompt.firstRange(of: "=\(sample.answer)"))
                let offset = sample.prompt.utf8.distance(
                    from: sample.prompt.startIndex, to: place.lowerBound)
                #expect(abs(offset - 50 * depth) < 60, "\(offset)")
            }
        }
    }
}
