/// Digests against published and independently computed ones, in every way that bytes can come.

import CMartletKernels
import Testing

@testable import MartletKernels

@Suite struct SecureDigestTests {
    /// The examples of FIPS 180-4.
    @Test(
        arguments: [
            (
                "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "da39a3ee5e6b4b0d3255bfef95601890afd80709"
            ),
            (
                "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                "a9993e364706816aba3e25717850c26c9cd0d89d"
            ),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
            ),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
                "34aa973cd4c4daa4f61eeb2bdbad27316534016f"
            ),
        ])
    func meetsThePublishedExamples(text: String, sha256: String, sha1: String) {
        #expect(SecureDigest.text(SecureDigest.of(text.utf8, .sha256)) == sha256)
        #expect(SecureDigest.text(SecureDigest.of(text.utf8, .sha1)) == sha1)
    }

    private static let bytes = (0..<1000).map {
        UInt8(truncatingIfNeeded: $0 * $0 * 31 + $0 * 7 + 3)
    }

    /// Every length around the ends of blocks; the digests of all lengths were made with Python's hashlib.
    @Test func meetsAnotherImplementationAtEveryLength() {
        func all(_ algorithm: SecureDigest.Algorithm) -> String {
            let digests = (0..<300).flatMap { SecureDigest.of(Self.bytes[..<$0], algorithm) }
            return SecureDigest.text(SecureDigest.of(digests, .sha256))
        }
        #expect(all(.sha256) == "c9b7f8c0f519bfe35c972872c9a052685f20ff0c49bddfa46541158a48d69532")
        #expect(all(.sha1) == "cc51e0df12130c9941d0dcbed2026843f2bd3ee6d5049620cbda41d53d2060fe")
    }

    /// However bytes come, and asked in between or not.
    @Test func piecesMakeTheWhole() {
        var random = CounterRandom(seed: 8)
        for algorithm in [SecureDigest.Algorithm.sha256, .sha1] {
            for _ in 0..<50 {
                let length = random.below(Self.bytes.count)
                var digest = SecureDigest(algorithm)
                var place = 0
                while place < length {
                    let end = min(length, place + random.below(150))
                    digest.update(Self.bytes[place..<end])
                    if random.below(4) == 0 { _ = digest.finalize() }
                    place = end
                }
                #expect(digest.finalize() == SecureDigest.of(Self.bytes[..<length], algorithm))
            }
        }
    }

    /// The processor's own instructions give what the portable form gives.
    @Test func bothFormsAgree() {
        var random = CounterRandom(seed: 9)
        for blocks in [0, 1, 2, 5] {
            let bytes = (0..<64 * blocks).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            let start = (0..<8).map { _ in UInt32(truncatingIfNeeded: random.next()) }
            var (one, other) = (start, start)
            mk_sha256(&one, bytes, blocks)
            mk_sha256_portable(&other, bytes, blocks)
            #expect(one == other)
            #expect(blocks == 0 || one != start)
        }
    }
}
