// What this machine's processors are.

import Foundation

/// Facts about the processors that a plan may depend on; no result does.
package enum Processor {
    /// Bytes of one processor's own (second-level) cache; one megabyte when the system does not tell.
    package static let ownCacheBytes: Int = {
        let usual = 1 << 20
        #if canImport(Glibc)
            let bytes = sysconf(Int32(_SC_LEVEL2_CACHE_SIZE))
            return bytes > 0 ? bytes : usual
        #else
            return usual
        #endif
    }()
}
