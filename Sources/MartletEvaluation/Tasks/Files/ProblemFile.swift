/// From a file to problems; knows the containers, not what a problem is.

import Foundation
import MartletFormats

enum ProblemFile {
    /// Larger files are no lists of problems.
    static let maximumBytes = 1 << 30

    /// The problems of a file: JSON lines, or one JSON object in the layout of SQuAD.
    ///
    /// Throws ``TaskError/badFile(path:line:got:expected:)``.
    static func read(_ path: String) throws(TaskError) -> [FileProblem] {
        func bad(_ line: Int?, _ got: String, _ expected: String) -> TaskError {
            .badFile(path: path, line: line, got: got, expected: expected)
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw bad(nil, "no such file", "JSON lines with prompt and answer")
        }
        guard !isFolder.boolValue,
            let data = try? Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
        else { throw bad(nil, "what cannot be read", "a file with read permission") }
        guard data.count <= maximumBytes else {
            throw bad(nil, "\(data.count) bytes", "at most \(maximumBytes)")
        }
        var problems: [FileProblem] = []
        do throws(Refusal) {
            if let root = squad(data) {
                problems = try FileProblem.problems(ofSQuAD: root)
            }
        } catch { throw bad(nil, error.got, error.expected) }
        if problems.isEmpty { problems = try lines(data, bad) }
        guard !problems.isEmpty else { throw bad(nil, "no problem", "at least one") }
        return problems
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

    private static func lines(
        _ data: Data, _ bad: (Int?, String, String) -> TaskError
    ) throws(TaskError) -> [FileProblem] {
        var problems: [FileProblem] = []
        var number = 0
        for line in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let bytes = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            guard bytes.contains(where: { $0 != UInt8(ascii: " ") }) else { continue }
            guard let object = try? JSONValue.parse([UInt8](bytes)).objectValue else {
                throw bad(number, "what is not a JSON object", "one object on each line")
            }
            do throws(Refusal) {
                problems += try FileProblem.problems(of: object, place: number)
            } catch { throw bad(number, error.got, error.expected) }
        }
        return problems
    }
}
