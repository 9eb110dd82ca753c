/// Room made by sealing pages of a sequence that goes on.

extension KVCache {
    /// Whether pages of it were sealed because there was no room: then it is not what computing its tokens again would give,
    /// and no other may go on with it.
    package func isDemoted(_ id: SequenceID) -> Bool { state(id).isDemoted }

    /// Bytes that a page takes from the budget once it is sealed for lack of room; nil where none is.
    package var demotedBytesPerPage: Int? {
        guard traits.demotes, let arena = pool.sealed.first else { return nil }
        return arena.pageBytes + KVPage.positionBytes
    }

    /// The entries of a table whose pages can be sealed where ``CacheTraits/demotes``: full, open, and nobody else's.
    package func demotableEntries(_ id: SequenceID, table: Int) -> [Int] {
        let view = state(id).tables[table].view
        return (0..<view.length / KVPage.tokens).filter { entry in
            let page = view[entry]
            return page != KVPage.hole && pool.sealedKind(of: page) == nil
                && pool.referenceCount(page) == 1
        }
    }

    /// Bytes that sealing all of those would free. Takes time linear in the pages.
    package func demotableBytes(of id: SequenceID) -> Int {
        guard let demoted = demotedBytesPerPage else { return 0 }
        let gain = shape.heldBytesPerPage - demoted
        return (0..<shape.tableCount).reduce(0) {
            $0 + demotableEntries(id, table: $1).count * gain
        }
    }

    /// Tokens of it that are sealed, averaged over layers and KV heads and rounded up; 0 where it ``isDemoted(_:)`` not.
    package func demotedTokens(of id: SequenceID) -> Int {
        (demotedPages(of: id) * KVPage.tokens + shape.tableCount - 1) / shape.tableCount
    }

    /// What attention reads less of it than if all of its pages were open.
    package func demotedSavings(of id: SequenceID) -> Int {
        guard let arena = pool.sealed.first else { return 0 }
        return demotedPages(of: id) * (shape.pageBytes - arena.pageBytes)
    }

    private func demotedPages(of id: SequenceID) -> Int {
        guard isDemoted(id) else { return 0 }
        return (0..<shape.tableCount).reduce(0) { count, table in
            let view = state(id).tables[table].view
            return [view.sinkPages, view.recentPages].joined().reduce(count) { count, page in
                page != KVPage.hole && pool.sealedKind(of: page) != nil ? count + 1 : count
            }
        }
    }
}
