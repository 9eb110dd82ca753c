/// From a file to problems; knows the containers, not what a problem is.

import Foundation
import MartletJSON

enum ProblemFile {
    /// Larger files are no lists of problems.
    static let maximumBytes = 1 << 30

    /// The problems of a file: JSON lines, or one JSON object in the layout of SQuAD.
    ///
    /// Throws ``TaskError/badFile(path:line:got:expected:)``.
    static func read(_ path: String) throws(TaskError) -> [FileProblem] {
        let data = try contents(of: path)
        var problems: [FileProblem] = []
        do throws(Refusal) {
            if let root = squad(data) {
                problems = try FileProblem.problems(ofSQuAD: root)
            }
        } catch { throw bad(path, nil, error) }
        if problems.isEmpty { problems = try lines(data, path, FileProblem.problems(of:place:)) }
        return problems
    }

    /// The programs of a file of JSON lines. Throws ``TaskError/badFile(path:line:got:expected:)``.
    static func programs(_ path: String) throws(TaskError) -> [ProgramProblem] {
        try lines(try contents(of: path), path, ProgramProblem.problems(of:place:))
    }

    private static func bad(_ path: String, _ line: Int?, _ refusal: Refusal) -> TaskError {
        .badFile(path: path, line: line, got: refusal.got, expected: refusal.expected)
    }

    private static func contents(of path: String) throws(TaskError) -> Data {
        func bad(_ got: String, _ expected: String) -> TaskError {
            Self.bad(path, nil, Refusal(got: got, expected: expected))
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw .missingFile(path: path, expected: "JSON lines with prompt and answer")
        }
        let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        guard (size ?? 0) <= maximumBytes else {
            throw bad("\(size ?? 0) bytes", "at most \(maximumBytes)")
        }
        // Read, not mapped: a file that is cut meanwhile would end the process.
        guard !isFolder.boolValue, let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw bad("what cannot be read", "a file with read permission")
        }
        guard !data.starts(with: [0x1F, 0x8B]) else {
            throw bad("a file packed by gzip", "plain text; unpack it with gunzip")
        }
        return data
    }

    /// A whole file that is one object with articles in it.
    private static func squad(_ data: Data) -> JSONObject? {
        let lineBreak = UInt8(ascii: "\n")
        let first = data.prefix { $0 != lineBreak }
        // A first line that is an object by itself begins a file of lines.
        if let line = try? JSONValue.parse([UInt8](first)).objectValue, line["data"] == nil {
            return nil
        }
        guard let root = try? JSONValue.parse([UInt8](data)).objectValue,
            root["data"]?.arrayValue != nil
        else { return nil }
        return root
    }

    private static func lines<Problem>(
        _ data: Data, _ path: String,
        _ parse: (JSONObject, Int) throws(Refusal) -> [Problem]
    ) throws(TaskError) -> [Problem] {
        var problems: [Problem] = []
        var number = 0
        for line in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let bytes = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            guard bytes.contains(where: { $0 != UInt8(ascii: " ") }) else { continue }
            guard let object = try? JSONValue.parse([UInt8](bytes)).objectValue else {
                throw bad(
                    path, number,
                    Refusal(got: "what is not a JSON object", expected: "one object on each line"))
            }
            do throws(Refusal) {
                problems += try parse(object, number)
            } catch { throw bad(path, number, error) }
        }
        guard !problems.isEmpty else {
            throw bad(path, nil, Refusal(got: "no problem", expected: "at least one"))
        }
        return problems
    }
}
