// The text model's part of a configuration that describes a model of pictures or sounds, too.

import MartletFormats

extension ConfigurationFile {
    /// What `text_config` says, where a model of several kinds of input has one: its other parts are not run. The keys beside
    /// it are those of the other parts, or known to change nothing; any other is refused.
    func ofText() throws(ModelError) -> ConfigurationFile {
        do {
            guard let text = try optionalObject("text_config") else { return self }
            try requireNoOthers(
                than: Self.keysBesideText.union(ForeignKeys.all), reader: "a text model")
            // These may stand outside alone.
            var outer: [String: JSONValue] = [:]
            for key in ["tie_word_embeddings", "quantization_config"] {
                if let value = value(key) { outer[key] = value }
            }
            return text.adding(outer)
        } catch let error as ModelError {
            throw error
        } catch let error as FormatError {
            throw .format(error)
        } catch {
            preconditionFailure("ConfigurationFile: unexpected \(error)")
        }
    }

    private static let keysBesideText: Set<String> = [
        "model_type", "architectures", "text_config", "vision_config", "audio_config",
        "tie_word_embeddings", "quantization_config", "eos_token_id", "mm_tokens_per_image",
        "boi_token_index", "eoi_token_index", "image_token_index", "boi_token_id", "eoi_token_id",
        "image_token_id", "video_token_id", "audio_token_id", "vision_start_token_id",
        "vision_end_token_id", "projector_hidden_act", "multimodal_projector_bias",
        "spatial_merge_size", "vision_feature_layer",
    ]
}
