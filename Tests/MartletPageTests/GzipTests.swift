/// The page in the form of gzip is the page.

import MartletPage
import Testing

@Suite struct GzipTests {
    @Test func everyFileComesBackAndIsSmaller() throws {
        var (plain, small) = (0, 0)
        for (path, file) in PageFile.all {
            let bytes = try #require(file.compressed, "\(path)")
            #expect(try Inflating(bytes).content == file.bytes, "\(path)")
            #expect(file.compressedTag != file.tag)
            plain += file.bytes.count
            small += bytes.count
        }
        #expect(Double(small) < 0.45 * Double(plain), "\(small) of \(plain)")
    }

    /// Forms that zlib reads as these texts: what is between the header and the checksum, and the checksum with the length.
    @Test(
        arguments: [
            ([], [0x03, 0x00], [0, 0, 0, 0, 0, 0, 0, 0]),
            (
                Array("abcabcabcabcX".utf8) + [200],
                [0x4B, 0x4C, 0x4A, 0x86, 0xA3, 0x88, 0x13, 0x00],
                [0x6E, 0xEF, 0x95, 0xC6, 14, 0, 0, 0]
            ),
            (
                [UInt8](repeating: 97, count: 10), [0x4B, 0x84, 0x03, 0x00],
                [0xF0, 0xCD, 0x11, 0x4C, 10, 0, 0, 0]
            ),
        ] as [([UInt8], [UInt8], [UInt8])])
    func shortTextsAreWhatZlibReads(text: [UInt8], body: [UInt8], end: [UInt8]) {
        let bytes = Gzip.compressed(text)
        #expect(Array(bytes.prefix(4)) == [0x1F, 0x8B, 8, 0])
        #expect(Array(bytes.dropFirst(10).dropLast(8)) == body)
        #expect(Array(bytes.suffix(8)) == end)
    }

    /// Every length and distance has its code: runs, and copies from near and far.
    @Test func allLengthsAndDistancesComeBack() throws {
        var seed: UInt64 = 7
        func random() -> UInt8 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: seed >> 56)
        }
        let noise = (0..<40_000).map { _ in random() }
        var text = noise
        for length in 3...300 { text += noise.suffix(20_000).prefix(length) + [random()] }
        for distance in [1, 2, 3, 4, 5, 8, 30, 500, 4000, 32_000] {
            text += text.suffix(distance).prefix(40) + [random()]
        }
        for length in 1...600 where length % 7 == 0 {
            text += [UInt8](repeating: random(), count: length)
        }
        let bytes = Gzip.compressed(text)
        #expect(try Inflating(bytes).content == text)
        #expect(bytes.count < text.count)
    }
}

/// Reads gzip with fixed codes, by the tables of RFC 1951.
private struct Inflating {
    struct Malformed: Error {}

    private(set) var content: [UInt8] = []
    private let bytes: [UInt8]
    private var bit = 80

    private static let lengths = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
        131, 163, 195, 227, 258,
    ]
    private static let lengthBits = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ]
    private static let distances = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
        2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
    ]

    init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        guard try take(3) == 3 else { throw Malformed() }
        while true {
            let symbol = try symbol()
            if symbol == 256 { break }
            guard symbol > 256 else {
                content.append(UInt8(symbol))
                continue
            }
            let place = symbol - 257
            guard place < Self.lengths.count else { throw Malformed() }
            let length = Self.lengths[place] + (try take(Self.lengthBits[place]))
            let code = try reversed(5)
            guard code < Self.distances.count else { throw Malformed() }
            let distance = Self.distances[code] + (try take(max(0, code / 2 - 1)))
            guard distance <= content.count else { throw Malformed() }
            for _ in 0..<length { content.append(content[content.count - distance]) }
        }
        let end = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard (bit + 7) / 8 == bytes.count - 8, end == content.count else { throw Malformed() }
    }

    private mutating func take(_ count: Int) throws -> Int {
        var value = 0
        for place in 0..<count {
            guard bit / 8 < bytes.count else { throw Malformed() }
            value |= Int(bytes[bit / 8] >> UInt8(bit % 8) & 1) << place
            bit += 1
        }
        return value
    }

    private mutating func reversed(_ count: Int) throws -> Int {
        var value = 0
        for _ in 0..<count { value = value << 1 | (try take(1)) }
        return value
    }

    private mutating func symbol() throws -> Int {
        let seven = try reversed(7)
        if seven < 0b001_1000 { return 256 + seven }
        let eight = seven << 1 | (try take(1))
        if eight < 0xC0 { return eight - 0x30 }
        if eight < 0xC8 { return eight - 0xC0 + 280 }
        return (eight << 1 | (try take(1))) - 0x190 + 144
    }
}
