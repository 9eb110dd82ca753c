// The rules of UTF-8: what is well formed, and what may still become so.

enum UTF8Text {
    /// The offset of the first byte that cannot be part of well-formed UTF-8, or nil.
    static func firstInvalidOffset(_ bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBufferPointer { firstInvalidOffset($0) }
    }

    static func firstInvalidOffset(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        var position = 0
        while position < bytes.count {
            // Eight ASCII bytes at a time.
            while position &+ 8 <= bytes.count,
                UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped + position)
                    .loadUnaligned(as: UInt64.self) & 0x8080_8080_8080_8080 == 0
            {
                position &+= 8
            }
            guard position < bytes.count else { return nil }
            if bytes[position] < 0x80 {
                position &+= 1
                continue
            }
            let length = sequenceLength(bytes[position])
            guard length > 0, wellFormedPrefix(bytes, at: position, limit: length) == length else {
                return position
            }
            position &+= length
        }
        return nil
    }

    /// Bytes of the sequence that this lead byte opens; 0 when it cannot lead.
    @inline(__always)
    static func sequenceLength(_ lead: UInt8) -> Int {
        switch lead {
        case 0x00...0x7F: 1
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 0
        }
    }

    /// How many bytes from `start` agree with the sequence its lead opens, at most `limit`
    /// (Unicode 15, table 3-7: the second byte has tighter bounds after E0, ED, F0 and F4).
    private static func wellFormedPrefix(
        _ bytes: UnsafeBufferPointer<UInt8>, at start: Int, limit: Int
    ) -> Int {
        var count = 1
        while count < limit, start + count < bytes.count {
            let byte = bytes[start + count]
            var range: ClosedRange<UInt8> = 0x80...0xBF
            if count == 1 {
                switch bytes[start] {
                case 0xE0: range = 0xA0...0xBF
                case 0xED: range = 0x80...0x9F
                case 0xF0: range = 0x90...0xBF
                case 0xF4: range = 0x80...0x8F
                default: break
                }
            }
            guard range.contains(byte) else { break }
            count += 1
        }
        return count
    }

    /// How many bytes at the end open a character that later bytes may complete (0 to 3).
    static func incompleteSuffixLength(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBufferPointer { bytes in
            for back in 1...3 {
                let start = bytes.count - back
                guard start >= 0 else { return 0 }
                let length = sequenceLength(bytes[start])
                if bytes[start] & 0xC0 == 0x80 { continue }
                guard length > back,
                    wellFormedPrefix(bytes, at: start, limit: length) == back
                else { return 0 }
                return back
            }
            return 0
        }
    }

    /// The scalar at `position` of valid UTF-8 and its length in bytes.
    @inline(__always)
    static func scalar(_ base: UnsafePointer<UInt8>, _ position: Int) -> (UInt32, Int) {
        let lead = UInt32(base[position])
        if lead < 0x80 { return (lead, 1) }
        let second = UInt32(base[position &+ 1]) & 0x3F
        if lead < 0xE0 { return ((lead & 0x1F) << 6 | second, 2) }
        let third = UInt32(base[position &+ 2]) & 0x3F
        if lead < 0xF0 { return ((lead & 0x0F) << 12 | second << 6 | third, 3) }
        let fourth = UInt32(base[position &+ 3]) & 0x3F
        return ((lead & 0x07) << 18 | second << 12 | third << 6 | fourth, 4)
    }
}
