// Files that a run reads again: problems, records, checkpoints, costs.

import Foundation
import MartletFormats
import MartletJSON

@testable import Martlet
@testable import MartletEvaluation
@testable import MartletTasks
@testable import MartletTraining

extension UntrustedInput {
    private static let problems = [
        #"{"prompt": "1+1=", "answer": "2", "checker": "number", "maxTokens": 64}"#,
        #"{"question": "How many?", "answer": "Two and two.\n#### 4"}"#,
        #"{"prompt": "Which?", "answer": ["A", "B"], "layout": "line"}"#,
        #"{"context": "It is so.", "questions": ["Is it (A) so (B) not?"], "answer": ["A"]}"#,
        #"{"prompt": "Answer all.\nQuestion_1: a?\nQuestion_2: b?", "questions": ["a?", "b?"], "answers": ["1", "2"]}"#,
    ]
    private static let articles = #"""
        {"version": "1.1", "data": [{"title": "T", "paragraphs": [{"context": "It was red.", "qas":
        [{"id": "1", "question": "What was it?", "answers": [{"text": "red", "answer_start": 7}]}]}]}]}
        """#
    private static let programs = #"""
        {"task_id": "a/0", "prompt": "def f(x):\n", "entry_point": "f", "canonical_solution": "  return x\n", "test": "def check(c):\n  assert c(1) == 1\n"}
        {"prompt": "x = 1\n", "test": "assert x == 1"}
        """#

    private static let answers = #"""
        {"prompt": "1+1=", "completion": "2"}
        {"prompt": "2+2=", "chains": [{"text": "4", "score": 1}, {"text": "5", "score": 0}]}
        """#

    private static func header(_ run: String) -> RunHeader {
        RunHeader(
            run: run, models: [], settings: [("task", "copy"), ("seed", .integer(3))],
            command: "martlet \(run)")
    }

    private static func lines(_ run: String, _ lines: [String]) -> [UInt8] {
        JSONValue.object(header(run).json).serialized()
            + Array(("\n" + lines.map { $0 + "\n" }.joined()).utf8)
    }

    private static let chain =
        #"{"text": "7", "answer": "7", "score": 1, "tokens": 3, "kvReads": 40.5, "peakTokens": 19, "finishReason": "stop"}"#
    private static var result: String {
        let sample = try? TaskRegistry.task("copy").sample(seed: 1, index: 0, split: .heldOut)
        let prompt = sample?.prompt ?? ""
        return
            #"{"index": 0, "task": "copy", "difficulty": 1, "prompt": "\#(prompt)", "reference": "7", "answer": "7", "score": 1, "tokens": 3, "#
            + #""kvReads": 40.5, "peakTokens": 19, "bytes": 4096, "cacheBytes": 1024, "seed": 1, "chains": [\#(chain)]}"#
    }

    /// The results of a sweep of two configurations, or of none of them.
    private static func results(rows: Bool) -> [UInt8] {
        var plan = FrontierPlan()
        plan.methods = FrontierMethod.known.filter(\.isDense)
        (plan.lengths, plan.widths, plan.samples, plan.seeds) = ([8], [1, 2], 3, [1, 2])
        plan.budgets = [.bytes: 10...1000]
        let column = ResultColumn([1, 2, 3, 4, 500, 6])
        let configurations = plan.configurations(promptTokens: 9)
        return FrontierResults(
            facts: header("frontier").json, plan: plan, promptBound: 9, shard: nil,
            sharesProblems: false, kinds: ["copy"], kindOf: [0, 0, 0, 0, 0, 0],
            models: [
                .init(
                    model: "builtin", perToken: 10, perRead: 2, movedByStep: 9, movedByRead: 3,
                    prompts: column)
            ],
            rows: rows
                ? configurations.enumerated().map { place, configuration in
                    FrontierResults.Row(
                        place: place, configuration: configuration, storage: "f16", seconds: 1.5,
                        timedProblems: 6, scores: [0, 1, 1, 0, 1, 0.5], tokens: column,
                        kvReads: column, bytesMoved: nil, peakTokens: column, bytes: column,
                        denseReads: column, denseTokens: column)
                } : []
        ).text
    }

    static let records: [UntrustedInput] = [
        UntrustedInput(
            "file of problems",
            seeds: {
                (problems + [problems.joined(separator: "\n"), articles]).map { Array($0.utf8) }
            }
        ) { bytes, folder in
            let path = try folder.write("problems.jsonl", bytes)
            _ = try ProblemFile.read(path)
            let task = try FileTask(path: path)
            _ = task.sample(seed: 1, index: 0, split: .heldOut)
        },
        UntrustedInput("file of programs", seeds: { [Array(programs.utf8)] }) { bytes, folder in
            _ = try ProblemFile.programs(folder.write("programs.jsonl", bytes))
        },
        UntrustedInput(
            "records of an evaluation", seeds: { [lines("evaluation", [result, result])] }
        ) { bytes, folder in
            let sample = try TaskRegistry.task("copy").sample(seed: 1, index: 0, split: .heldOut)
            _ = try RunRecords(folder.write("evaluation.jsonl", bytes), header("evaluation")) {
                _ = SampleResult(record: $0, index: 0, sample: sample, seed: 1)
            }
        },
        UntrustedInput(
            "records of a sweep",
            seeds: {
                let record = #"{"configuration": "tova 4x m p", "# + result.dropFirst()
                let time = #"{"configuration": "tova 4x m p", "seconds": 1.5, "problems": 2}"#
                return [lines("frontier", [record, time, record, time])]
            }
        ) { bytes, folder in
            _ = try FrontierRecords(
                path: folder.write("sweep.jsonl", bytes), header: header("frontier"))
        },
        UntrustedInput("file of answers", seeds: { [Array(answers.utf8)] }) { bytes, folder in
            _ = try AnswerExamples.read(
                folder.write("answers.jsonl", bytes), try ModelTokenizer.bytes(), promptWeight: 1)
        },
        UntrustedInput(
            "results of a sweep", seeds: { [results(rows: true), results(rows: false)] }
        ) {
            bytes, folder in
            try folder.write(FrontierResults.fileName, bytes)
            _ = try FrontierResults(folder: folder.path).report(draws: 5).json
        },
        // The same by somebody who knows how its digest is made.
        UntrustedInput("forged results of a sweep", seeds: { [results(rows: true)] }) {
            bytes, folder in
            let lines = bytes.split(separator: UInt8(ascii: "\n")).dropLast()
            let body = lines.flatMap { Array($0) + [UInt8(ascii: "\n")] }
            let digest = "{\"digest\":\"\(FileDigest.sha256(body))\"}\n"
            try folder.write(FrontierResults.fileName, body + Array(digest.utf8))
            let results = try FrontierResults(folder: folder.path)
            let report = results.report(draws: 5)
            _ = (report.json, report.csv, results.page(report).html)
            _ = try? FrontierResults.merged([("a", results), ("b", results)])
        },
        UntrustedInput(
            "log of a training",
            seeds: { [Array("{\"step\": 1, \"loss\": 2.5}\n{\"step\": 2}\n{\"step\"".utf8)] }
        ) { bytes, folder in
            _ = try MetricsLog.open(folder.write("metrics.jsonl", bytes), after: 1)
        },
        UntrustedInput(
            "state of a checkpoint", seeds: { [state()] }
        ) { bytes, folder in
            _ = try RunState.read(folder.write("training.json", bytes))
        },
        // The same by somebody who knows how its digest is made.
        UntrustedInput(
            "forged state of a checkpoint", seeds: { [state()] }
        ) { bytes, folder in
            var object = try ConfigurationFile(path: folder.write("mutant.json", bytes)).root
            let rest = JSONObject(object.members.filter { $0.key != "digest" })
            object = rest.setting(
                "digest",
                to: .string(FileDigest.sha256(JSONValue.object(rest).serialized())))
            let path = try folder.write("training.json", JSONValue.object(object).serialized())
            let (state, _, _) = try RunState.read(path)
            try state.agree(with: plan(rate: 0.5), directory: folder.path)
        },
        UntrustedInput(
            "measured sweep",
            seeds: {
                [
                    Array(
                        #"""
                        {"points": [{"method": "dense", "model": "build/m", "width": 1, "length": 64, "accuracy": 0.25, "tokens": 40.5, "promptTokens": 30},
                        {"method": "dense", "model": "build/m", "width": 4, "length": 64, "accuracy": 0.5, "tokens": 160, "promptTokens": 30},
                        {"method": "dense", "model": "build/m", "width": 4, "length": 256, "accuracy": 0.75, "tokens": 320, "promptTokens": 30}]}
                        """#.utf8)
                ]
            }
        ) { bytes, folder in
            try folder.write(MeasuredSweep.fileName, bytes)
            guard let sweep = MeasuredSweep(folder: folder.path) else { return }
            for frontier in sweep.frontiers(
                of: [(model: "m", method: "dense", storage: .floats)], promptTokens: 9)
            {
                for length in [1, 100, Int.max] {
                    _ = frontier?.expectedTokens(length: length)
                    _ = frontier?.accuracy(width: Int.max, length: length)
                }
            }
        },
        UntrustedInput(
            "costs of steps",
            seeds: {
                [Array(#"{"release 1 a": [0.001, 0.0002, 1e-9], "debug 1 b": [0.5, 0, 0]}"#.utf8)]
            }
        ) { bytes, folder in
            let path = try folder.write("costs.json", bytes)
            for cost in await CostStore(file: URL(filePath: path)).read().values {
                _ = cost.seconds(tokens: 4, reads: 1000)
            }
        },
    ]

    private static func plan(rate: Double) -> JSONObject {
        JSONObject([
            .init(key: "learningRate", value: .number(rate)),
            .init(key: "training", value: ["clip": 1]),
        ])
    }

    /// The state of a checkpoint.
    static func state() -> [UInt8] {
        RunState(
            step: 12, referenceSeconds: 1.5, optimiserSteps: 12, startSteps: [0, 3],
            smoothedLoss: 2.25, bestLoss: 2, plan: plan(rate: 1)
        ).json(base: "tensors-sha256:00", digests: ["model.safetensors": "00ff"]).serialized(
            indentation: 2)
    }
}
