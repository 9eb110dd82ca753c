/// How a request is served beside others, as a value.

package import MartletEngine

/// How a request is served when there are others. It changes when an answer comes, never what it says.
public struct ServiceOptions: Sendable, Hashable {
    /// Larger goes first, and takes the place of what is less urgent; equal ones in the order of the model's policy.
    public var priority = 0
    /// For whom it is served. What was computed for one tenant serves no other, and no other can tell by the time that an
    /// answer takes.
    public var tenant = ""
    /// Who may go on with what was computed for it; only where ``ModelOptions/promptReuse`` is on.
    public var sharing = PromptSharing.tenant
    /// Whether its prompt stays in the cache until ``Model/unpinPrompts(tenant:)``, or until something that runs needs the
    /// pages and nothing else is left to give up.
    public var pinsPrompt = false
    /// Whether nobody waits for it: what is left of it in the cache is the first to be given up.
    package var isBackground = false
    /// When it came, where it has waited for something else since; nil for when the engine gets it.
    package var arrival: ContinuousClock.Instant?

    /// When the first token should be there after the request's arrival, for ``ServiceOrder/deadline(usual:patience:)``.
    public var firstTokenTarget: Duration?
    /// The longest time that should pass between two tokens; nil for ``ModelOptions/targetGap``.
    public var targetGap: Duration?

    /// The default settings.
    public init() {}
}

/// In which order requests of one priority are served.
public enum ServiceOrder: Sendable, Hashable {
    /// As they arrive.
    case arrival
    /// Short prompts first. For every second that a prompt has waited it counts as `ageing` tokens shorter, so that a long
    /// one has its turn.
    case shortestPrompt(ageing: Double = 50)
    /// Whose deadline is next first (``ServiceOptions/firstTokenTarget``, or `usual`), among those that can still be met; who
    /// cannot be in time lets the others go ahead, until `patience` after the deadline.
    case deadline(usual: Duration = .seconds(5), patience: Duration = .seconds(20))

    package var policy: any SchedulingPolicy {
        switch self {
        case .arrival: FirstComeFirstServed()
        case .shortestPrompt(let ageing): ShortestPromptFirst(ageing: ageing)
        case .deadline(let usual, let patience):
            SlackEarliestDeadline(usualTarget: usual, patience: patience)
        }
    }
}

/// Who may go on with what was computed for a request.
public enum PromptSharing: String, Sendable, Hashable, CaseIterable {
    /// No other request, and it goes on with nothing that was computed for others.
    case nobody
    /// Requests of the same tenant.
    case tenant
    /// Requests of every tenant may go on with its prompt, as with instructions that all are given. Its answer is its
    /// tenant's. Who may go on with a prompt can find out, by the time that a request takes, that it was asked before.
    case everyone

    package var scope: PrefixScope {
        switch self {
        case .nobody: .request
        case .tenant: .tenant
        case .everyone: .everyone
        }
    }
}

/// How beginnings of prompts are reused between requests.
///
/// What requests computed stays in the cache when they end, and a request whose prompt begins with the same tokens goes on
/// with it: `Usage.cachedPromptTokens` says with how many. Requests that arrive together wait for the one that computes
/// their common beginning. The answer is the same, bit for bit, as without. What stays counts in the memory budget and gives
/// way before anything that runs does; what is quickly computed again, was not used for long or was left by a request of
/// low priority goes first.
///
/// Under `dense` and `window(…)` all tokens are reused, under a policy that chooses what a generated token reads those of
/// prompts, and under one that takes tokens out of the cache none. Where pages are freed or stored in fewer bits as a
/// sequence grows, a sequence cannot be cut anywhere: then the second request that branches off at a place leaves what the
/// third goes on with.
public struct PromptReuse: Sendable, Hashable {
    /// The most bytes that may stay; nil for all that requests leave free.
    public var maximumBytes: Int?
    /// The time after which something that was not used again is worth half.
    public var halfLife = Duration.seconds(60)
    /// A folder in which computed prompts outlive the process, for caches without windows, sealed pages or a policy: later
    /// processes with the same model, codec and instruction set go on with them. It holds prompts and answers, and is made
    /// for its user alone. Nil for none.
    public var folder: String?
    /// The most bytes of the folder's files; the longest unused go first.
    public var folderBytes = 4 << 30

    /// The default settings.
    public init() {}
}
