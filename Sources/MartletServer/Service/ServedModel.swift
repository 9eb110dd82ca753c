/// The model that a server answers with.

import Foundation
package import Martlet
import MartletEngine
import MartletTemplates
import MartletTokenizers

/// A loaded model with what does not change between requests.
package struct ServedModel: Sendable {
    /// The name that answers carry.
    let id: String
    /// All its names.
    let names: [String]
    /// When it was loaded, in seconds since 1970.
    let created: Int
    /// What generates text; nil for an encoder.
    let model: Model?
    /// The engines of what generates text, one for each policy and codec; nil for an encoder.
    let shares: CacheShares?
    /// Whether requests may name policies and codecs that change results.
    let allowsLossyForms: Bool
    /// How long an answer may wait for bytes that others hold.
    let roomPatience: Duration
    /// What makes vectors; nil where nothing does.
    let embedding: EmbeddingModel?
    /// How it is talked to; nil where it only continues text.
    let format: ChatFormat?
    /// The same with tools.
    let toolFormat: ChatFormat?
    /// The chat template's text; empty where there is none.
    let template: String
    /// Whether the template is another than the model's own.
    let hasForeignTemplate: Bool
    /// Tokens of a prompt and its answer together.
    let contextLength: Int

    /// Wraps what was loaded. Throws `invalidTemplate` for a template that does not parse.
    package init(
        model: Model?, embedding: EmbeddingModel? = nil, name: String,
        configuration: ServerConfiguration
    ) throws(MartletError) {
        names = configuration.names.isEmpty ? [name] : configuration.names
        id = names.first ?? name
        created = Int(Date().timeIntervalSince1970)
        self.model = model
        shares = model.map { CacheShares($0, budgetBytes: $0.startBudget) }
        roomPatience = configuration.roomPatience
        allowsLossyForms = configuration.allowsLossyForms
        self.embedding = embedding
        let own = model?.chatTemplateText
        template = configuration.chatTemplate ?? own ?? ""
        hasForeignTemplate = configuration.chatTemplate != nil
        format = try model?.chatFormat(template: configuration.chatTemplate, hasTools: false)
        toolFormat = try model?.chatFormat(template: configuration.chatTemplate, hasTools: true)
        let most = model?.positionLimit ?? embedding?.maximumTokens ?? Int(Int32.max)
        contextLength = min(configuration.contextLength ?? .max, most)
    }

    /// Bytes of its weights, its cache and its adapters.
    package var bytes: Int {
        (embedding?.weightBytes ?? 0)
            + (model.map { $0.weightBytes + $0.startBudget + $0.adapterBytes } ?? 0)
    }

    /// Ends its engines.
    func shutdown() async { await shares?.shutdown() }

    /// What whoever serves it should know: sentences without a full stop.
    package var notes: [String] { model?.notes ?? [] }

    /// What generates text, as it was loaded; nil for an encoder.
    package var loaded: LoadedModel? { model?.loaded }

    /// What generates text. Throws `notSupported` for an encoder.
    func generating() throws(WireError) -> Model {
        guard let model else {
            throw WireError(
                .notSupported,
                "\(id) makes vectors of texts and generates none; use /v1/embeddings, or serve a model "
                    + "that generates.")
        }
        return model
    }

    /// The tokenizer. Throws `notSupported` for a model without one.
    func tokenizing() throws(WireError) -> Tokenizer {
        guard let tokenizer = model?.tokenizer ?? embedding?.tokenizer else {
            throw WireError(.notSupported, "\(id) has no tokenizer; serve a model with one.")
        }
        return tokenizer
    }

    /// The tokens of a text alone.
    func plainTokens(_ text: String) throws(WireError) -> [Int32] {
        guard let tokenizer = model?.tokenizer else { return try tokens(text) }
        return tokenizer.encode(text, addSpecialTokens: false)
    }

    /// The tokens of a text, with those that the model wants around it.
    func tokens(_ text: String) throws(WireError) -> [Int32] {
        do { return try generating().encode(text) } catch let error as WireError {
            throw error
        } catch {
            throw WireError(any: error)
        }
    }
}
