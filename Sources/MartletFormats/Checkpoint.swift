/// A model directory in the Hugging Face layout: `config.json` and its safetensors, one file or
/// several with an index.
///
/// It finds and checks tensors by name, and refuses to know what they are for.

public import MartletKernels

/// An open model directory.
public final class Checkpoint: Sendable {
    /// The path of the directory.
    public let directory: String
    /// The directory's `config.json`.
    public let configuration: ConfigurationFile
    /// The weight files, one or several.
    public let files: [SafetensorsFile]
    /// The names of all tensors, in the order of their bytes.
    public let names: [String]
    /// Which file holds each tensor.
    private let owners: [String: Int]

    static let configurationName = "config.json"
    static let weightsName = "model.safetensors"
    static let indexName = "model.safetensors.index.json"

    /// Opens the model in `directory`: reads the configuration, maps the weights and checks every
    /// header.
    ///
    /// - Throws: ``FormatError`` when the directory, its configuration or its weights are missing
    ///   or malformed.
    public init(directory: String) throws(FormatError) {
        try Checkpoint.checkIsModelDirectory(directory)
        let configurationPath = FileSystem.join(directory, Checkpoint.configurationName)
        guard FileSystem.kind(of: configurationPath) != .nothing else {
            throw FormatError.notFound(
                path: configurationPath, role: "configuration",
                advice: "give a complete Hugging Face model directory, with config.json and "
                    + "model.safetensors")
        }
        self.configuration = try ConfigurationFile(path: configurationPath)
        let weights = try Checkpoint.openWeights(directory)
        self.directory = directory
        self.files = weights.files
        self.names = weights.names
        self.owners = weights.owners
    }

    /// Whether the checkpoint has a tensor called `name`.
    public func contains(_ name: String) -> Bool {
        owners[name] != nil
    }

    /// The tensor called `name`; one of 8-bit integers comes with its scales (``BlockIntegers``).
    ///
    /// - Throws: ``FormatError/missingTensor(path:tensor:)``, or what is wrong with its scales.
    public func tensor(_ name: String) throws(FormatError) -> TensorEntry {
        guard let entry = stored(name) else {
            throw FormatError.missingTensor(
                path: files.count == 1 ? files[0].path : directory, tensor: name)
        }
        return try BlockIntegers.attached(to: entry, find: stored)
    }

    private func stored(_ name: String) -> TensorEntry? {
        owners[name].flatMap { files[$0][name] }
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

    /// The stored bytes of all tensors.
    public var weightBytes: Int {
        files.reduce(0) { sum, file in file.entries.reduce(sum) { $0 + $1.byteCount } }
    }

    /// Lets the pages of all weight files go; see ``MappedFile/releaseResident(_:)``.
    public func releaseResident() {
        for file in files { file.file.releaseResident() }
    }
}
