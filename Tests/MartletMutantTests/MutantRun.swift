// Mutants through one parser: none may trap, hang, or take more memory than its input deserves, and what is refused is
// refused in one sentence.

import Foundation
import Martlet
import MartletTestSupport
import Synchronization
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// One parser of bytes that somebody else may have made.
struct UntrustedInput: Sendable, CustomTestStringConvertible {
    let name: String
    /// Inputs that it takes.
    let seeds: @Sendable () throws -> [[UInt8]]
    /// Reads an input and uses what it says, as far as that needs no model. Throws what the parser throws.
    let read: @Sendable ([UInt8], WorkFolder) async throws -> Void

    var testDescription: String { name }

    init(
        _ name: String, seeds: @escaping @Sendable () throws -> [[UInt8]],
        read: @escaping @Sendable ([UInt8], WorkFolder) async throws -> Void
    ) {
        self.name = name
        self.seeds = seeds
        self.read = read
    }

    /// Texts, each an input.
    init(
        _ name: String, texts: [String], read: @escaping @Sendable (String) throws -> Void
    ) {
        self.init(name, seeds: { texts.map { Array($0.utf8) } }) { bytes, _ in
            try read(String(decoding: bytes, as: UTF8.self))
        }
    }
}

/// A folder for the inputs of one parser; removed at the end.
final class WorkFolder: Sendable {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appending(path: "martlet-mutants-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Makes a file consist of `bytes`; its path.
    ///
    /// It is written in place and cut afterwards: file systems flush a file that is emptied first, which would be most
    /// of the time.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = path + "/" + name
        let descriptor = open(file, O_WRONLY | O_CREAT, 0o644)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let written = bytes.withUnsafeBytes {
            Foundation.write(descriptor, $0.baseAddress, $0.count)
        }
        try #require(written == bytes.count && ftruncate(descriptor, off_t(bytes.count)) == 0)
        return file
    }
}

/// What a run of mutants came to.
struct MutantCount: CustomStringConvertible {
    var accepted = 0
    var refused = 0
    var slowest = Duration.zero

    var description: String { "\(accepted) accepted, \(refused) refused, slowest \(slowest)" }
}

enum MutantRun {
    /// Mutants over all parsers together; more where `MARTLET_MUTANTS` says so.
    static let asked = ProcessInfo.processInfo.environment["MARTLET_MUTANTS"].flatMap { Int($0) }
    /// A debug build on a busy machine reads any of these inputs in far less.
    private static let mostTime = Duration.seconds(5)
    /// An input of some thousand bytes deserves no more.
    private static let mostMemory = 256 << 20

    /// Runs mutants through a parser. The mutant of a number is the same in every run.
    static func run(_ input: UntrustedInput, count: Int) async throws -> MutantCount {
        let (folder, seeds) = (try WorkFolder(), try input.seeds())
        for seed in seeds { try await input.read(seed, folder) }
        // FNV, because hash values differ from run to run.
        let stream = input.name.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01B3
        }
        var result = MutantCount()
        let clock = ContinuousClock()
        for number in 0..<count {
            var mutator = Mutator(seed: stream &+ UInt64(number))
            let mutant = mutator.mutate(
                seeds[number % seeds.count], with: seeds[(number / seeds.count) % seeds.count])
            let place = "\(input.name), mutant \(number)"
            let memory = peakMemory
            MutantWatch.shared.begin(place, mutant)
            let start = clock.now
            do {
                try await input.read(mutant, folder)
                result.accepted += 1
            } catch {
                result.refused += 1
                if let complaint = complaint(error) {
                    Issue.record(
                        "\(place): the error \(complaint): \("\(error)".debugDescription.prefix(400))"
                    )
                }
            }
            let time = clock.now - start
            MutantWatch.shared.end()
            result.slowest = max(result.slowest, time)
            if time > mostTime { Issue.record("\(place) took \(time)") }
            // Other tests run beside, unless somebody asked for these.
            if asked != nil, peakMemory - memory > mostMemory {
                Issue.record("\(place) took \((peakMemory - memory) >> 20) MiB")
            }
        }
        return result
    }

    /// What is wrong with an error as a sentence, said by the front door where it passes that.
    private static func complaint(_ error: any Error) -> String? {
        let text = sentence(error)
        if text.count < 10 { return "says too little" }
        if text.utf8.count > 3000 { return "says too much" }
        return text.unicodeScalars.contains { $0.value < 32 || $0.value == 127 }
            ? "has control characters" : nil
    }

    /// An error as the front door says it, where it passes that.
    static func sentence(_ error: any Error) -> String {
        let outer = MartletError(any: error)
        return outer.code == .internalInvariant ? "\(error)" : outer.message
    }

    private static var peakMemory: Int {
        var usage = rusage()
        #if canImport(Darwin)
            getrusage(RUSAGE_SELF, &usage)
            return Int(usage.ru_maxrss)
        #else
            getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
            return Int(usage.ru_maxrss) << 10
        #endif
    }
}

/// Knows which mutant is being read: leaves it in a file for whoever looks for the cause of a trap, and ends the
/// process when one hangs.
private final class MutantWatch: Sendable {
    static let shared = MutantWatch()
    private let current = Mutex<(place: String, since: ContinuousClock.Instant)?>(nil)
    private let file = FileManager.default.temporaryDirectory
        .appending(path: "martlet-mutant").path

    private init() {
        Thread.detachNewThread { [self] in
            while true {
                Thread.sleep(forTimeInterval: 1)
                guard let (place, since) = current.withLock({ $0 }),
                    ContinuousClock.now - since > .seconds(60)
                else { continue }
                FileHandle.standardError.write(Data("\(place) hangs\n".utf8))
                exit(70)
            }
        }
    }

    func begin(_ place: String, _ mutant: [UInt8]) {
        current.withLock { $0 = (place, ContinuousClock.now) }
        guard MutantRun.asked != nil else { return }
        try? Data("\(place)\n".utf8 + mutant).write(to: URL(filePath: file))
    }

    func end() { current.withLock { $0 = nil } }
}
