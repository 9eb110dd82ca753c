/// A policy and a codec that a model's answers may be computed under, as requests name them.

import MartletCache
import MartletKernels
import MartletPolicies

/// The same weights under a policy and with keys and values written in a codec.
package struct CacheForm: Sendable {
    package let loaded: LoadedModel

    /// What tells forms of one model apart.
    package var id: String { policy + "\n" + storage + "\n\(loaded.cacheCodec)" }
    /// The policy with every parameter written out.
    package var policy: String { loaded.policyText }
    /// How full pages are stored, in words.
    package var storage: String { loaded.storage }
    /// What is on that can change results, that of the weights included.
    package var lossyMethods: [String] { loaded.lossyMethods }
    /// Whether results are those of a cache that keeps and reads everything in f32.
    package var isExact: Bool { loaded.policy.isExact && loaded.cacheCodec == .f32 }

    /// Bytes of cache that suffice for an answer; a policy may need fewer. Numbers too large to count saturate.
    package func bytes(promptTokens: Int, completionTokens: Int, chainCount: Int) -> Int {
        var budget = CacheBudget(
            promptTokens: promptTokens, completionTokens: completionTokens,
            chainCount: chainCount, chunk: loaded.options.maximumBatchTokens)
        // A prompt that is read twice stands beside itself for a while.
        if loaded.policy.traits.rereadsPrompt {
            budget.promptTokens = min(promptTokens, .max / 4) * 2 + 64
        }
        return budget.bytes(shape: loaded.cacheShape, visibilities: loaded.visibilities)
    }
}

extension LoadedModel {
    /// The subject of errors that lie in a codec's name.
    package static let codecSubject = "kv"

    /// The form that a request names. Throws `invalidPolicy` or `invalidParameter`, without looking at any file.
    ///
    /// - Parameters:
    ///   - policy: a policy's text; nil for the one that the model was loaded with.
    ///   - codec: a codec's name; nil likewise.
    package func form(
        policy: String? = nil, codec: String? = nil
    ) throws(MartletError) -> CacheForm {
        let own = CacheForm(loaded: self)
        let isOwn = policy == nil || policy == own.policy
        // Beside another policy the codec says what that stores in, which is not what the own one does.
        let codec = isOwn && codec == own.storage ? nil : codec
        if policy == nil, codec == nil { return own }
        if let policy, policy != own.policy { try Self.checkNamesNoFile(policy) }
        var type: CacheCodec?
        if let codec {
            type = CacheCodec(rawValue: codec)
            guard type != nil else {
                let names = CacheCodec.allCases.map(\.rawValue).joined(separator: ", ")
                throw MartletError(
                    code: .invalidParameter, subject: Self.codecSubject,
                    message:
                        "kv: got '\(codec.prefix(80))', expected one of \(names); correct or remove it"
                )
            }
        }
        // The text of what is loaded says how it is stored only where whoever loaded it said so.
        let form = CacheForm(
            loaded: try under(isOwn ? options.cachePolicy : policy ?? "", codec: type))
        guard let type, form.loaded.policy.storage.map({ !$0.hasPrefix(type.rawValue) }) ?? false
        else { return form }
        throw MartletError(
            code: .invalidParameter, subject: Self.codecSubject,
            message:
                "kv: got \(type.rawValue) beside a policy that stores in \(form.storage), expected one of the two; "
                + "leave one out")
    }

    /// Refuses policies that read files: whoever may ask is not whoever may read them.
    private static func checkNamesNoFile(_ text: String) throws(MartletError) {
        let expression: PolicyExpression
        do { expression = try PolicyExpression(text) } catch { throw MartletError(error) }
        guard let parameter = CachePolicyRegistry.fileParameter(of: expression) else { return }
        throw MartletError(
            code: .invalidPolicy, subject: parameter,
            message:
                "cache: '\(parameter)' names a file of the server's, which requests may not; serve the model with "
                + "this policy, or leave the parameter out")
    }

    /// Texts of policies that this model can run under, with what the registry says of each; the one that it was loaded with
    /// comes first.
    ///
    /// - Parameter lossy: whether those are listed that change results.
    package func listedForms(
        lossy: Bool
    ) -> [(name: String, form: String, summary: String, isLossy: Bool)] {
        let own = policy.entry
        var all = [(own.name, policyText, own.summary, !policy.isExact)]
        let windows = model.shape.layerWindows.contains { $0 != nil }
        for entry in CachePolicyRegistry.entries where lossy || entry.isExact {
            guard entry.name != own.name, entry.decidesAlone, let text = entry.usualText,
                let other = try? CachePolicy(text)
            else { continue }
            if windows, other.traits.tracksSlots { continue }
            if other.traits.marks != nil, model.shape.evictionHead == nil { continue }
            all.append((entry.name, text, entry.summary, !entry.isExact))
        }
        return all
    }

    /// Codecs of keys and values that requests may name, the one that the model was loaded with first.
    package func listedCodecs(lossy: Bool) -> [String] {
        let others = CacheCodec.allCases.filter { lossy || $0 == .f32 }.map(\.rawValue)
        return [storage] + others.filter { $0 != storage && $0 != "\(cacheCodec)" }
    }
}
