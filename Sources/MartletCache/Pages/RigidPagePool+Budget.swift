/// How a pool lives with less than its arena for a while, where several caches share one budget.

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension RigidPagePool {
    /// Gives the memory of pages that nobody holds back to the system. They stay handed out, and are zeros when they are next
    /// touched.
    func returnFreePages() {
        let free = (0..<freeStackCount).map { freePage(at: $0) }.sorted()
        returnRuns(of: free, bytes: pageBytes) { pointer(to: $0) }
        for kind in sealed {
            let first = kind.free.sorted()
            returnRuns(of: first, step: Int32(kind.unit.pages), bytes: kind.unit.bytes) {
                pointer(to: $0)
            }
        }
    }

    /// Gives back what lies wholly inside of runs of neighbours.
    private func returnRuns(
        of ids: [Int32], step: Int32 = 1, bytes: Int, _ pointer: (Int32) -> UnsafeMutableRawPointer
    ) {
        let unit = Int(sysconf(Int32(_SC_PAGESIZE)))
        var start = 0
        while start < ids.count {
            var end = start + 1
            while end < ids.count, ids[end] == ids[end - 1] + step { end += 1 }
            let first = Int(bitPattern: pointer(ids[start]))
            let low = (first + unit - 1) / unit * unit
            let high = (first + (end - start) * bytes) / unit * unit
            if high > low, let base = UnsafeMutableRawPointer(bitPattern: low) {
                // Only memory is at stake: a refusal leaves the pages as they are.
                _ = madvise(base, high - low, MADV_DONTNEED)
            }
            start = end
        }
    }
}
