/// How many bytes of cache a piece of work needs: arithmetic on page counts.

package import MartletCache

/// An upper bound on the pages of sequences that share a prompt.
package struct CacheBudget: Sendable {
    /// Tokens of the prompt.
    package var promptTokens: Int
    /// Tokens that each chain adds.
    package var completionTokens: Int
    /// Chains that share the prompt.
    package var chainCount = 1
    /// The most tokens that one step adds to a sequence.
    package var chunk = 512
    /// Whether the cache is filled instead of computed: then full pages are sealed afterwards, and all are open at first.
    package var isFilled = false

    /// Describes the work.
    package init(promptTokens: Int, completionTokens: Int, chainCount: Int = 1, chunk: Int = 512) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.chainCount = chainCount
        self.chunk = chunk
    }

    /// Describes the work of a model whose options say how many tokens a step has.
    package init(
        _ loaded: LoadedModel, promptTokens: Int, completionTokens: Int = 0, chainCount: Int = 1
    ) {
        self.init(
            promptTokens: promptTokens, completionTokens: completionTokens, chainCount: chainCount,
            chunk: loaded.promptChunk)
    }

    /// Bytes that suffice, for layers with these attention patterns.
    ///
    /// A chain that forks from a prompt adds the pages of its own tokens and a copy of the page in
    /// which the prompt ends; the engine admits a chain only when a page of growth is left over. Numbers
    /// too large to count saturate.
    package func bytes(shape: KVShape, visibilities: [Visibility]) -> Int {
        let shape = isFilled ? shape.unsealed : shape
        var bytes = 0
        for visibility in visibilities {
            let first = pages(visibility, tokens: add(promptTokens, completionTokens))
            // Full pages that are open where chains part are sealed by each of them, a step's worth at a time.
            let open = shape.sealed?.openPages ?? 0
            let spare = 1 + min(open, chunk / KVPage.tokens + 1)
            let other = min(first, pages(visibility, tokens: completionTokens) + 1 + open)
            let table = add(
                held(first + spare, chunk: min(chunk, max(promptTokens, 1)), shape),
                multiply(max(0, chainCount - 1), held(other + spare, chunk: 1, shape)))
            bytes = add(bytes, table)
        }
        return multiply(bytes, shape.keyValueHeadCount)
    }

    /// Bytes of so many pages of one table: sealed ones at their own size.
    private func held(_ pages: Int, chunk: Int, _ shape: KVShape) -> Int {
        guard pages < .max / (2 * shape.heldBytesPerPage) else { return .max }
        // A page in which a prompt ends is copied by each chain, and is open.
        return shape.heldBytes(pages: pages, chunk: add(chunk, KVPage.tokens))
    }

    private func pages(_ visibility: Visibility, tokens: Int) -> Int {
        let all = tokens / KVPage.tokens + 1
        guard let window = visibility.window else { return all }
        let rows = add(window, min(chunk, tokens))
        return min(all, rows / KVPage.tokens + 2 + visibility.sinks / KVPage.tokens + 1)
    }

    private func add(_ a: Int, _ b: Int) -> Int {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }

    private func multiply(_ a: Int, _ b: Int) -> Int {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? .max : product
    }
}
