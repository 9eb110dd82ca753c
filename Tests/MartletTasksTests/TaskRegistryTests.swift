/// Text to tasks: canonical names, every refusal in one sentence, and damaged text.

import MartletTasks
import Testing

@Suite struct TaskRegistryTests {
    private func failure(_ text: String) -> String? {
        do {
            _ = try TaskRegistry.task(text)
            return nil
        } catch {
            return error.description
        }
    }

    @Test(arguments: [
        ("chain", "chain(steps=4..8,modulus=97)"),
        (" chain ( modulus = 53 , steps=6 ) ", "chain(steps=6,modulus=53)"),
        ("chain()", "chain(steps=4..8,modulus=97)"),
        ("chain(steps=5..5)", "chain(steps=5,modulus=97)"),
        ("variables(length=1000)", "variables(length=1000,hops=2..4)"),
        ("recall(length=900)", "recall(pairs=4..32,queries=1..8,length=900)"),
        ("reasoning", "reasoning"), ("memory()", "memory"),
        ("niah", "niah(length=32000,queries=4)"),
        (
            "common-words(rare-frequency=2)",
            "common-words(length=32000,common=10,frequency=30,rare-frequency=2)"
        ),
        ("ruler-vt", "ruler-vt(length=16000,chains=1,hops=4)"),
        ("ruler-niah-multivalue", "ruler-niah-multivalue(length=16000,values=4)"),
        (
            "mixture( addition , mixture(memory), sorting(count=4))",
            "mixture(addition(digits=2..6,terms=2),mixture(memory),sorting(count=4))"
        ),
    ])
    func canonicalNames(text: String, expected: String) throws {
        let task = try TaskRegistry.task(text)
        #expect(task.name == expected)
        #expect(try TaskRegistry.task(task.name).name == expected)
    }

