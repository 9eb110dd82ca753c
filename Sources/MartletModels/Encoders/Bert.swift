// BERT, RoBERTa and XLM-RoBERTa: learned positions, norms after attention and MLP, GELU.

import MartletFormats

extension EncoderFamily {
    /// BERT: MiniLM, BGE, E5, GTE and most embedding models of their size.
    static let bert = EncoderFamily(
        "bert", keys: .bertLike, gguf: .bert
    ) { family, file in
        try family.bertLike(file, prefixes: ["", "bert.", "model."], firstPosition: 0)
    }

    /// RoBERTa: positions begin after that of padding.
    static let roberta = EncoderFamily(
        "roberta", keys: Set.bertLike.union(["pad_token_id"]), gguf: .bert
    ) { family, file in
        try family.robertaLike(file)
    }

    /// XLM-RoBERTa: E5 and BGE of many languages.
    static let xlmRoberta = EncoderFamily(
        "xlm-roberta", keys: Set.bertLike.union(["pad_token_id"]), gguf: .bert
    ) { family, file in
        try family.robertaLike(file)
    }

    private func robertaLike(_ file: ConfigurationFile) throws -> EncoderPlan {
        let padding = try file.int("pad_token_id", default: 1, in: 0...largestEncoderSize)
        return try bertLike(
            file, prefixes: ["", "roberta.", "model."], firstPosition: padding + 1)
    }

    private func bertLike(
        _ file: ConfigurationFile, prefixes: [String], firstPosition: Int
    ) throws -> EncoderPlan {
        let hidden = try file.int("hidden_size", in: 1...largestEncoderSize)
        let heads = try file.headCount("num_attention_heads", dividing: hidden, "hidden_size")
        let kind = try file.string("position_embedding_type", default: "absolute")
        guard kind == "absolute" else {
            throw ModelError.unsupported(
                file: file.path, key: "position_embedding_type", got: kind, expected: "absolute")
        }
        for key in ["is_decoder", "add_cross_attention"] where try file.bool(key, default: false) {
            throw ModelError.unsupported(
                file: file.path, key: key, got: "true", expected: "false, for an encoder")
        }
        let positions = try file.int(
            "max_position_embeddings", default: 512,
            in: firstPosition + 1...largestEncoderSize)
        let layers = try file.int("num_hidden_layers", in: 1...1024)
        return EncoderPlan(
            family: modelType, hiddenSize: hidden,
            intermediateSize: try file.int("intermediate_size", in: 1...largestEncoderSize),
            vocabularySize: try file.int("vocab_size", in: 1...largestEncoderSize),
            contextLength: positions - firstPosition, headCount: heads,
            headDimension: hidden / heads, firstPosition: firstPosition,
            segmentCount: try file.int("type_vocab_size", default: 2, in: 1...1024),
            layers: [EncoderLayerPlan](repeating: EncoderLayerPlan(), count: layers),
            table: EncoderTable(prefixes: prefixes, rows: EncoderTable.bertRows),
            activation: .gelu(isApproximate: try file.geluIsApproximate("hidden_act")),
            epsilon: try file.double("layer_norm_eps", default: 1e-12, in: 0...1),
            usualPooling: .mean)
    }
}

extension EncoderGGUFNaming {
    /// BERT's, and that of its descendants whose tables of positions are cut to begin with the first token.
    fileprivate static let bert = EncoderGGUFNaming(architecture: "bert", keys: bertLike)
}

extension EncoderTable {
    fileprivate static let bertRows = [
        EncoderRow(.embedding, name: "embeddings.word_embeddings"),
        EncoderRow(.positions, name: "embeddings.position_embeddings"),
        EncoderRow(.segments, name: "embeddings.token_type_embeddings"),
        EncoderRow(.embeddingNorm, name: "embeddings.LayerNorm", hasBias: true),
        EncoderRow(.query, name: "encoder.layer.*.attention.self.query", hasBias: true),
        EncoderRow(.key, name: "encoder.layer.*.attention.self.key", hasBias: true),
        EncoderRow(.value, name: "encoder.layer.*.attention.self.value", hasBias: true),
        EncoderRow(.output, name: "encoder.layer.*.attention.output.dense", hasBias: true),
        EncoderRow(
            .attentionEndNorm, name: "encoder.layer.*.attention.output.LayerNorm", hasBias: true),
        EncoderRow(.up, name: "encoder.layer.*.intermediate.dense", hasBias: true),
        EncoderRow(.down, name: "encoder.layer.*.output.dense", hasBias: true),
        EncoderRow(.feedForwardEndNorm, name: "encoder.layer.*.output.LayerNorm", hasBias: true),
    ]
}

/// Sizes above this are refused: they would overflow the 32-bit counts of the kernels.
let largestEncoderSize = 1 << 24

extension Set<String> {
    /// What BERT and its descendants read.
    fileprivate static var bertLike: Set<String> {
        [
            "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
            "hidden_act", "vocab_size", "max_position_embeddings", "type_vocab_size",
            "layer_norm_eps", "position_embedding_type", "is_decoder", "add_cross_attention",
        ]
    }
}

extension ConfigurationFile {
    /// A number of heads, which divides the number of channels.
    func headCount(_ key: String, dividing hidden: Int, _ hiddenKey: String) throws(FormatError)
        -> Int
    {
        let heads = try int(key, in: 1...4096)
        guard hidden % heads == 0 else {
            throw wrongValue(key, expected: "a divisor of \(hiddenKey) \(hidden)")
        }
        return heads
    }

    /// Whether an activation is GELU in the tanh form; refuses any but GELU.
    func geluIsApproximate(_ key: String) throws -> Bool {
        let exact = ["gelu", "gelu_python"]
        let approximate = ["gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_tanh"]
        let name = try string(key, default: "gelu")
        guard exact.contains(name) || approximate.contains(name) else {
            throw ModelError.unsupported(
                file: path, key: key, got: name, expected: "gelu or gelu_pytorch_tanh")
        }
        return approximate.contains(name)
    }
}
