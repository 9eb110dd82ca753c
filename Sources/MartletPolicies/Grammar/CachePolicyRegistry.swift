/// The one list of cache policies. Each is described in its own file.

import MartletCache

/// Every policy that a text can name.
package enum CachePolicyRegistry {
    /// The policies, in the order in which they are listed to users.
    package static let entries: [CachePolicyEntry] = [
        .dense, .window, .snapkv, .pyramidkv, .adakv, .chunkkv, .criticalkv, .sagekv, .expected,
        .kvzip,
        .knorm, .keydiff, .lagkv, .compactor, .random, .duo, .chelsea, .lookm, .h2o, .tova,
        .morphkv, .rkv, .scope, .threshold, .loopserve, .dms, .dmc, .quest, .lserve, .recycled,
        .sentencekv, .actqkv, .hip, .stride, .think, .kv,
    ]

    /// Throws `unknownPolicy`, which lists what is available.
    static func entry(named name: String) throws(CacheError) -> CachePolicyEntry {
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw .unknownPolicy(name: name, available: entries.map(\.name))
        }
        return entry
    }
}
