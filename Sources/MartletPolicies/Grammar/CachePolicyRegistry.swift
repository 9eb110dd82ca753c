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

    /// The first parameter of an expression whose value is a file's path; nil where no file is named.
    package static func fileParameter(of expression: PolicyExpression) -> String? {
        for term in expression.terms {
            let entry = entries.first { $0.name == term.name }
            for argument in term.arguments {
                let parameter = entry?.parameters.first { $0.name == argument.name }
                if parameter?.domain == .path { return argument.name }
            }
            if let wrapped = term.wrapped, let inner = fileParameter(of: wrapped) { return inner }
        }
        return nil
    }
}
