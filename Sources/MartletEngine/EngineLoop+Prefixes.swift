/// How a request goes on with what requests before it computed.
///
/// ```
/// kept     | tokens computed for an earlier request   |
/// prompt   | the same tokens    | others              |
/// in cache | 0 ..< common       | computed as ever    |
/// ```
/// A row of logits depends on the tokens before it and on nothing else, so it is the same bits whichever request
/// computed them. That holds where a position alone says what a row sees. A policy that chooses tokens where a prompt
/// ends chooses others where a longer one ends: `CacheTraits.prefixSharing` says what of a sequence is the same for all.

import MartletCache

extension EngineLoop {
    /// What a request may go on with.
    struct Beginning {
        let sequence: SequenceID
        /// Tokens that it has in common.
        let count: Int
        /// The kept sequence that it is a part of; nil for a running chain's.
        var kept: Int?
        /// Whether it is all of that.
        var isWhole = false
    }

    /// What a look at everything that is there found.
    struct Search {
        var best: Beginning?
        /// Tokens in common with a prompt that is being computed.
        var coming = 0
        /// Tokens in common with a chain whose step has stopped between two layers: it cannot be forked before it goes on.
        var held = 0
        /// Tokens in common with anything, whether or not it can be cut there.
        var deepest = 0
    }

    /// A wait for a prompt that is being computed must save at least this many tokens.
    private static let leastAwaited = 2 * KVPage.tokens

    var sharing: PrefixSharing { cache.traits.prefixSharing }

    // MARK: Going on

    /// Names a request's prompt for those that come after it.
    func prefix(of request: GenerationRequest) -> RequestPrefix {
        func lane(_ owner: [String]) -> RequestPrefix.Lane {
            let root = prefixKeys.root(of: namespace(of: owner, adapter: request.adapter))
            let isOn = configuration.prefixReuse != nil && request.prefixScope != .request
            return RequestPrefix.Lane(
                root: root,
                keys: isOn ? prefixKeys.keys(of: request.promptTokens, under: root) : [])
        }
        return RequestPrefix(
            tenant: lane(["tenant", request.tenant]), everyone: lane(["everyone"]),
            scope: request.prefixScope, pinner: request.pinsPrefix ? request.tenant : nil,
            isBackground: request.isBackground)
    }

    func namespace(of owner: [String], adapter: String?) -> PrefixNamespace {
        PrefixNamespace(
            owner + [
                configuration.modelName, cache.traits.text, "\(cache.shape.codec)",
                adapter == nil ? "plain" : "adapter", adapter ?? "",
            ])
    }

    /// The sequence that a waiting chain starts with, and the beginning that it has; nil while another chain computes the
    /// beginning. `hasRoom` says whether there are pages for it when so many of its tokens are there.
    func open(
        _ state: SequenceState, _ sibling: SequenceID?, hasRoom: (Int) -> Bool
    ) -> (opening: Opening, beginning: Beginning?)? {
        if let sibling, isPaused(sibling) { return nil }
        var search = search(for: state)
        // A chain that gave way may find more than the prompt: what it left.
        if search.best?.count ?? 0 <= state.promptCount, let shared = share(state, sibling) {
            return (shared, nil)
        }
        if search.coming >= (search.best?.count ?? 0) + Self.leastAwaited
            || search.held > search.best?.count ?? 0
        {
            noteWait(of: state)
            return nil
        }
        // What is brought back for a chain that cannot start would only take others' room until it is given up.
        if hasRoom(search.best?.count ?? 0) {
            switch restoring(state, beyond: search.best) {
            case .nothing: break
            case .coming: return nil
            case .done: search = self.search(for: state)
            }
        }
        let begun = search.best.flatMap { cache.fork($0.sequence, to: $0.count) }
        var opening = Opening(sequence: begun ?? cache.makeSequence(), computed: 0)
        if begun != nil { opening.computed = search.best?.count ?? 0 }
        let branch = search.deepest / KVPage.tokens * KVPage.tokens
        // Others branch off here: the next one shall find a sequence that ends here.
        if branch > opening.computed, !cache.cutsAnywhere { opening.branch = branch }
        return (opening, begun == nil ? nil : search.best)
    }

    /// Brings back what is stored of a chain.
    private func restoring(_ state: SequenceState, beyond best: Beginning?) -> Restoring {
        guard let generation = generations[state.id.request], isReusing(generation.prefix) else {
            return .nothing
        }
        for lane in generation.prefix.lanes {
            // A chain that gave way wants its answer back too.
            let own = RequestPrefix.Lane(root: lane.root, keys: keys(of: state, lane))
            let outcome = restore(state, own, beyond: best?.count ?? 0, of: best?.sequence)
            if outcome != .nothing { return outcome }
        }
        return .nothing
    }

    private func noteWait(of state: SequenceState) {
        guard let generation = generations[state.id.request], !generation.hasWaited else { return }
        generation.hasWaited = true
        counters.prefixes.waits += 1
    }

