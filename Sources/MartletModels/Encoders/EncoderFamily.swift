// What a family of encoders is: a table of tensors, and how config.json is read.

import MartletFormats

/// A family of encoders: one value in one file, listed in ``EncoderRegistry``.
struct EncoderFamily: Sendable {
    /// `model_type` of its configurations.
    let modelType: String
    /// What GGUF calls it; nil where it has no name there.
    let gguf: EncoderGGUFNaming?
    /// Tells its configurations from those of decoders of the same type.
    let mark: String?
    /// The keys of `config.json` that ``read`` is handed. Any other is refused unless it is known to change nothing.
    let keys: Set<String>
    private let read: @Sendable (EncoderFamily, ConfigurationFile) throws -> EncoderPlan

    /// - Parameters:
    ///   - mark: a key that is true in its configurations, where decoders are of the same type.
    ///   - read: makes a plan of what the configuration says, of which it sees only `keys`.
    init(
        _ modelType: String, mark: String? = nil, keys: Set<String>,
        gguf: EncoderGGUFNaming? = nil,
        read: @escaping @Sendable (EncoderFamily, ConfigurationFile) throws -> EncoderPlan
    ) {
        self.modelType = modelType
        self.mark = mark
        self.keys = keys
        self.gguf = gguf
        self.read = read
    }

    /// The model that a configuration describes.
    func plan(_ file: ConfigurationFile) throws(ModelError) -> EncoderPlan {
        do {
            try file.requireNoOthers(
                than: keys.union(Self.keysOfEveryFamily).union(ForeignKeys.all),
                reader: "a \(modelType) encoder")
            return try read(self, file.keeping(keys))
        } catch let error as FormatError {
            throw .format(error)
        } catch let error as ModelError {
            throw error
        } catch {
            preconditionFailure("EncoderFamily: unexpected \(error)")
        }
    }

    /// What is read of every configuration, or belongs to the head that predicts masked tokens, which is not run.
    private static let keysOfEveryFamily: Set<String> = [
        "model_type", "architectures", "eos_token_id", "tie_word_embeddings", "num_key_value_heads",
    ]
}

/// What GGUF calls a family of encoders and its numbers.
struct EncoderGGUFNaming: Sendable {
    /// `general.architecture`, which its keys begin with.
    let architecture: String
    /// Keys, without the architecture's name, that mean what a key of `config.json` means.
    let keys: [String: String]
    /// Names of tensors that differ from those of other encoders.
    var names: [EncoderRole: String] = [:]
    /// Norms are stored with the 1 that a directory leaves out.
    var holdsWholeNorms = false
    /// Readers take GELU's tanh form for granted, not the exact one.
    var approximatesGELU = false
    /// Which layers see the whole text where others have a window: of so many one, number `place`; nil where none has.
    var wholeLayers: (period: Int, place: Int)?
    /// There are names for products after pooling.
    var namesProducts = false

    /// Whether the family has keys for heads that are not as wide as their share of the channels.
    var namesHeadWidth: Bool { keys["attention.key_length"] != nil }

    /// Sizes and constants of BERT and its descendants, as they spell their keys.
    static let bertLike: [String: String] = [
        "block_count": "num_hidden_layers",
        "context_length": "max_position_embeddings",
        "embedding_length": "hidden_size",
        "feed_forward_length": "intermediate_size",
        "attention.head_count": "num_attention_heads",
        "attention.layer_norm_epsilon": "layer_norm_eps",
    ]
}

/// All families of encoders.
enum EncoderRegistry {
    static let families: [EncoderFamily] = [
        .bert, .roberta, .xlmRoberta, .nomicBert, .modernBert, .gemma3Encoder,
    ]

    /// The family of a configuration; nil where it is not of an encoder.
    static func family(_ file: ConfigurationFile) -> EncoderFamily? {
        let type = file.value("model_type")?.stringValue
        return families.first { family in
            family.modelType == type
                && family.mark.map { file.value($0)?.boolValue == true } ?? true
        }
    }

    /// The family that a GGUF file names; nil where it is not an encoder's.
    static func family(_ file: GGUFFile) -> (EncoderFamily, EncoderGGUFNaming)? {
        let name = file["general.architecture"]?.text
        for family in families {
            guard let naming = family.gguf, naming.architecture == name else { continue }
            return (family, naming)
        }
        return nil
    }
}
