/// A program to be written, as a line of a file says it; runs nothing.

import Foundation
import MartletJSON

/// The beginning of a program, and tests of the whole.
struct ProgramProblem: Sendable {
    /// What the model goes on from: imports, a signature, a description.
    var prompt: String
    /// Defines `check(candidate)`, or tests what the prompt defines when there is no ``entryPoint``.
    var test: String
    /// The function that `check` is given.
    var entryPoint: String?
    /// A right continuation, where the file has one.
    var solution: String?
    /// The line.
    var place: Int

    /// Reads a line in HumanEval's form (2107.03374): `prompt`, `test`, and, if wanted, `entry_point` and
    /// `canonical_solution`.
    static func problems(of line: JSONObject, place: Int) throws(Refusal) -> [ProgramProblem] {
        let prompt = try FileProblem.text(line, "prompt")
        let test = try FileProblem.text(line, "test")
        var entryPoint: String?
        if line["entry_point"] != nil {
            let name = try FileProblem.text(line, "entry_point")
            // It becomes part of a program.
            guard name.wholeMatch(of: /[\p{L}_][\p{L}\p{Nd}_]*/) != nil else {
                throw Refusal(
                    got: "the entry_point \(TaskError.quoted(name))",
                    expected: "the name of a function")
            }
            entryPoint = name
        }
        let solution =
            line["canonical_solution"] == nil
            ? nil : try FileProblem.text(line, "canonical_solution")
        return [
            ProgramProblem(
                prompt: prompt, test: test, entryPoint: entryPoint, solution: solution,
                place: place)
        ]
    }

    /// Whether a continuation passes the tests.
    func passes(_ continuation: String, _ runner: ProgramRunner) -> Bool {
        guard let entryPoint else {
            return runner.passes("\(prompt)\(continuation)\n\(test)\n")
        }
        return runner.passes(
            prompt + continuation, frame: prompt, test: test, function: entryPoint)
    }
}
