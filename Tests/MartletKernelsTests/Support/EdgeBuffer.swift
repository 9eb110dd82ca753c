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
        for (i, element) in elements.enumerated() { base[i] = element }
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

/// Floats for a kernel to write, between two zones it must leave alone. Until written, each holds
/// the same mark as the zones.
final class GuardedFloats {
    static let mark: UInt32 = 0x7FA5_C0DE
    private static let zone = 64
    private let buffer: EdgeBuffer<UInt32>
    let count: Int

    init(count: Int) {
        self.count = count
        buffer = EdgeBuffer(count: count + 2 * Self.zone)
        for i in 0..<buffer.count { buffer.base[i] = Self.mark }
    }

    convenience init(_ values: [Float]) {
        self.init(count: values.count)
        for (i, value) in values.enumerated() { base[i] = value }
    }

    var base: UnsafeMutablePointer<Float> {
        UnsafeMutableRawPointer(buffer.base + Self.zone).assumingMemoryBound(to: Float.self)
    }

    var array: [Float] { Array(UnsafeBufferPointer(start: base, count: count)) }

    /// Whether both zones are as they were.
    var isIntact: Bool {
        (0..<Self.zone).allSatisfy {
            buffer.base[$0] == Self.mark && buffer.base[Self.zone + count + $0] == Self.mark
        }
    }

    /// Whether element `i` was never written.
    func isUntouched(_ i: Int) -> Bool { buffer.base[Self.zone + i] == Self.mark }
}
