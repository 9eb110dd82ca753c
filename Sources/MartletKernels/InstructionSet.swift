// Which instruction set the kernels use: found once, or forced with MARTLET_ISA.

import CMartletKernels
import Foundation

/// An instruction set that the kernels are written for.
///
/// Results are reproducible within one set; between sets they differ by rounding only.
public enum InstructionSet: String, CaseIterable, Sendable, Hashable, CustomStringConvertible {
    /// Plain C, any machine.
    case portable
    /// x86-64 with AVX2, FMA and F16C.
    case avx2
    /// AVX2 with the 256-bit form of VNNI.
    case avxVNNI = "avx-vnni"
    /// AVX-512 F, BW, VL and DQ.
    case avx512
    /// AVX-512 with VNNI.
    case avx512VNNI = "avx512-vnni"
    /// arm64 with the dot-product extension.
    case neon

    /// The name, as `MARTLET_ISA` spells it.
    public var description: String { rawValue }

    var code: mk_set {
        switch self {
        case .portable: .portable
        case .avx2: .avx2
        case .avxVNNI: .avxVNNI
        case .avx512: .avx512
        case .avx512VNNI: .avx512VNNI
        case .neon: .neon
        }
    }

    /// Sets that this build and this machine have, slowest first.
    public static let available: [InstructionSet] = [
        .portable, .avx2, .avxVNNI, .avx512, .avx512VNNI, .neon,
    ].filter { mk_table($0.code) != nil }

    /// The fastest available set, or the one that the environment variable `MARTLET_ISA` names.
    ///
    /// A name that is unknown or not available here is an error: a silent fallback would make a
    /// bug report about one set describe another.
    public static func selected(
        environment: [String: String]? = nil
    ) throws(KernelError) -> InstructionSet {
        let environment = environment ?? ProcessInfo.processInfo.environment
        guard let name = environment["MARTLET_ISA"], !name.isEmpty else {
            return available[available.count - 1]
        }
        guard let set = InstructionSet(rawValue: name), available.contains(set) else {
            throw .unknownInstructionSet(name: name)
        }
        return set
    }
}

/// What can go wrong before a kernel runs.
public enum KernelError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `MARTLET_ISA` names a set that this machine lacks.
    case unknownInstructionSet(name: String)
    /// The system refused memory for a buffer.
    case outOfMemory(bytes: Int, purpose: String)

    /// One sentence: what, got, expected, what to do.
    public var description: String {
        switch self {
        case .unknownInstructionSet(let name):
            let names = InstructionSet.available.map(\.rawValue).joined(separator: ", ")
            return
                "MARTLET_ISA is '\(name)', which this machine does not have; use one of \(names), "
                + "or unset it"
        case .outOfMemory(let bytes, let purpose):
            return
                "the system refused \(bytes) bytes for \(purpose); use a smaller model, a smaller "
                + "budget or fewer bits"
        }
    }
}
