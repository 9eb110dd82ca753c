/// Problems of files: every form, every way to judge, and what is wrong by its line.

import Foundation
import Testing

@testable import MartletTasks

@Suite struct FileTaskTests {
    private func task(_ text: String) throws -> any EvaluationTask {
        let path = NSTemporaryDirectory() + "/martlet-problems-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(text.utf8).write(to: URL(filePath: path))
        return try TaskLocator.task("file:\(path)")
    }

    private func score(_ task: any EvaluationTask, _ index: Int, _ text: String) -> Double {
        task.score(text, task.sample(seed: 1, index: index, split: .heldOut))
    }

    @Test func martletsOwnLines() throws {
        let task = try task(
            """
            {"prompt":"Capital of France?","answer":["Paris","City of Light"]}

            {"prompt":"Half?","answer":"0.50","checker":"number","layout":"number","maxTokens":9}
            {"prompt":"P:","answer":7,"layout":"scratch-pad"}\r
            """)
        #expect(task.problemCount == 3)
        let first = task.sample(seed: 5, index: 0, split: .heldOut)
        #expect(first.prompt == "Capital of France?" && first.layout == .line)
        #expect(score(task, 0, "\n  paris \nLondon") == 1)
        #expect(score(task, 0, "London\nParis") == 0)
        #expect(score(task, 1, "It is 1/2, so 0.5.") == 1)
        #expect(score(task, 1, "none") == 0)
        #expect(score(task, 2, "3+4#7") == 1)
        for index in 0..<3 {
            let sample = task.sample(seed: 0, index: index, split: .heldOut)
            #expect(task.score(sample.completion, sample) == 1)
            #expect(task.score("", sample) == 0)
        }
    }