    /// Notes what a chain that was admitted has begun with.
    func opened(_ state: SequenceState, _ opening: Opening, _ beginning: Beginning?) {
        counters.recomputedTokens += max(0, state.lost - opening.computed)
        guard let generation = generations[state.id.request] else { return }
        note(opening.computed, of: state, generation)
        if let id = beginning?.kept, let kept = kept[id] {
            let isOwn = kept.conversation != nil && kept.conversation == generation.conversation
            // What nobody else can find, or what a chain that goes on with all of it serves as well, need not stay.
            if isUnlisted(kept)
                || beginning?.isWhole == true && !kept.isPinned
                    && (cache.cutsAnywhere || isOwn)
            {
                generation.inheritedPriority = max(generation.inheritedPriority, kept.priority)
                release(self.kept.take(id))
            } else {
                self.kept.touch(id, at: configuration.clock.now())
            }
        }
        if let own = generation.conversation, let left = kept[own], isUnlisted(left) {
            release(kept.take(left.id))
        }
        registerPrompt(of: state, generation, opening.sequence)
    }

    func isUnlisted(_ kept: KeptSequences.Kept) -> Bool {
        self.kept.index.entries[.kept(kept.id)] == nil
    }

    private func note(_ computed: Int, of state: SequenceState, _ generation: ActiveGeneration) {
        guard state.target == state.promptCount else {
            // A chain that gave way and comes again.
            generation.cachedPromptTokens = min(generation.cachedPromptTokens, computed)
            return
        }
        let isFirst = !generation.wasAdmitted
        generation.wasAdmitted = true
        generation.cachedPromptTokens =
            isFirst ? computed : min(generation.cachedPromptTokens, computed)
        guard isFirst, isReusing(generation.prefix) else { return }
        counters.prefixes.lookups += 1
        counters.prefixes.lookedTokens += state.promptCount
        counters.prefixes.hits += computed > 0 ? 1 : 0
        counters.prefixes.hitTokens += computed
    }

    /// Lets others find a prompt while it is computed.
    private func registerPrompt(
        of state: SequenceState, _ generation: ActiveGeneration, _ sequence: SequenceID
    ) {
        guard isReusing(generation.prefix), cache.cutsAnywhere, state.id.chain == 0 else { return }
        let lane = generation.prefix.ownLane
        kept.register(
            state.id, .init(sequence: sequence, priority: state.key.priority),
            tokens: Array(state.tokens[..<state.promptCount]), keys: lane.keys)
    }

    func isReusing(_ prefix: RequestPrefix) -> Bool {
        configuration.prefixReuse != nil && sharing != .never && prefix.scope != .request
    }

    /// Looks for a chain's tokens in everything that is there, `excluded` aside.
    func search(for state: SequenceState, besides excluded: ChainID? = nil) -> Search {
        var search = Search()
        guard sharing != .never, let generation = generations[state.id.request] else {
            return search
        }
        // The last token's row is what the next one is chosen from. Where generated tokens are computed otherwise, the
        // prompt must end in a step of its own.
        let limit = (sharing == .everything ? state.target : state.promptCount) - 1
        let lanes = isReusing(generation.prefix) ? generation.prefix.lanes : []
        for lane in lanes {
            for match in kept.index.matches(state.tokens, keys: keys(of: state, lane)) {
                if let excluded, match.holder == .running(excluded) { continue }
                consider(match.holder, min(match.count, limit), for: state, &search)
            }
        }
        if let own = generation.conversation, let left = kept[own], isUnlisted(left),
            left.root == generation.prefix.ownLane.root
        {
            let common = zip(left.tokens, state.tokens).prefix(while: ==).count
            consider(.kept(left.id), min(common, limit), for: state, &search)
        }
        return search
    }

    /// The keys that a chain is looked for under: those of its prompt, and of its answer where it has some of that.
    private func keys(of state: SequenceState, _ lane: RequestPrefix.Lane) -> [PrefixKey] {
        guard state.target > state.promptCount, sharing == .everything else { return lane.keys }
        return prefixKeys.keys(of: state.tokens, under: lane.root)
    }

    private func consider(
        _ holder: KeptSequences.Holder, _ count: Int, for state: SequenceState,
        _ search: inout Search
    ) {
        guard count > 0 else { return }
        switch holder {
        case .kept(let id):
            guard let kept = kept[id] else { return }
            search.deepest = max(search.deepest, count)
            guard count > search.best?.count ?? 0, cache.canTruncate(kept.sequence, to: count)
            else { return }
            search.best = Beginning(
                sequence: kept.sequence, count: count, kept: id,
                isWhole: count == kept.tokens.count)
        case .running(let chain):
            guard let running = kept.running[chain] else { return }
            // What is urgent waits for nothing less urgent.
            if state.key.priority <= running.priority { search.coming = max(search.coming, count) }
            let there = min(count, cache.count(running.sequence))
            if isPaused(running.sequence), state.key.priority <= running.priority {
                search.held = max(search.held, there)
            }
            guard !isPaused(running.sequence), there > search.best?.count ?? 0,
                cache.canTruncate(running.sequence, to: there)
            else { return }
            search.best = Beginning(sequence: running.sequence, count: there)
        }
    }
}
