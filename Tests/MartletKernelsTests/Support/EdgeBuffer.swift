// Memory that makes a wrong access visible: a page that may not be touched follows the data.

import Foundation

/// `count` elements whose last one ends where an inaccessible page begins, so that a kernel that
/// reads or writes past the end stops the test at once.
///
/// With an `alignment` the start is aligned and up to that many bytes lie before the guard.
final class EdgeBuffer<Element: BitwiseCopyable> {
    let count: Int
    let base: UnsafeMutablePointer<Element>
    private let mapping: UnsafeMutableRawPointer
    private let mappedBytes: Int

    init(count: Int, alignment: Int = MemoryLayout<Element>.alignment) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let bytes = count * MemoryLayout<Element>.stride
        let dataBytes = max(page, (bytes + alignment + page - 1) / page * page)
        mappedBytes = dataBytes + page
        guard
            let memory = mmap(
                nil, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | anonymous, -1, 0),
            memory != MAP_FAILED, mprotect(memory + dataBytes, page, PROT_NONE) == 0
        else { preconditionFailure("EdgeBuffer: the system refused \(mappedBytes) bytes") }
        mapping = memory
        let end = UInt(bitPattern: memory) + UInt(dataBytes)
        let start = (end - UInt(bytes)) / UInt(alignment) * UInt(alignment)
        let offset = Int(start - UInt(bitPattern: memory))
        base = (memory + offset).bindMemory(to: Element.self, capacity: max(1, count))
        self.count = count
    }

    convenience init(_ elements: [Element], alignment: Int = MemoryLayout<Element>.alignment) {
        self.init(count: elements.count, alignment: alignment)
        elements.withUnsafeBytes { bytes in
            if let from = bytes.baseAddress { memcpy(base, from, bytes.count) }
        }
    }

    deinit { munmap(mapping, mappedBytes) }

    var array: [Element] { Array(UnsafeBufferPointer(start: base, count: count)) }

    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base, count: count * MemoryLayout<Element>.stride)
    }
}

#if os(Linux)
    private let anonymous = Int32(MAP_ANONYMOUS)
#else
    private let anonymous = MAP_ANON
#endif

/// Floats for a kernel to write, between two zones it must leave alone. Zones, and floats until
/// they are written, hold a NaN that no arithmetic makes: all bits set.
final class GuardedFloats {
    private static let zone = 64
    private let buffer: EdgeBuffer<Float>
    let count: Int
    let base: UnsafeMutablePointer<Float>

    init(count: Int) {
        self.count = count
        buffer = EdgeBuffer(count: count + 2 * Self.zone)
        base = buffer.base + Self.zone
        memset(buffer.base, 0xFF, buffer.count * 4)
    }

    convenience init(_ values: [Float]) {
        self.init(count: values.count)
        values.withUnsafeBytes { bytes in
            if let from = bytes.baseAddress { memcpy(base, from, bytes.count) }
        }
    }

    var array: [Float] { Array(UnsafeBufferPointer(start: base, count: count)) }

    /// Whether both zones are as they were.
    var isIntact: Bool {
        isUntouched(-Self.zone..<0) && isUntouched(count..<count + Self.zone)
    }

    /// Whether none of the floats was written.
    func isUntouched(_ range: Range<Int>) -> Bool {
        for i in range where base[i].bitPattern != .max { return false }
        return true
    }
}
