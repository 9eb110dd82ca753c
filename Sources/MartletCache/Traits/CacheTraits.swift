/// What a cache must do for the policy that it runs under, as a value that names no policy.

package import CMartletKernels

/// Which marks of a model a plan listens to.
package enum MarkKind: Sendable, Hashable {
    /// Marked tokens are taken out.
    case evicting
    /// Marked tokens are merged with those before them.
    case merging
}

/// What the cache, the scheduler and the front door need to know of a policy.
package struct CacheTraits: Sendable, Hashable {
    /// What messages call the policy: its name, and its whole text.
    package var name = "dense"
    package var text = "dense"
    /// Whether heads of a layer may hold or read different slots, so that a slot is no position.
    package var tracksSlots = false
    /// Whether generated tokens must be computed one by one, because each may take another one out.
    package var stepsSingly = false
    /// Whether nothing happens before a prompt is complete.
    package var actsAfterPrompt = false
    /// Tokens of a piece: inside a prompt no step crosses an absolute multiple of it; nil where steps may.
    package var promptPiece: Int?
    /// The most tokens of a sequence that a step should compute, so that few pages stand open at once; nil where that
    /// saves nothing. Results do not depend on it.
    package var promptStep: Int?
    /// The most pages that a sequence ever holds; nil for no bound.
    package var pageLimit: Int?
    /// First positions that stay visible under ``window``.
    package var sinks = 0
    /// Newest positions that a row sees, itself included; nil for all.
    package var window: Int?
    /// Whether every page carries the bounds of its keys.
    package var describesPages = false
    /// Kinds of sealed pages, in the order of their arenas.
    package var sealKinds: [mk_seal] = []
    /// Pages of each table that stay open beside those being written, where positions alone say which are sealed;
    /// nil where they do not.
    package var openPages: Int?
    /// Whether full pages can be sealed whenever there is no room, and are not otherwise: what a sequence is then
    /// depends on what else is there.
    package var demotes = false
    /// Whether a stage asks where sentences end.
    package var readsSentences = false
    /// Whether a prompt is computed a second time before it is complete.
    package var rereadsPrompt = false
    /// Whether a stage asks for the norms of the rows that a layer's projections read.
    package var readsInputNorms = false
    /// Whether it takes a model's attention to be the softmax of scaled products alone: none that caps them, or whose
    /// heads have sinks.
    package var assumesPlainScores = false
    /// The marks of the model that a stage listens to; nil for none.
    package var marks: MarkKind?
    /// Whether tokens of a prompt are freed while it is computed, at every piece's end.
    package var freesPromptPieces = false
    /// Whether generated tokens can be taken back.
    package var undo = UndoRule.always
    /// Which tokens of a sequence other requests may go on with. How far it can be cut is another matter: see
    /// ``KVCache/canTruncate(_:to:)``.
    package var prefixSharing = PrefixSharing.everything
    /// Tokens computed for each one held, where the policy itself says so; nil where the model's marks decide.
    package var compression: Double? = 1

    /// A cache that keeps and reads everything.
    package init() {}

    /// The attention pattern in a layer whose model has a sliding window of `modelWindow` tokens
    /// (nil: full attention). The narrower window holds. Under the policy's window the sinks stay
    /// visible, because their distance is bounded anyway; under the model's there are none.
    package func visibility(modelWindow: Int?) -> Visibility {
        guard let window else { return Visibility(sinks: 0, window: modelWindow) }
        guard let modelWindow, modelWindow <= window else {
            return Visibility(sinks: sinks, window: window)
        }
        return Visibility(sinks: 0, window: modelWindow)
    }

    /// The most tokens that a sequence of `tokens` tokens is expected to hold: its last piece whole, and one
    /// of every `compression` tokens before it.
    package func expectedTokens(_ tokens: Int, compression: Double) -> Int {
        guard freesPromptPieces else { return tokens }
        let whole = leastTokens(tokens)
        return whole + Int((Double(tokens - whole) / compression).rounded(.up))
    }

    /// The fewest tokens that a sequence of `tokens` tokens can hold while its last piece is computed.
    package func leastTokens(_ tokens: Int) -> Int {
        freesPromptPieces ? min(tokens, promptPiece ?? tokens) : tokens
    }
}

extension KVShape {
    /// The same in a cache with these traits, which may describe each page, or seal it.
    package func under(_ traits: CacheTraits) -> KVShape {
        var shape = self
        shape.boundsBytes =
            traits.describesPages ? Int(mk_bounds_bytes(Int32(headDimension))) : 0
        if let openPages = traits.openPages {
            let bytes = traits.sealKinds.map { mk_sealed_bytes($0, Int32(headDimension)) }.max()
            shape.sealed = SealedPages(
                heldBytes: (bytes ?? pageBytes) + PagePositions.Form.consecutive.byteCount,
                openPages: openPages)
        }
        return shape
    }
}
