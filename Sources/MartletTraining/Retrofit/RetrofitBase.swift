// The trained model that a retrofit begins with.

package import MartletFormats
package import MartletTokenizers

/// A model's files, open, and its tokenizer.
public struct RetrofitBase: Sendable {
    /// The folder of the model, or its GGUF file.
    public let path: String
    let checkpoint: Checkpoint
    let tokenizer: ModelTokenizer

    /// Opens a model directory in the Hugging Face layout.
    ///
    /// - Throws: ``TrainingError`` for files that are missing or malformed.
    public init(directory: String) throws(TrainingError) {
        do { checkpoint = try Checkpoint(directory: directory) } catch { throw .format(error) }
        tokenizer = try ModelTokenizer.load(directory: directory)
        path = directory
    }

    /// A GGUF file that is open already. It has no tokenizer's files that a model could take along, so only an adapter
    /// can be made beside it.
    ///
    /// - Throws: ``TrainingError/data(source:reason:)`` for a tokenizer that names no end.
    package init(
        gguf checkpoint: Checkpoint, tokenizer: Tokenizer, chatTemplate: ChatTemplateSource?
    ) throws(TrainingError) {
        path = checkpoint.directory
        guard let end = tokenizer.eosTokens.first else {
            throw .data(
                source: path,
                reason: "its tokenizer names no end token (tokenizer.ggml.eos_token_id)")
        }
        self.checkpoint = checkpoint
        self.tokenizer = ModelTokenizer(
            tokenizer: tokenizer, endToken: end, chatTemplate: chatTemplate, files: [])
    }

    /// Refuses a plan that this model cannot serve.
    func check(_ plan: RetrofitPlan) throws(TrainingError) {
        guard checkpoint.metadata == nil || plan.writesAdapter else {
            throw .invalid(
                subject: path, got: "a GGUF file",
                expected:
                    "a model directory, or --write-adapter: an adapter is made beside such a file, and a model of "
                    + "what 'martlet convert' makes of it")
        }
    }
}
