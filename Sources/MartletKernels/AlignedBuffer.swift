// Memory whose start is aligned for vectors and whose size never changes.

import Foundation

/// A fixed number of trivially copyable elements, zero-filled, 64-byte aligned.
///
/// Large buffers are mapped and ask for huge pages, since a decode step walks all of the weights
/// and would otherwise miss the TLB at every 4 KiB. The pointer is valid as long as the buffer.
@safe
package struct AlignedBuffer<Element: BitwiseCopyable>: ~Copyable {
    /// First element.
    package let base: UnsafeMutablePointer<Element>
    /// Number of elements.
    package let count: Int
    private let mappedBytes: Int
    /// Bytes of the elements.
    package var byteCount: Int { count * MemoryLayout<Element>.stride }

    private static var mapThreshold: Int { 1 << 20 }

    /// Allocates `count` zeros.
    ///
    /// - Throws: `KernelError.outOfMemory`.
    package init(count: Int, purpose: String = "a buffer") throws(KernelError) {
        precondition(count >= 0, "AlignedBuffer: count \(count) is negative")
        let bytes = max(64, (count * MemoryLayout<Element>.stride + 63) & ~63)
        var raw: UnsafeMutableRawPointer?
        var mapped = 0
        if bytes >= Self.mapThreshold {
            // Not rounded to huge pages: the kernel uses them where they fit, and rounding the many
            // matrices of a model up would waste a megabyte each.
            mapped = (bytes + 4095) & ~4095
            let flags = MAP_PRIVATE | MAP_ANONYMOUS_FLAG
            raw = mmap(nil, mapped, PROT_READ | PROT_WRITE, flags, -1, 0)
            if raw == MAP_FAILED { raw = nil }
            #if os(Linux)
                if let raw { _ = madvise(raw, mapped, 14 /* MADV_HUGEPAGE */) }
            #endif
        } else if posix_memalign(&raw, 64, bytes) == 0, let raw {
            memset(raw, 0, bytes)
        }
        guard let raw else { throw .outOfMemory(bytes: bytes, purpose: purpose) }
        base = raw.assumingMemoryBound(to: Element.self)
        self.count = count
        mappedBytes = mapped
    }

    deinit {
        if mappedBytes > 0 { munmap(base, mappedBytes) } else { free(base) }
    }

    /// The elements as a buffer pointer, valid as long as this value.
    package var pointer: UnsafeMutableBufferPointer<Element> {
        UnsafeMutableBufferPointer(start: base, count: count)
    }
}

#if os(Linux)
    private let MAP_ANONYMOUS_FLAG = Int32(MAP_ANONYMOUS)
#else
    private let MAP_ANONYMOUS_FLAG = MAP_ANON
#endif
