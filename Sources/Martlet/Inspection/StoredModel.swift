/// What a model's files say of it, for whoever asks before it is loaded.

import MartletFormats
package import MartletModels

/// A model as its files describe it. No weights are read.
package struct StoredModel: Sendable {
    /// `model_type` of its family.
    package let family: String
    /// The shape of what generates text; nil for an encoder, and for what is asked for vectors alone.
    package private(set) var shape: DecoderShape?
    /// Whether it is asked for vectors.
    package private(set) var makesVectors: Bool
    /// Parameters of what generates text; a tied embedding counts once.
    package private(set) var parameterCount: Int
    /// How most of its weights are stored, or as the options pack them.
    package let weightName: String
    /// Whether it is an encoder, which has no cache.
    package let isEncoder: Bool
    /// Bytes of its weights, as they are stored or as the options pack them.
    package let weightBytes: Int
    /// The text of its chat template; nil where its files have none.
    package let chatTemplate: String?
    /// Whether it is a GGUF file.
    package let isGGUF: Bool

    /// Reads the headers of a model's files; nil for random weights, and for what cannot be read.
    ///
    /// - Parameters:
    ///   - generates: whether it is asked for texts, where it can generate them.
    ///   - makesVectors: whether it is asked for vectors; an encoder is.
    package init?(
        _ name: String, options: ModelOptions, generates: Bool = true, makesVectors: Bool = false
    ) {
        guard let source = try? ModelSource(name) else { return nil }
        let text = (try? source.openCheckpoint()) ?? nil
        guard let checkpoint = text ?? ((try? source.openEncoder()) ?? nil) else { return nil }
        isEncoder = text == nil
        if text == nil {
            family = checkpoint.configuration.value("model_type")?.stringValue ?? ""
            (shape, parameterCount, chatTemplate) = (nil, 0, nil)
        } else {
            guard let plan = try? DecoderPlan.read(checkpoint.configuration) else { return nil }
            family = plan.shape.family
            shape = plan.shape
            parameterCount = plan.tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
            if let metadata = checkpoint.metadata {
                chatTemplate = ChatTemplateSource(metadata: metadata)?.template
            } else {
                let template = try? ChatTemplateSource(directory: checkpoint.directory)
                chatTemplate = (template ?? nil)?.template
            }
        }
        self.makesVectors = makesVectors || text == nil
        if !generates { (shape, parameterCount) = (nil, 0) }
        weightName =
            options.weights?.rawValue ?? StoredFiles(checkpoint).bytesByType.first?.type ?? ""
        weightBytes = checkpoint.tensors.entries.reduce(0) { bytes, entry in
            bytes + (options.weights?.layout.bytes(weights: entry.elementCount) ?? entry.byteCount)
        }
        if case .gguf = source { isGGUF = true } else { isGGUF = false }
    }
}
