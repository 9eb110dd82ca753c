/// What can be wrong with a file that is read or written: a closed list, each case with the values
/// a caller may branch on.
///
/// The wording lives in `FormatError+Description.swift`, so that it is edited in one place.

public import MartletKernels

/// An error of reading or writing a file of a model.
///
/// Every description says what was wrong and where, what was found, what was expected, and what to
/// do.
public enum FormatError: Error, Hashable, Sendable {
    /// Nothing is at `path`; `role` says what it would have been ("configuration", "shard").
    case notFound(path: String, role: String, advice: String)
    /// Something is at `path`, but of another kind ("a directory" where "a file" was expected).
    case wrongKind(path: String, got: String, expected: String, advice: String)
    /// The system refused an operation on `path` for `reason`.
    case inputOutput(path: String, operation: String, reason: String)
    /// The directory or file holds weights in a format that this library does not read.
    case unsupportedFormat(path: String, got: String, advice: String)
    /// A checkpoint is already at `path`, and the caller did not ask to replace it.
    case alreadyExists(path: String)

    /// The text of `file` is not JSON, at byte `offset`.
    case malformedJSON(file: String, offset: Int, got: String, expected: String)
    /// A required key of a configuration is absent.
    case missingKey(file: String, key: String, expected: String)
    /// The value of a configuration key is of the wrong type or out of its range.
    case wrongValue(file: String, key: String, got: String, expected: String)

    /// A part of a weight file other than a tensor's own entry is wrong ("header length").
    case malformedFile(file: String, part: String, got: String, expected: String)
    /// One field of one tensor's entry is wrong ("shape", "data_offsets", "name").
    case malformedTensor(
        file: String, tensor: String, field: String, got: String, expected: String)
    /// The element type of a tensor is not one of `DType`.
    case unsupportedDType(file: String, tensor: String, got: String)
    /// No tensor of that name is in the checkpoint at `path`.
    case missingTensor(path: String, tensor: String)
    /// The same tensor is stored in two shards.
    case duplicateTensor(tensor: String, files: [String])
    /// The shard index and the shards disagree about a tensor or a file.
    case malformedIndex(file: String, entry: String, got: String, expected: String)

    /// A tensor does not have the shape that the configuration asks for.
    case shapeMismatch(file: String, tensor: String, got: [Int], expected: [Int])
    /// A tensor has an element type that its use does not allow.
    case dtypeMismatch(file: String, tensor: String, got: DType, expected: [DType])
    /// A tensor that is needed has no elements.
    case emptyTensor(file: String, tensor: String, shape: [Int])
}
