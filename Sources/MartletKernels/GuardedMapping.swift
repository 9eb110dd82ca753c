// Mapped memory of a file that somebody may cut short.

import CMartletKernels

/// Watches over mapped bytes of a file: where the file was cut short, reading finds zeros instead of ending the process.
///
/// It must go before the memory is unmapped.
package final class GuardedMapping: Sendable {
    private let place: Int32

    /// Guards `bytes`; nil when too many files are mapped already.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return nil }
        place = mk_guard_mapping(base, bytes.count)
        guard place >= 0 else { return nil }
    }

    deinit { mk_unguard_mapping(place) }

    /// Whether zeros were read in place of bytes that the file no longer has.
    package var isLost: Bool { mk_mapping_lost(place) }
}
