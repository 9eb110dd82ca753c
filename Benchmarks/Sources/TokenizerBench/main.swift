// Times encoding and decoding of files: one JSON object per file, for Benchmarks/Tokenizers/compare.py.

import Foundation
import MartletTokenizers

/// Usage: martlet-tokenizer-bench DIRECTORY RUNS FILE...
///
/// Each file is encoded and its tokens are decoded RUNS times on this thread; seconds are listed in order, so that the reader
/// chooses the statistic. A file named `generated:a` or `generated:random` is 1 MB without a space.
func bytes(named name: String) throws -> [UInt8] {
    switch name {
    case "generated:a":
        return [UInt8](repeating: 0x61, count: 1_000_000)
    case "generated:random":
        // The same linear congruential letters as in compare.py.
        var state: UInt32 = 1
        return (0..<1_000_000).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return 0x61 + UInt8((state >> 16) % 26)
        }
    default:
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: name)))
    }
}

let arguments = CommandLine.arguments
guard arguments.count >= 4, let runs = Int(arguments[2]), runs > 0 else {
    print("usage: martlet-tokenizer-bench DIRECTORY RUNS FILE...")
    exit(64)
}
let clock = ContinuousClock()
let begin = clock.now
let tokenizer = try Tokenizer.load(directory: arguments[1])
let loading = clock.now - begin
for name in arguments.dropFirst(3) {
    let text = try bytes(named: name)
    var seconds: [Double] = []
    var decodeSeconds: [Double] = []
    var tokens: [Int32] = []
    for _ in 0..<runs {
        let start = clock.now
        tokens = try tokenizer.encode(utf8: text, addSpecialTokens: false)
        let middle = clock.now
        _ = try tokenizer.decode(tokens)
        seconds.append((middle - start) / .seconds(1))
        decodeSeconds.append((clock.now - middle) / .seconds(1))
    }
    // A checksum that depends on order, so that the peer's tokens can be compared without a list.
    let checksum = tokens.reduce(UInt64(0)) { ($0 &* 31 &+ UInt64($1)) & 0xFFFF_FFFF }
    let report: [String: Any] = [
        "file": name, "bytes": text.count, "tokens": tokens.count, "checksum": checksum,
        "seconds": seconds, "decodeSeconds": decodeSeconds, "loadSeconds": loading / .seconds(1),
    ]
    let line = try JSONSerialization.data(withJSONObject: report, options: [.sortedKeys])
    print(String(decoding: line, as: UTF8.self))
}
