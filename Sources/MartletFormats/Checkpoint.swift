/// An open model: a configuration and tensors, whatever they were read from.

/// What a model is made from. A format makes one of its own parts; a model directory in the Hugging Face layout is
/// opened by ``init(directory:)``.
public struct Checkpoint: Sendable {
    /// The directory in which its files lie, or the file that it is.
    public let directory: String
    /// The content of `config.json`.
    public let configuration: ConfigurationFile
    /// The content of `generation_config.json`: what its makers advise; nil when there is none that can be read.
    public let generation: ConfigurationFile?
    /// The weights.
    public let tensors: any TensorSource
    /// The file that holds metadata of a GGUF model; nil for other formats.
    package let metadata: GGUFFile?
    /// Matrices that a GGUF file multiplies a text's pooled vector with, in their order; those of a directory are
    /// modules of their own.
    package let products: [TensorEntry]

    package static let configurationName = "config.json"
    static let generationName = "generation_config.json"

    /// A model of parts that were opened elsewhere.
    public init(
        directory: String, configuration: ConfigurationFile, generation: ConfigurationFile? = nil,
        tensors: any TensorSource
    ) {
        self.init(
            directory: directory, configuration: configuration, generation: generation,
            tensors: tensors, metadata: nil)
    }

    /// A model of parts that were opened elsewhere, with a GGUF file's metadata.
    package init(
        directory: String, configuration: ConfigurationFile, generation: ConfigurationFile? = nil,
        tensors: any TensorSource, metadata: GGUFFile?, products: [TensorEntry] = []
    ) {
        self.products = products
        self.metadata = metadata
        self.directory = directory
        self.configuration = configuration
        self.generation = generation
        self.tensors = tensors
    }

    /// Opens the model in `directory`: reads the configuration, maps the weights and checks every
    /// header.
    ///
    /// - Throws: ``FormatError`` when the directory, its configuration or its weights are missing
    ///   or malformed.
    public init(directory: String) throws(FormatError) {
        try Self.checkIsModelDirectory(directory)
        let path = FileSystem.join(directory, Self.configurationName)
        guard FileSystem.kind(of: path) != .nothing else {
            throw FormatError.notFound(
                path: path, role: "configuration",
                advice: "give a complete Hugging Face model directory, with config.json and "
                    + "model.safetensors")
        }
        let configuration = try ConfigurationFile(path: path)
        // Before the weights, whose types would be refused without saying who made them.
        let method = try configuration.quantisation()
        self.init(
            directory: directory, configuration: configuration,
            generation: try? ConfigurationFile(
                path: FileSystem.join(directory, Self.generationName)),
            tensors: try QuantisedTensors.reading(
                SafetensorsDirectory(directory), method, configuration))
    }

    private static func checkIsModelDirectory(_ path: String) throws(FormatError) {
        switch FileSystem.kind(of: path) {
        case .directory: return
        case .nothing:
            throw FormatError.notFound(
                path: path, role: "model directory",
                advice: "check the path, or download the model first")
        case .file, .other:
            let advice =
                if path.hasSuffix(".safetensors") {
                    "give the directory that holds it and its config.json"
                } else if path.hasSuffix(".gguf") {
                    "a GGUF file is a model of its own, give it where a model is asked for"
                } else {
                    "give a Hugging Face model directory, with config.json and model.safetensors"
                }
            throw FormatError.wrongKind(
                path: path, got: "a file", expected: "a directory", advice: advice)
        }
    }
}
