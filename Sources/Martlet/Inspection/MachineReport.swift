/// What this machine offers: the numbers behind `doctor`.

import Foundation
import MartletKernels

/// The machine, as far as it decides how fast a model runs.
package struct MachineReport: Sendable {
    /// System and release.
    package let system: String
    /// The processor's name, as the system gives it.
    package let processor: String
    /// Processors that this process may use.
    package let processorCount: Int
    /// Instruction sets that this build and this machine have, slowest first.
    package let availableSets: [String]
    /// The one that kernels use.
    package let chosenSet: String
    /// Bytes a second that one thread reads.
    package let bandwidthOfOne: Double
    /// Bytes a second that all threads read together.
    package let bandwidthOfAll: Double
    /// What all threads multiply together.
    package let multiplications: [MultiplicationRate]
    /// How the system gives huge pages, or nil when it does not say.
    package let hugePages: String?
    /// Bytes of memory.
    package let memoryBytes: Int
    /// Bytes of memory that are free or can be freed, or nil when the system does not say.
    package let availableBytes: Int?

    /// Measures this machine; takes about a second.
    package init() throws(MartletError) {
        do {
            let kernels = try KernelSet.selected()
            chosenSet = kernels.instructionSet.rawValue
            processorCount = WorkerPool.processorCount
            bandwidthOfOne = try Bandwidth.measure(
                pool: WorkerPool(threadCount: 1), kernels: kernels)
            let all = WorkerPool(threadCount: processorCount)
            bandwidthOfAll = try Bandwidth.measure(pool: all, kernels: kernels)
            multiplications = MultiplicationRate.all(
                of: ArithmeticPeak.measure(pool: all, kernels: kernels))
        } catch { throw MartletError(error) }
        availableSets = InstructionSet.available.map(\.rawValue)
        system = ProcessInfo.processInfo.operatingSystemVersionString
        processor = Self.processorName()
        hugePages = Self.hugePages()
        memoryBytes = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        availableBytes = Self.availableMemory()
    }

    /// Bytes of memory that are free or can be freed; nil where the system does not say.
    package static func availableMemory() -> Int? {
        value(of: "MemAvailable", in: "/proc/meminfo")
            .flatMap { $0.split(separator: " ").first }.flatMap { Int($0) }.map { $0 << 10 }
    }

    /// The processor and how many of it this process may use; measures nothing.
    package static var name: String { "\(processorName()), \(WorkerPool.processorCount) threads" }

    private static func processorName() -> String {
        value(of: "model name", in: "/proc/cpuinfo") ?? "unknown"
    }

    /// The bracketed word of `always [madvise] never`.
    private static func hugePages() -> String? {
        let path = "/sys/kernel/mm/transparent_hugepage/enabled"
        guard let text = contents(of: path), let open = text.firstIndex(of: "["),
            let close = text.firstIndex(of: "]"), open < close
        else { return nil }
        return String(text[text.index(after: open)..<close])
    }

    private static func value(of key: String, in path: String) -> String? {
        guard let text = contents(of: path) else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix(key) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        return nil
    }

    private static func contents(of path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return String(decoding: data, as: UTF8.self)
    }
}
