/// Bytes that no expression of an automaton tells apart.

/// A partition of the bytes.
struct ByteClasses {
    /// The class of each byte.
    private(set) var ofByte: [UInt8] = Array(repeating: 0, count: 256)
    /// A byte of each class.
    private(set) var representatives: [UInt8] = [0]
    /// How many bytes each class has.
    private(set) var sizes: [Int] = [256]

    var count: Int { representatives.count }

    /// Splits classes so that each lies inside a set or outside of it. Returns whether one was split.
    mutating func refine(_ set: ByteSet) -> Bool {
        var inside = [Int](repeating: -1, count: count)
        var outside = inside
        var next = 0
        var split = [UInt8](repeating: 0, count: 256)
        for byte in UInt8.min...UInt8.max {
            let old = Int(ofByte[Int(byte)])
            if set.contains(byte) {
                if inside[old] < 0 { (inside[old], next) = (next, next + 1) }
                split[Int(byte)] = UInt8(inside[old])
            } else {
                if outside[old] < 0 { (outside[old], next) = (next, next + 1) }
                split[Int(byte)] = UInt8(outside[old])
            }
        }
        guard next > count else { return false }
        ofByte = split
        representatives = Array(repeating: 0, count: next)
        sizes = Array(repeating: 0, count: next)
        for byte in UInt8.min...UInt8.max {
            representatives[Int(split[Int(byte)])] = byte
            sizes[Int(split[Int(byte)])] += 1
        }
        return true
    }
}
