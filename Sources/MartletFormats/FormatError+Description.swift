/// The sentences of ``FormatError``: what, where, got, expected, what to do.

import MartletKernels
import MartletJSON

extension FormatError: CustomStringConvertible {
    /// One sentence that names the file and the tensor or key, what was found, what was expected
    /// and what to do.
    public var description: String {
        switch self {
        case .notFound(let path, let role, let advice):
            "no \(role) at \(printable(path)): \(advice)"
        case .wrongKind(let path, let got, let expected, let advice):
            "\(printable(path)) is \(got), expected \(expected): \(advice)"
        case .inputOutput(let path, let operation, let reason):
            "cannot \(operation) \(printable(path)): \(reason)"
        case .unsupportedFormat(let path, let got, let advice):
            "\(printable(path)) has no weights that can be read, got \(got): \(advice)"
        case .alreadyExists(let path):
            "\(printable(path)) already holds a checkpoint: choose another directory or ask to "
                + "replace it"
        case .malformedJSON(let file, let offset, let got, let expected):
            JSONError(file: file, offset: offset, got: got, expected: expected).description
        case .missingKey(let file, let key, let expected):
            "\(printable(file)) has no key \(quoted(key)), expected \(expected): add the key, or "
                + "check that the file belongs to this model"
        case .wrongValue(let file, let key, let got, let expected):
            "\(printable(file)): \(quoted(key)) is \(got), expected \(expected): correct the value"
        case .malformedFile(let file, let part, let got, let expected):
            "\(printable(file)): \(part) is \(got), expected \(expected): \(damagedAdvice)"
        case .malformedTensor(let file, let tensor, let field, let got, let expected):
            "\(printable(file)): \(field) of tensor \(quoted(tensor)) is \(got), expected "
                + "\(expected): \(damagedAdvice)"
        case .unsupportedDType(let file, let tensor, let got):
            "\(printable(file)): element type of tensor \(quoted(tensor)) is \(got), expected one "
                + "of \(list(DType.allCases)): convert the checkpoint to one of these"
        case .missingTensor(let path, let tensor):
            "\(printable(path)) has no tensor \(quoted(tensor)): check that the weights belong to "
                + "this config.json"
        case .duplicateTensor(let tensor, let files):
            "tensor \(quoted(tensor)) is in \(files.map(printable).joined(separator: " and in ")), "
                + "expected one file: remove the files that do not belong to this checkpoint"
        case .malformedIndex(let file, let entry, let got, let expected):
            "\(printable(file)): \(quoted(entry)) is \(got), expected \(expected): download the "
                + "index and the shards of one revision again"
        case .shapeMismatch(let file, let tensor, let got, let expected):
            "\(printable(file)): shape of tensor \(quoted(tensor)) is \(got), expected \(expected): "
                + "check that the weights belong to this config.json"
        case .dtypeMismatch(let file, let tensor, let got, let expected):
            "\(printable(file)): element type of tensor \(quoted(tensor)) is \(got.rawValue), "
                + "expected \(list(expected)): convert the checkpoint to one of these"
        case .emptyTensor(let file, let tensor, let shape):
            "\(printable(file)): tensor \(quoted(tensor)) has no elements, got shape \(shape), "
                + "expected at least one element: check that the weights are complete"
        }
    }

    private var damagedAdvice: String {
        "the file is damaged or incomplete, download or write it again"
    }

    private func list(_ types: [DType]) -> String {
        types.map(\.rawValue).joined(separator: ", ")
    }
}
