/// Digests of bytes that come piece by piece: SHA-256, and SHA-1 for what git names.

import CMartletKernels

/// A digest that follows a stream of bytes (FIPS 180-4).
///
/// A library of cryptography would do it as well, and compiles for longer than everything else in this package together;
/// these two functions are all that is needed of one.
package struct SecureDigest: Sendable {
    /// The function.
    package enum Algorithm: Sendable {
        /// 256 bits.
        case sha256
        /// 160 bits; no longer secure against somebody who makes two files alike.
        case sha1
    }

    private let algorithm: Algorithm
    private var state: [UInt32]
    /// The beginning of a block, fewer than ``blockSize`` bytes.
    private var rest: [UInt8] = []
    private var count: UInt64 = 0

    private static let blockSize = 64

    /// The digest of nothing yet.
    package init(_ algorithm: Algorithm) {
        self.algorithm = algorithm
        state =
            switch algorithm {
            case .sha256:
                [
                    0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C,
                    0x1F83_D9AB, 0x5BE0_CD19,
                ]
            case .sha1: [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
            }
    }

    /// Adds bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        count &+= UInt64(bytes.count)
        var bytes = bytes
        if !rest.isEmpty {
            let missing = min(Self.blockSize - rest.count, bytes.count)
            rest.append(contentsOf: bytes.prefix(missing))
            bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(missing))
            guard rest.count == Self.blockSize else { return }
            let block = rest
            rest.removeAll(keepingCapacity: true)
            block.withUnsafeBytes { absorb($0) }
        }
        let whole = bytes.count / Self.blockSize * Self.blockSize
        absorb(UnsafeRawBufferPointer(rebasing: bytes.prefix(whole)))
        rest.append(contentsOf: bytes.dropFirst(whole))
    }

    /// Adds bytes.
    package mutating func update(_ bytes: some Collection<UInt8>) {
        let array = Array(bytes)
        array.withUnsafeBytes { update($0) }
    }

    /// The digest of all bytes so far.
    package func finalize() -> [UInt8] {
        var last = self
        let bits = count &* 8
        // A bit, and zeros up to the length in the last eight bytes of a block.
        let zeros = (2 * Self.blockSize - 9 - rest.count) % Self.blockSize
        last.update([0x80] + [UInt8](repeating: 0, count: zeros))
        last.update((0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * UInt64($0))) })
        return last.state.flatMap { word in
            (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) }
        }
    }

    /// The digest of some bytes.
    package static func of(_ bytes: some Collection<UInt8>, _ algorithm: Algorithm) -> [UInt8] {
        var digest = SecureDigest(algorithm)
        digest.update(bytes)
        return digest.finalize()
    }

    /// Hexadecimal digits, as `sha256sum` prints them.
    package static func text(_ digest: [UInt8]) -> String {
        digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    /// - Parameter blocks: whole blocks.
    private mutating func absorb(_ blocks: UnsafeRawBufferPointer) {
        guard let base = blocks.baseAddress, !blocks.isEmpty else { return }
        let bytes = base.assumingMemoryBound(to: UInt8.self)
        let number = blocks.count / Self.blockSize
        state.withUnsafeMutableBufferPointer { state in
            guard let words = state.baseAddress else { return }
            switch algorithm {
            case .sha256: mk_sha256(words, bytes, number)
            case .sha1: mk_sha1(words, bytes, number)
            }
        }
    }
}
