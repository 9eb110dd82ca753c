/// Ten thousand damaged checkpoints: each ends in one clear error or in tensors that fit in the
/// file.

import Foundation
import MartletFormats
import MartletKernels
import MartletTestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

@Suite struct MutantTests {
    private static let total = 10_000

    /// The three files of a sharded checkpoint, or one file, that mutants are made of.
    private func seeds(_ folder: TemporaryFolder) throws -> [[(name: String, bytes: [UInt8])]] {
        func tensors() -> [TensorToWrite] {
            [
                TensorToWrite(name: "embed", shape: [5, 3], floats: (0..<15).map { Float($0) }),
                TensorToWrite(
                    name: "half", dtype: .f16, shape: [2, 2], bytes: [0, 60, 1, 0, 0, 124, 9, 9]),
                TensorToWrite(name: "brain", dtype: .bf16, shape: [3], bytes: [1, 2, 3, 4, 5, 6]),
                TensorToWrite(name: "mask", dtype: .u8, shape: [4], bytes: [1, 0, 0, 1]),
                TensorToWrite(name: "none", dtype: .f32, shape: [0, 3], bytes: []),
            ]
        }
        let configuration = JSONObject([
            .init(key: "hidden_size", value: 3), .init(key: "rms_norm_eps", value: 1e-5),
        ])
        return try [("single", 1 << 20), ("sharded", 40)].map { name, limit in
            let files = try CheckpointWriter(
                directory: folder.file(name), maximumShardBytes: limit
            ).write(configuration: configuration, tensors: tensors())
            return try files.map { ($0, try folder.read(name + "/" + $0)) }
        }
    }

    private func mutate(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        func place(_ limit: Int) -> Int { Int.random(in: 0..<max(1, limit), using: &generator) }
        switch Int.random(in: 0..<8, using: &generator) {
        case 0:  // flip bits anywhere
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[place(bytes.count)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            }
        case 1:  // cut
            bytes.removeLast(place(bytes.count))
        case 2:  // lie about the header's length, a little or a lot
            let small = UInt64(place(bytes.count + 64))
            let length = Bool.random(using: &generator) ? small : generator.next()
            withUnsafeBytes(of: length.littleEndian) { source in
                for (index, byte) in source.enumerated() where index < bytes.count {
                    bytes[index] = byte
                }
            }
        case 3, 4:  // change digits, so that offsets and shapes lie
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let start = place(bytes.count)
                let index = bytes[start...].firstIndex { (48...57).contains($0) } ?? start
                bytes[index] = UInt8.random(in: 48...57, using: &generator)
            }
        case 5:  // put more digits, a sign or a bracket in
            let extra: [String] = ["9999999999", "-", "[", "{", "e9", "\"", ",", "\\u", "00"]
            let text = Array(extra[place(extra.count)].utf8)
            bytes.insert(contentsOf: text, at: place(bytes.count))
        case 6:  // copy one part over another
            let length = 1 + place(min(64, bytes.count))
            let from = place(bytes.count - length)
            let to = place(bytes.count - length)
            bytes.replaceSubrange(to..<to + length, with: bytes[from..<from + length])
        default:  // take a part out or double it
            let length = 1 + place(min(48, bytes.count))
            let from = place(bytes.count - length)
            let part = Array(bytes[from..<from + length])
            if Bool.random(using: &generator) {
                bytes.removeSubrange(from..<from + length)
            } else {
                bytes.insert(contentsOf: part, at: from)
            }
        }
        return bytes
    }

    /// In place, cut afterwards: file systems flush a file that is emptied first, which would be most
    /// of the test's time.
    private func overwrite(_ path: String, _ bytes: [UInt8]) throws {
        let descriptor = open(path, O_WRONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        try #require(written == bytes.count && ftruncate(descriptor, off_t(bytes.count)) == 0)
    }

    @Test(.timeLimit(.minutes(2)))
    func mutantsNeverCrashAndNeverClaimMoreThanTheFile() throws {
        let folder = try TemporaryFolder()
        let seeds = try seeds(folder)
        let directories = ["single", "sharded"]
        var generator = SeededGenerator(seed: 2)
        var opened = 0
        var refused = 0
        for _ in 0..<Self.total {
            let layout = Int.random(in: 0...1, using: &generator)
            let target = seeds[layout].randomElement(using: &generator)!
            let path = folder.file(directories[layout] + "/" + target.name)
            try overwrite(path, mutate(target.bytes, &generator))
            do throws(FormatError) {
                let checkpoint = try Checkpoint(directory: folder.file(directories[layout]))
                opened += 1
                _ = try? checkpoint.configuration.int("hidden_size")
                for name in checkpoint.tensors.names {
                    let entry = try checkpoint.tensors.tensor(name)
                    var sum = 0
                    for byte in entry.bytes { sum &+= Int(byte) }
                    let fits =
                        entry.byteCount <= entry.file.count
                        && entry.elementCount == entry.shape.reduce(1, *)
                        && entry.bytes.count == entry.byteCount
                    #expect(fits, "\(name): \(entry.shape) in \(entry.file.count) bytes, \(sum)")
                    if TensorEntry.floatTypes.contains(entry.dtype) {
                        let count = try entry.floats().count
                        if count != entry.elementCount { Issue.record("\(name): \(count)") }
                    }
                }
            } catch {
                refused += 1
                let message = error.description
                if message.count > 2000 || !message.contains("expected") && !message.contains(":") {
                    Issue.record("\(message)")
                }
            }
            try overwrite(path, target.bytes)
        }
        #expect(opened + refused == Self.total)
        // Both ends of the code are reached: flips in the data are harmless, most of the others are
        // not.
        #expect(opened > Self.total / 20)
        #expect(refused > Self.total / 2)
    }
}