    @Test func workedNumbers() throws {
        let task = try task(
            #"{"question":"How many?","answer":"48/2 = <<48/2=24>>24 clips.\n#### 1,072"}"#)
        let sample = task.sample(seed: 0, index: 0, split: .heldOut)
        #expect(sample.prompt == "Question: How many?\nAnswer:" && sample.message == "How many?")
        // Solutions have empty lines, and end where another question begins.
        #expect(sample.layout.stop == ["Question:"] && sample.kind == .number)
        #expect(score(task, 0, " 1000 + 72 = 1072.") == 1)
        #expect(score(task, 0, " 1072 or 1073") == 0)
        #expect(score(task, 0, "\n\n1000\n\n+ 72\n\n#### $1072.00\n\n3 checks") == 1)
        #expect(score(task, 0, "#### 1071\n#### 1072") == 1)
        #expect(score(task, 0, "#### 1.072") == 0)
        #expect(task.score(sample.completion, sample) == 1)
    }

    @Test func choicesAndManyQuestionsAtOnce() throws {
        let task = try task(
            #"""
            {"context":"A talk.","questions":["Q one? A.x B.y","Q two? A.x B.y C.z"],"answer":["B","CA"]}
            {"prompt":"Question_1: e\nAnswer_1: 5\nQuestion_8: a\nQuestion_9: b","questions":["a","b"],"answers":["x\n#### 6","#### 7"]}
            """#)
        #expect(task.problemCount == 3)
        #expect(task.sample(seed: 0, index: 0, split: .heldOut).prompt.contains("A talk."))
        #expect(score(task, 0, " (b).") == 1)
        #expect(score(task, 0, " A, B") == 0)
        #expect(score(task, 1, " A, C") == 1)
        #expect(score(task, 1, " Cab is what I take") == 0)
        #expect(
            score(task, 2, "Answer_8: 3+3. The answer is 6.\n\nAnswer_9: The answer is 8.") == 0.5)
        #expect(score(task, 2, "Answer_9: 7\nAnswer_8: 6") == 1)
    }

    @Test func squad() throws {
        let text = """
            {"data": [{"paragraphs": [{"context": "It gave up 308 points.",
              "qas": [{"question": "How many?", "answers": [{"text": "308 points"}, {"text": "the 308"}]},
                      {"question": "Nothing?", "answers": []}]}]}]}
            """
        let task = try task(text)
        #expect(task.problemCount == 1)
        #expect(score(task, 0, " 308") == 1)
        // Two of three words, two of two: 2·(2/3)/(5/3).
        #expect(score(task, 0, " About 308 points, surely.") == 0.8)
        #expect(score(task, 0, " 42") == 0)
    }

    @Test(arguments: [
        ("", "at least one"), ("{\"prompt\":\"a\"}", "line 1: got no answer"),
        ("{\"prompt\":\"a\",\"answer\":\"b\"}\nnonsense", "line 2"),
        ("{\"prompt\":\"a\",\"answer\":\"b\",\"checker\":\"magic\"}", "exact, number"),
        ("{\"prompt\":\"a\",\"answer\":\"b\",\"layout\":\"magic\"}", "scratch-pad"),
        ("{\"prompt\":\"a\",\"answer\":\"b\",\"maxTokens\":0}", "maxTokens"),
        ("{\"prompt\":\"\",\"answer\":\"b\"}", "prompt"), ("{\"x\":1}", "the keys x"),
        ("{\"question\":\"a\",\"answer\":\"b\"}", "####"),
        ("{\"question\":\"a\",\"answer\":\"#### 1.234,5\"}", "written as 1,234.5"),
        ("{\"prompt\":\"a\",\"answer\":\"Paris\",\"checker\":\"choice\"}", "letters of choices"),
        ("{\"context\":\"a\",\"questions\":[\"b\"],\"answer\":[]}", "1 questions and 0 answers"),
        ("{\"prompt\":\"a\",\"answers\":[\"b\"]}", "Question_N"), ("[1]", "line 1"),
        ("{\"data\":[{\"paragraphs\":[{}]}]}", "without context"),
    ])
    func badFilesAreNamedByLine(text: String, word: String) {
        #expect {
            _ = try task(text)
        } throws: { error in
            guard case .badFile = error as? TaskError else { return false }
            return "\(error)".contains(word)
        }
    }

    @Test func mutatedFilesNeverCrash() throws {
        let lines = [
            #"{"prompt":"a","answer":["b"],"checker":"words"}"#,
            #"{"context":"c","questions":["q"],"answer":["A"]}"#,
        ]
        let text = Array(lines.joined(separator: "\n").utf8)
        var random = TaskRandom(seed: 3, stream: 0)
        for _ in 0..<300 {
            var bytes = text
            for _ in 0...random.below(4) {
                bytes[random.below(bytes.count)] = UInt8(random.below(256))
            }
            let task = try? task(String(decoding: bytes, as: UTF8.self))
            if let task { _ = score(task, random.below(9), "A") }
        }
        #expect(throws: TaskError.self) { try TaskLocator.task("file:/none/at/all") }
        #expect(throws: TaskError.self) { try TaskLocator.task("file:/") }
        #expect(throws: TaskError.self) { try TaskRegistry.task("file:/none") }
    }

    @Test func questionsAboutOneOfManyDocuments() throws {
        let articles = (0..<30).map { number in
            let text =
                "Town \(number) has " + String(repeating: "old stone walls and ", count: number % 7)
                + "\(number * 13 + 5) wells."
            return #"""
                {"paragraphs":[{"context":"\#(text)","qas":[{"question":"How many wells has town \#(number)?",
                "answers":[{"text":"\#(number * 13 + 5)"}]}]}]}
                """#
        }
        let path = NSTemporaryDirectory() + "/martlet-documents-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("{\"data\":[\(articles.joined(separator: ","))]}".utf8).write(
            to: URL(filePath: path))
        let task = try TaskLocator.task("qa(length=2000):\(path)")
        #expect(task.problemCount == 30)
        for index in 0..<30 {
            let sample = task.sample(seed: 4, index: index, split: .heldOut)
            #expect((1800...2000).contains(sample.prompt.utf8.count))
            #expect(task.score(sample.completion, sample) == 1)
            #expect(task.score("<answer>\(index * 13 + 6)</answer>", sample) == 0)
            // The document that is asked about is there, whole, under the number that the question names.
            let number = try #require(sample.parameters["document"])
            #expect(sample.prompt.contains("Question about document \(number): How many"))
            let start = try #require(sample.prompt.range(of: "Document \(number):\n")?.upperBound)
            let document = sample.prompt[start...].prefix { $0 != "\n" }
            #expect(document.hasPrefix("Town \(index) has ") && document.hasSuffix(" wells."))
            #expect(sample == task.sample(seed: 4, index: index, split: .heldOut))
        }
        for (text, word) in [
            ("qa(length=1000000):\(path)", "at least the length"),
            ("qa(length=600):\(path)", "larger length"), ("qa(length=7):\(path)", "from 512"),
            ("qa(size=700):\(path)", "length"),
        ] {
            #expect {
                _ = try TaskLocator.task(text)
            } throws: { "\($0)".contains(word) }
        }
    }
}
