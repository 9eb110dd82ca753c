/// Everything that can go wrong in the cache and its policies, and one sentence for each.

/// Why the cache refused. Each case carries values; ``description`` makes the sentence.
package enum CacheError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A reservation needs more pages than are free; nothing was reserved.
    case outOfPages(needed: Int, free: Int, budgetBytes: Int)
    /// The budget cannot hold one page for each (layer, KV head).
    case budgetTooSmall(budgetBytes: Int, neededBytes: Int)
    /// The system refused the address space for the arena.
    case cannotMapArena(bytes: Int, systemError: Int32)
    /// Truncating would need positions that the policy has freed. `lowest` is the smallest count
    /// above the freed positions that can still be truncated to.
    case positionEvicted(requested: Int, lowest: Int)
    /// A policy's text does not follow the grammar. `column` counts characters from 1.
    case malformedPolicy(text: String, column: Int, got: String, expected: String)
    /// No policy has this name.
    case unknownPolicy(name: String, available: [String])
    /// A policy's parameter is missing, unknown, or has a value outside its range.
    case badPolicyParameter(policy: String, parameter: String, got: String, expected: String)
    /// A policy takes single tokens out, which layers with a sliding window do not support.
    case policyNeedsFullAttention(policy: String, window: Int)
    /// A policy asks for the model's output projection where attention runs without a model.
    case policyNeedsOutputs(policy: String)
    /// Two policies were combined that claim the same decision.
    case policiesDoNotCombine(first: String, second: String, decision: String)
    /// Two policies cannot be true together.
    case policiesExclude(first: String, second: String, reason: String)
    /// Stored pages of a prompt are not as they were written, or belong to something else.
    case damagedSegment(String)
    /// `checkIntegrity` found the pool and the tables in disagreement.
    case brokenIntegrity(String)

    /// What, where, got, expected and what to do, in one sentence.
    package var description: String {
        switch self {
        case .outOfPages(let needed, let free, let budgetBytes):
            "KV cache: the step needs \(needed) more pages but \(free) are free within the budget "
                + "of \(budgetBytes) bytes; raise the budget, shorten the sequences, or use a "
                + "smaller codec or a bounded policy."
        case .budgetTooSmall(let budgetBytes, let neededBytes):
            "KV cache: the budget of \(budgetBytes) bytes holds less than one page for each layer "
                + "and KV head, expected at least \(neededBytes) bytes; raise the budget or use a "
                + "smaller codec."
        case .cannotMapArena(let bytes, let systemError):
            "KV cache: the system refused \(bytes) bytes of address space (errno \(systemError)); "
                + "use a smaller budget."
        case .positionEvicted(let requested, let lowest):
            "KV cache: cannot truncate to \(requested) tokens because the policy has freed "
                + "positions that the next token would attend to; truncate to \(lowest) or more, "
                + "or start the sequence again."
        case .malformedPolicy(let text, let column, let got, let expected):
            "cache policy \"\(Self.clipped(text))\", column \(column): got \(Self.clipped(got)), expected \(expected); write "
                + "it like window(sinks=4, recent=1024)."
        case .unknownPolicy(let name, let available):
            "cache policy \"\(Self.clipped(name))\" is unknown, expected one of "
                + "\(available.joined(separator: ", ")); use one of these names."
        case .badPolicyParameter(let policy, let parameter, let got, let expected):
            "cache policy \(policy), \(Self.clipped(parameter)): got \(Self.clipped(got)), expected \(expected); correct or "
                + "remove it."
        case .policyNeedsFullAttention(let policy, let window):
            "cache policy \(policy): the model has layers with a sliding window of \(window) tokens, "
                + "expected full attention in every layer; use dense or window for this model."
        case .policyNeedsOutputs(let policy):
            "cache policy \(policy): it weighs tokens by the model's output projection, expected a model, got "
                + "attention alone; run it with a model or use another policy."
        case .policiesDoNotCombine(let first, let second, let decision):
            "cache policies \(first) and \(second) both decide \(decision), expected one that does; "
                + "remove one of them."
        case .policiesExclude(let first, let second, let reason):
            "cache policies \(first) and \(second) do not combine: \(reason); remove one of them."
        case .damagedSegment(let finding):
            "stored prompt: \(finding), expected pages that this model wrote; remove the file, its tokens are "
                + "computed again."
        case .brokenIntegrity(let finding):
            "KV cache: integrity check failed: \(finding); this is a defect in the cache, please "
                + "report it."
        }
    }

    /// What a user wrote, as far as a sentence should repeat it.
    private static func clipped(_ text: String) -> String {
        text.count <= 200 ? text : text.prefix(200) + "…"
    }
}
