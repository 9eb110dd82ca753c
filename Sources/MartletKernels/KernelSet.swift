// The kernels of one instruction set, behind checked calls.

package import CMartletKernels

/// The functions of one instruction set.
///
/// A value of this type is a pointer to a static table: copying it is free and a call through it
/// costs one indirect jump. Callers own the memory; a call checks sizes where a mistake would read
/// past an end.
public struct KernelSet: Sendable {
    /// The set whose functions these are.
    public let instructionSet: InstructionSet
    /// Static, immutable after the program starts; hence safe to share.
    package nonisolated(unsafe) let table: UnsafePointer<mk_kernels>

    /// The functions of `instructionSet`, which must be available.
    public init(_ instructionSet: InstructionSet) {
        guard let table = mk_table(instructionSet.code) else {
            preconditionFailure("KernelSet: \(instructionSet) is not available on this machine")
        }
        self.instructionSet = instructionSet
        self.table = table
    }

    /// The fastest set, or the one `MARTLET_ISA` names.
    public static func selected() throws(KernelError) -> KernelSet {
        KernelSet(try InstructionSet.selected())
    }

    /// Whether attention multiplies pairs of 16-bit integers where a row sees a tile of a two-byte cache whole.
    package var multipliesPairs: Bool { table.pointee.multiplies_pairs != 0 }

    /// Index of the largest value, the lowest on ties; nil when a value is NaN or there is none.
    public func argmax(_ values: UnsafeBufferPointer<Float>) -> Int? {
        guard let base = values.baseAddress else { return nil }
        let index = table.pointee.argmax(base, Int32(values.count))
        return index < 0 ? nil : Int(index)
    }
}