    @Test func entriesDescribeThemselves() throws {
        #expect(Set(TaskRegistry.all.map(\.name)).count == TaskRegistry.all.count)
        for entry in TaskRegistry.all {
            #expect(!entry.summary.isEmpty)
            _ = try TaskRegistry.task(entry.name)
            for parameter in entry.parameters {
                #expect(!parameter.summary.isEmpty)
                let (lower, upper) = (parameter.limits.lowerBound, parameter.limits.upperBound)
                #expect(failure("\(entry.name)(\(parameter.name)=\(lower - 1))") != nil)
                #expect(failure("\(entry.name)(\(parameter.name)=\(upper + 1))") != nil)
                if let text = parameter.defaultText {
                    #expect(failure("\(entry.name)(\(parameter.name)=\(text))") == nil)
                }
                let range = failure("\(entry.name)(\(parameter.name)=\(lower)..\(lower + 1))")
                if !parameter.takesRange { #expect(range?.contains("one integer") == true) }
            }
        }
    }

    @Test(arguments: [
        ("", "task \"\", column 1: got the end of the text, expected a task's name"),
        ("7", "column 1: got \"7\", expected a task's name"),
        ("nothing", "task \"nothing\" is unknown, expected one of addition, multiplication"),
        ("chain(", "column 7: got the end of the text, expected parameter=value or a task"),
        ("chain(steps=4", "column 14: got the end of the text, expected \",\" or \")\""),
        ("chain(steps=4))", "column 15: got \")\", expected the end of the text"),
        ("chain(steps 4)", "column 13: got \"4\""),
        ("chain(steps=)", "column 13: got \")\", expected an integer, or a range like 4..8"),
        ("chain(steps=4.5)", "column 15: got \"5\", expected \"..\""),
        ("chain(steps=4..)", "column 16: got \")\", expected an integer"),
        ("chain(steps=8..4)", "column 13: got 8..4, expected a range with its lower end first"),
        ("chain(steps=4,steps=5)", "column 15: got steps again, expected each parameter once"),
        ("chain(steps=99999999999999999999)", "expected an integer within 64 bits"),
        (
            "chain(steps=9223372036854775807)",
            "task chain, steps: got 9223372036854775807, expected"
        ),
        (
            "chain(steps=-9223372036854775808..9223372036854775807)",
            "from 2 to 25; correct or remove"
        ),
        (
            "chain(step=4)",
            "task chain, step: got an unknown parameter, expected one of steps, modulus"
        ),
        ("chain(sorting)", "task chain, sorting: got a task, expected parameter=value"),
        (
            "addition(digits=1)",
            "task addition, digits: got 1, expected an integer or a range from 2"
        ),
        ("countdown(maximum=30..60)", "expected one integer from 20 to 9999"),
        (
            "countdown(maximum=20,largest=201)",
            "largest: got 201, expected at most ten times maximum"
        ),
        ("variables(count=4,hops=4)", "hops: got 4, expected less than count"),
        ("variables(count=9,length=500)", "count: got count and length, expected one of the two"),
        ("variables(length=128,hops=64)", "length: got 128, expected at least"),
        ("recall(pairs=100,length=200)", "length: got 200, expected at least"),
        ("passkey(length=99,keys=11)", "length: got 99, expected at least 105 for 11 keys"),
        ("reasoning(steps=4)", "task reasoning, steps: got an unknown parameter, expected no"),
        ("reasoning(chain)", "task reasoning, chain: got a task, expected no parameters"),
        ("mixture", "task mixture: got 0 tasks, expected 1 to 64"),
        ("mixture(steps=4)", "task mixture: got the parameter steps, expected tasks only"),
        ("mixture(chain,nothing)", "task \"nothing\" is unknown"),
        ("chäin", "column 3: got \"ä\", expected the end of the text"),
        ("chain(steps=٤)", "column 13: got \"٤\", expected an integer"),
    ])
    func refusals(text: String, expected: String) throws {
        let message = try #require(failure(text))
        #expect(message.contains(expected), "\(message)")
        #expect(message.hasPrefix("task ") && message.hasSuffix("."))
    }

    @Test func hostileSizesAreRefusedQuickly() throws {
        let many = String(repeating: "chain,", count: 70)
        #expect(failure("mixture(\(many)chain)")?.contains("got 71 tasks") == true)
        let deep = String(repeating: "mixture(", count: 400)
        #expect(failure(deep)?.contains("at most 8 levels") == true)
        #expect(failure(String(repeating: "(", count: 100_000))?.contains("at most 4096") == true)
        let name = String(repeating: "x", count: 4_000)
        // An unknown name is answered with all that are known, but not with the whole of itself.
        let shortest = try #require(failure("x")).count
        #expect((failure(name)?.count ?? 0) < shortest + 100)
        #expect((failure("chain(\(name)=4)")?.count ?? 0) < 400)
        #expect((failure("chain(steps=\(String(repeating: "9", count: 4_000)))")?.count ?? 0) < 400)
        #expect(failure("chain(\n\u{7}")?.contains("\n") == false)
    }

    @Test func damagedTextMakesAnErrorOrATask() {
        var random = TaskTestRandom(state: 11)
        let alphabet = Array("abcz019(),.=-_ \n\u{301}é") + Array("9999")
        let texts = taskTexts + longContextTexts
        var tasks = 0
        for number in 0..<2_000 {
            var text = Array(texts[number % texts.count])
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<max(1, text.count), using: &random)
                switch Int.random(in: 0..<6, using: &random) {
                case 4, 5:  // another value: most of what is accepted comes from here
                    guard
                        let digit = text.indices.filter({ text[$0].isNumber })
                            .randomElement(using: &random)
                    else { continue }
                    text[digit] = "0123456789".randomElement(using: &random) ?? "0"
                case 0 where !text.isEmpty: text.remove(at: place)
                case 1: text.removeLast(text.count - min(place, text.count))
                case 2 where !text.isEmpty:
                    text[place] = alphabet.randomElement(using: &random) ?? "0"
                default:
                    text.insert(
                        alphabet.randomElement(using: &random) ?? "0", at: min(place, text.count))
                }
            }
            guard let task = try? TaskRegistry.task(String(text)) else {
                #expect(failure(String(text))?.hasSuffix(".") == true)
                continue
            }
            tasks += 1
            // What is accepted must work.
            for split in TaskSplit.allCases {
                let sample = task.sample(seed: 1, index: number, split: split)
                #expect(task.score(sample.completion, sample) == 1)
                #expect(sample.completion.utf8.count <= task.maximumCompletionLength)
                #expect(sample.prompt.utf8.count <= task.maximumPromptLength)
            }
        }
        #expect((200..<1_800).contains(tasks))
    }
}
