/// What can be wrong with a task's text, and one sentence for each.

import MartletJSON

/// Why a task's text was refused. Each case carries values; ``description`` makes the sentence.
public enum TaskError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The text does not follow the grammar. `column` counts characters from 1.
    case malformed(text: String, column: Int, got: String, expected: String)
    /// No task has this name.
    case unknownTask(name: String, available: [String])
    /// A parameter is unknown, or has a value that the task does not take.
    case badParameter(task: String, parameter: String, got: String, expected: String)
    /// A mixture has no component, or too many.
    case badMixture(got: String, expected: String)

    /// A file of problems has none, or a line that is no problem. `line` counts from 1; nil for the whole file.
    case badFile(path: String, line: Int?, got: String, expected: String)
    /// There is no such file of problems.
    case missingFile(path: String, expected: String)

    /// This machine cannot judge a task's solutions.
    case cannotJudge(task: String, got: String, advice: String)

    /// What, where, got, expected and what to do, in one sentence.
    public var description: String {
        switch self {
        case .malformed(let text, let column, let got, let expected):
            "task \(Self.quoted(text)), column \(column): got \(got), expected \(expected); write "
                + "it like chain(steps=4..8, modulus=97)."
        case .unknownTask(let name, let available):
            "task \(Self.quoted(name)) is unknown, expected one of "
                + "\(available.joined(separator: ", ")); use one of these names."
        case .badParameter(let task, let parameter, let got, let expected):
            "task \(task), \(Self.clipped(parameter)): got \(Self.clipped(got)), expected "
                + "\(expected); correct or remove it."
        case .badMixture(let got, let expected):
            "task mixture: got \(got), expected \(expected); write it like mixture(addition, "
                + "chain(steps=4))."
        case .badFile(let path, let line, let got, let expected):
            "\(path)\(line.map { ", line \($0)" } ?? ""): got \(excerpt(got)), expected \(expected); correct "
                + "the file, or name another."
        case .missingFile(let path, let expected):
            "\(path): got no such file, expected \(expected); correct the name."
        case .cannotJudge(let task, let got, let advice):
            "task \(task) cannot be judged here: got \(got); \(advice)."
        }
    }

    /// Hostile text must not flood a terminal.
    static func clipped(_ text: String) -> String {
        text.count <= 80 ? text : text.prefix(77) + "..."
    }

    /// In quotation marks, with line breaks and the like escaped.
    static func quoted(_ text: String) -> String { String(reflecting: clipped(text)) }
}
