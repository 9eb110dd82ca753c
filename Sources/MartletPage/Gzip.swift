/// Makes files smaller on their way to a browser, in a form that every browser reads.

/// gzip (RFC 1952) of one file: DEFLATE (RFC 1951) with its fixed codes, over matches of the last 32 KiB.
///
/// Texts come to about two fifths. The fixed codes need no tables in the output, and a page that is compressed once needs no
/// more than that.
package enum Gzip {
    private static let window = 32 * 1024
    private static let shortest = 3
    private static let longest = 258
    /// Earlier places that are looked at for a match.
    private static let tries = 48

    /// A file in the form of gzip.
    package static func compressed(_ bytes: [UInt8]) -> [UInt8] {
        // No name and no time: equal files are equal in this form too.
        var output: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
        output += deflated(bytes)
        for number in [checksum(bytes), UInt32(truncatingIfNeeded: bytes.count)] {
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                output.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        return output
    }

    private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var bits = BitWriter()
        // The last block, and it has the fixed codes.
        bits.write(0b011, 3)
        var places = Places(bytes)
        var index = 0
        while index < bytes.count {
            let match = places.longest(at: index, tries, window, longest)
            places.add(index)
            // A longer match may begin one byte later.
            if match.length >= shortest,
                index + 1 >= bytes.count
                    || places.longest(at: index + 1, tries, window, longest).length <= match.length
            {
                write(length: match.length, to: &bits)
                write(distance: match.distance, to: &bits)
                for place in index + 1..<index + match.length { places.add(place) }
                index += match.length
            } else {
                write(symbol: Int(bytes[index]), to: &bits)
                index += 1
            }
        }
        write(symbol: 256, to: &bits)
        return bits.finished()
    }

    // MARK: Codes

    private static func write(symbol: Int, to bits: inout BitWriter) {
        switch symbol {
        case ..<144: bits.write(reversing: 0x30 + symbol, 8)
        case ..<256: bits.write(reversing: 0x190 + symbol - 144, 9)
        case ..<280: bits.write(reversing: symbol - 256, 7)
        default: bits.write(reversing: 0xC0 + symbol - 280, 8)
        }
    }

    private static func write(length: Int, to bits: inout BitWriter) {
        guard length < longest else { return write(symbol: 285, to: &bits) }
        let code = code(of: length - shortest, groups: 4)
        write(symbol: 257 + code.number, to: &bits)
        bits.write(code.rest, code.restBits)
    }

    private static func write(distance: Int, to bits: inout BitWriter) {
        let code = code(of: distance - 1, groups: 2)
        bits.write(reversing: code.number, 5)
        bits.write(code.rest, code.restBits)
    }

    /// The code of a number from 0 on: the first two times `groups` codes are numbers, and then every `groups` codes stand
    /// for twice as many numbers each as those before.
    private static func code(
        of number: Int, groups: Int
    ) -> (number: Int, rest: Int, restBits: Int) {
        guard number >= 2 * groups else { return (number, 0, 0) }
        let bit = Int.bitWidth - 1 - number.leadingZeroBitCount
        let restBits = bit - groups.trailingZeroBitCount
        let code = number >> restBits
        return (groups * restBits + code, number & ((1 << restBits) - 1), restBits)
    }

    /// CRC-32.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var sum = ~UInt32(0)
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return ~sum
    }
}

/// Bits, the lowest of a byte first.
private struct BitWriter {
    private var bytes: [UInt8] = []
    private var pending: UInt64 = 0
    private var count = 0

    mutating func write(_ value: Int, _ bits: Int) {
        pending |= UInt64(value) << UInt64(count)
        count += bits
        while count >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: pending))
            pending >>= 8
            count -= 8
        }
    }

    /// Writes a code, whose highest bit is first.
    mutating func write(reversing code: Int, _ bits: Int) {
        var reversed = 0
        for bit in 0..<bits where code & (1 << bit) != 0 { reversed |= 1 << (bits - 1 - bit) }
        write(reversed, bits)
    }

    mutating func finished() -> [UInt8] {
        if count > 0 { bytes.append(UInt8(truncatingIfNeeded: pending)) }
        return bytes
    }
}

/// Where three bytes stood before.
private struct Places {
    private let bytes: [UInt8]
    private var heads = [Int32](repeating: -1, count: 1 << 14)
    private var earlier: [Int32]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        earlier = [Int32](repeating: -1, count: bytes.count)
    }

    private func key(_ index: Int) -> Int {
        let three =
            UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
        return Int((three &* 0x9E37_79B1) >> 18)
    }

    mutating func add(_ index: Int) {
        guard index + 2 < bytes.count else { return }
        let key = key(index)
        earlier[index] = heads[key]
        heads[key] = Int32(index)
    }

    /// The longest match of what begins at a place, the nearest of equal ones; a length of zero where there is none.
    func longest(
        at index: Int, _ tries: Int, _ window: Int, _ most: Int
    ) -> (length: Int, distance: Int) {
        guard index + 2 < bytes.count else { return (0, 0) }
        var best = (length: 0, distance: 0)
        let most = min(most, bytes.count - index)
        var place = Int(heads[key(index)])
        var left = tries
        while place >= 0, index - place <= window, left > 0 {
            var length = 0
            while length < most, bytes[place + length] == bytes[index + length] { length += 1 }
            if length > best.length { best = (length, index - place) }
            place = Int(earlier[place])
            left -= 1
        }
        return best
    }
}
