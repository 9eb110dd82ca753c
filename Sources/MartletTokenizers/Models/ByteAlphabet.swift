// GPT-2's spelling of bytes as printable characters.

/// The 256 characters in which byte-level vocabularies write bytes: printable Latin-1 characters
/// stand for themselves, the others for U+0100 and up in byte order.
package enum ByteAlphabet {
    /// The scalar for each byte.
    package static let scalars: [UInt32] = {
        var scalars: [UInt32] = []
        var next: UInt32 = 0x100
        for byte in UInt32(0)...255 {
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: scalars.append(byte)
            default:
                scalars.append(next)
                next += 1
            }
        }
        return scalars
    }()

    /// The byte for each scalar below U+0144, -1 where there is none.
    static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar)] = Int16(byte) }
        return bytes
    }()

    /// The spelling of bytes in this alphabet, as UTF-8.
    static func spell(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        for byte in bytes {
            let scalar = scalars[Int(byte)]
            if scalar < 0x80 {
                result.append(UInt8(scalar))
            } else {
                result.append(UInt8(0xC0 | scalar >> 6))
                result.append(UInt8(0x80 | scalar & 0x3F))
            }
        }
        return result
    }

    /// Appends the bytes that a spelling stands for; a text with any other character stands for
    /// itself, as in the reference decoder.
    static func appendBytes(of spelling: ArraySlice<UInt8>, to result: inout [UInt8]) {
        let start = result.count
        let table = bytes
        var index = spelling.startIndex
        while index < spelling.endIndex {
            let lead = spelling[index]
            var scalar = Int(lead)
            if lead >= 0x80 {
                // Every scalar of the alphabet beyond ASCII has two bytes.
                guard lead >= 0xC2, lead <= 0xDF, index + 1 < spelling.endIndex else { break }
                scalar = Int(lead & 0x1F) << 6 | Int(spelling[index + 1] & 0x3F)
                index += 1
            }
            guard scalar < table.count, table[scalar] >= 0 else { break }
            result.append(UInt8(table[scalar]))
            index += 1
        }
        if index < spelling.endIndex {
            result.removeSubrange(start...)
            result.append(contentsOf: spelling)
        }
    }
}
