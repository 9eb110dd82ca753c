/// What a server tells of a model, and asks of its files.

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
    /// The cache policy's name, what it does, and whether it keeps everything.
    package var cachePolicyDescription: (name: String, summary: String, isExact: Bool) {
        let name = String(loaded.policyText.prefix { $0 != "(" && $0 != " " })
        let entry = CachePolicyRegistry.entries.first { $0.name == name }
        return (name, entry?.summary ?? "", entry?.isExact ?? false)
    }
    /// How full pages of the cache are stored, in words.
    package var cacheStorage: String { loaded.storage }
    /// Whether requests go on with what earlier ones computed.
    package var reusesPrompts: Bool { loaded.options.promptReuse != nil }
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

    /// Whether a policy's text means the policy that the model was loaded with. Throws `invalidPolicy`.
    package func isPolicy(_ text: String) throws(MartletError) -> Bool {
        do {
            let policy = try CachePolicy(text)
            let stored = try policy.storing(loaded.options.cacheCodec)
            return [policy.description, stored.description].contains(loaded.policyText)
        } catch { throw MartletError(error) }
    }

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
