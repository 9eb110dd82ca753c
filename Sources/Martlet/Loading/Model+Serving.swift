/// What a server tells of a model, and asks of its files.

import MartletCache
import MartletFormats
import MartletPolicies
package import MartletTemplates

extension Model {
    /// The text of its chat template; nil where its files have none.
    package var chatTemplateText: String? { loaded.chatTemplate?.template }
    /// Positions that a prompt and its answer may use; nil where there is no end.
    package var positionLimit: Int? { loaded.positionLimit }
    /// The cache policy with every parameter written out.
    package var cachePolicy: String { loaded.policyText }
    /// How full pages of the cache are stored, in words.
    package var cacheStorage: String { loaded.storage }
    /// Whatever makes other answers of the same tokens.
    package var identity: String { loaded.identity }
    /// Tokens that the cache holds if nothing is taken out of it; nil after ``shutdown()``.
    package func cacheTokens() async -> Int? {
        await statistics().map { $0.budgetBytes / max(1, loaded.cacheShape.bytesPerToken) }
    }
    /// Whether requests go on with what others computed.
    package var reusesPrompts: Bool {
        loaded.options.promptReuse != nil && loaded.policy.traits.prefixSharing != .never
    }
    /// How the weights are packed.
    package var weightName: String { loaded.weightName }
    /// Bytes of packed weights.
    package var weightBytes: Int { loaded.weightBytes }
    /// The directory or file that it was loaded from; its name where there is none.
    package var path: String { loaded.source.path ?? loaded.name }
    /// Tokens that end a text.
    package var endTokens: [Int32] { Set(loaded.model.endTokens + loaded.text.endTokens).sorted() }
    /// What its files say in two ways, and what is on that can change results: sentences without a full stop.
    package var notes: [String] {
        let lossy = loaded.lossyMethods
        return loaded.notes + (lossy.isEmpty ? [] : ["lossy: \(lossy.joined(separator: ", "))"])
    }
    /// The adapters that requests may choose.
    package var adapterNames: [String] { loaded.model.adapters.keys.sorted() }

    /// The form that a request names; see ``LoadedModel/form(policy:codec:)``.
    package func form(
        policy: String? = nil, codec: String? = nil
    ) throws(MartletError) -> CacheForm { try loaded.form(policy: policy, codec: codec) }
    /// Policies and codecs that requests may name.
    package func listedForms(
        lossy: Bool
    ) -> [(name: String, form: String, summary: String, isLossy: Bool)] {
        loaded.listedForms(lossy: lossy)
    }
    /// Codecs that requests may name.
    package func listedCodecs(lossy: Bool) -> [String] { loaded.listedCodecs(lossy: lossy) }

    /// How it is talked to: through a template that is given, else through its own; nil where there is neither.
    package func chatFormat(
        template: String?, hasTools: Bool
    ) throws(MartletError) -> ChatFormat? {
        guard let template else { return try loaded.chatTemplate?.format(hasTools: hasTools) }
        return try ChatTemplateSource(
            template: template, specialTokens: loaded.chatTemplate?.specialTokens ?? [:],
            name: "the server's chat template"
        ).format(hasTools: false)
    }
}
