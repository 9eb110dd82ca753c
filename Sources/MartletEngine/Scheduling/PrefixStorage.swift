/// Where prompts outlive the engine.

/// Keeps bytes under names. An engine asks whether they are there on its own thread and reads them on another; writing may
/// take place later, or not at all.
package protocol PrefixStorage: Sendable {
    /// The key of the hash that names are made with: the same whenever the storage is used.
    var hashKey: (low: UInt64, high: UInt64) { get }
    /// Whether something has this name, as far as that is known.
    func contains(_ name: String) -> Bool
    /// The bytes of a name; nil when there are none.
    func read(_ name: String) -> [UInt8]?
    /// Writes bytes under a name, all of them or none. Returns false when they are left out.
    @discardableResult func write(_ name: String, _ bytes: [UInt8]) -> Bool
    /// Forgets what has a name.
    func remove(_ name: String)
}
