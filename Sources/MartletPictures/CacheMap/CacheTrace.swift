/// Which positions each head holds after each step of a run.

/// A run under one policy, step by step.
package struct CacheTrace: Sendable {
    /// One step of the engine.
    package struct Step: Sendable {
        /// Tokens computed after it.
        package let count: Int
        /// Bytes of cache held after it.
        package let bytes: Int
        /// Bytes of cache that it read until its commit.
        package let bytesRead: Int
        /// Bytes of cache that it moved; zero in a prompt.
        package let bytesMoved: Int
        /// Cached tokens that it attended to, averaged over layers and KV heads; zero in a prompt.
        package let kvReads: Double

        /// Describes a step.
        package init(
            count: Int, bytes: Int, bytesRead: Int, bytesMoved: Int, kvReads: Double
        ) {
            self.count = count
            self.bytes = bytes
            self.bytesRead = bytesRead
            self.bytesMoved = bytesMoved
            self.kvReads = kvReads
        }
    }

    /// The policy, every parameter written out.
    package let policy: String
    /// Whether results can differ from the plain model's.
    package let isLossy: Bool
    /// The steps.
    package private(set) var steps: [Step] = []
    /// By (layer, KV head) and position: the step after which the token is not held any more, or -1.
    package private(set) var gone: [[Int32]]

    /// Nothing yet, of a cache with `tableCount` heads in all its layers together.
    package init(policy: String, isLossy: Bool, tableCount: Int) {
        self.policy = policy
        self.isLossy = isLossy
        gone = Array(repeating: [], count: tableCount)
    }

    /// Notes what is held after a step.
    ///
    /// - Parameter held: the positions that a head holds; heads are counted through all layers.
    package mutating func note(_ step: Step, held: (Int) -> [Int]) {
        let number = Int32(steps.count)
        for table in gone.indices {
            gone[table] += Array(repeating: -1, count: step.count - gone[table].count)
            var isHeld = [Bool](repeating: false, count: step.count)
            for position in held(table) { isHeld[position] = true }
            for position in 0..<step.count where gone[table][position] < 0 && !isHeld[position] {
                gone[table][position] = number
            }
        }
        steps.append(step)
    }
}
