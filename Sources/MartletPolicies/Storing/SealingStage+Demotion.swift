// Sealing where there is no room, and not before.

import MartletCache

extension SealingStage {
    /// Seals the full pages of a sequence that nobody else holds.
    func demote(_ sequence: SequenceID, cache: KVCache) throws(CacheError) -> Int {
        guard plan.isOnDemand else { return 0 }
        var work: [SealingWork] = []
        for table in 0..<shape.tableCount {
            for entry in cache.demotableEntries(sequence, table: table) {
                work.append((table, entry, 0))
            }
        }
        guard !work.isEmpty else { return 0 }
        try exchange(work, of: sequence, memory(of: sequence, cache), cache) { _, _, _ in }
        return work.count
    }
}
