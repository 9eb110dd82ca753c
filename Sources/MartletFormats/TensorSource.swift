/// Where a model's tensors are read from, whatever the format of the files.

public import MartletKernels

/// Stored tensors by name: their types, shapes and bytes.
///
/// One conformance is one format: ``SafetensorsDirectory``. It checks everything that a file says before it hands
/// out an entry, and refuses to know what tensors are for.
public protocol TensorSource: Sendable {
    /// What errors name: the file, or the directory of several.
    var path: String { get }
    /// The files that hold the tensors.
    var files: [MappedFile] { get }
    /// The tensors as they are stored, in the order of their bytes.
    var entries: [TensorEntry] { get }
    /// Whether every matrix is stored as [outputs][inputs], also those that their family stores the other way round. What
    /// wraps another source says what that one does.
    var storesOutputsFirst: Bool { get }
    /// Whether there is a tensor called `name`.
    func contains(_ name: String) -> Bool
    /// The tensor called `name`, ready to be read as numbers; nil when there is none.
    func find(_ name: String) throws(FormatError) -> TensorEntry?
}

extension TensorSource {
    /// The names of all tensors, in the order of their bytes.
    public var names: [String] { entries.map(\.name) }

    /// The stored bytes of all tensors.
    public var weightBytes: Int { entries.reduce(0) { $0 + $1.byteCount } }

    /// The tensor called `name`; one of integers comes with its scales.
    ///
    /// - Throws: ``FormatError/missingTensor(path:tensor:)``, or what is wrong with its scales.
    public func tensor(_ name: String) throws(FormatError) -> TensorEntry {
        guard let entry = try find(name) else {
            throw FormatError.missingTensor(path: path, tensor: name)
        }
        return entry
    }

    /// The tensor called `name`, which must have this shape, one of these types and at least one
    /// element.
    ///
    /// - Parameters:
    ///   - name: the name in the file.
    ///   - shape: the shape that the configuration asks for; nil allows any.
    ///   - dtypes: the element types that the caller can use.
    /// - Throws: ``FormatError`` naming the file, the tensor, what was found and what was expected.
    public func requireTensor(
        _ name: String, shape: [Int]? = nil, dtypes: [DType] = TensorEntry.floatTypes
    ) throws(FormatError) -> TensorEntry {
        let entry = try tensor(name)
        try entry.check(shape: shape, dtypes: dtypes)
        return entry
    }

    /// Lets the pages of all files go; see ``MappedFile/releaseResident(_:)``.
    public func releaseResident() {
        for file in files { file.releaseResident() }
    }
}
