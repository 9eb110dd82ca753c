/// Which positions each head holds after each step of a run.

import MartletCache

/// A run under one policy, step by step.
package struct CacheTrace: Sendable {
    /// One step of the engine.
    package struct Step: Sendable {
        /// Tokens computed after it.
        package let count: Int
        /// Bytes of cache held after it.
        package let bytes: Int
        /// Bytes of pages that it read.
        package let bytesRead: Int
        /// Cached tokens that it attended to, averaged over layers and KV heads; zero in a prompt.
        package let kvReads: Double
    }

    /// The policy, every parameter written out.
    package let policy: String
    /// Whether results can differ from the plain model's.
    package let isLossy: Bool
    /// The steps.
    package private(set) var steps: [Step] = []
    /// By (layer, KV head) and position: the step after which the token is not held any more, or -1.
    package private(set) var gone: [[Int32]]

    init(policy: String, isLossy: Bool, tableCount: Int) {
        self.policy = policy
        self.isLossy = isLossy
        gone = Array(repeating: [], count: tableCount)
    }

    /// Notes what is held after a step.
    mutating func note(_ cache: KVCache, _ sequence: SequenceID, kvReads: Double) {
        let count = cache.count(sequence)
        let step = Int32(steps.count)
        for table in gone.indices {
            let (layer, head) = table.quotientAndRemainder(
                dividingBy: cache.shape.keyValueHeadCount)
            gone[table] += Array(repeating: -1, count: count - gone[table].count)
            var isHeld = [Bool](repeating: false, count: count)
            for position in cache.heldPositions(sequence, layer: layer, head: head) {
                isHeld[position] = true
            }
            for position in 0..<count where gone[table][position] < 0 && !isHeld[position] {
                gone[table][position] = step
            }
        }
        steps.append(
            Step(
                count: count, bytes: cache.statistics.bytesHeld,
                bytesRead: cache.statistics.stepBytesRead, kvReads: kvReads))
    }
}
