// The threads and kernels of a run.

import CMartletKernels
public import MartletKernels

/// The threads, kernels and precision of a run.
public struct TrainingMachine: Sendable {
    /// The instruction set.
    public let kernels: KernelSet
    /// The threads.
    public let pool: WorkerPool
    /// What the factors of products are rounded to.
    public var products = Products.f32

    /// What the factors of products are rounded to; sums are f32 always.
    public enum Products: String, Sendable, Hashable, CaseIterable {
        /// Not at all.
        case f32
        /// bfloat16, by the machine's own instruction.
        case bf16
    }

    /// - Parameter threads: the number of threads; nil takes one for each processor.
    /// - Throws: ``TrainingError/kernel(_:)`` when `MARTLET_ISA` names a set that the machine lacks.
    public init(threads: Int? = nil) throws(TrainingError) {
        do { kernels = try KernelSet.selected() } catch { throw .kernel(error) }
        pool = WorkerPool(threadCount: threads ?? WorkerPool.processorCount)
    }

    /// The same machine with other products.
    ///
    /// - Throws: ``TrainingError/invalid(subject:got:expected:)`` when the machine or its instruction set has no
    ///   such products.
    public func multiplying(in products: Products) throws(TrainingError) -> TrainingMachine {
        guard products == .f32 || Self.hasBF16(kernels) else {
            throw .invalid(
                subject: "training.products", got: products.rawValue,
                expected: "f32: \(kernels.instructionSet) on this machine has no bfloat16 products")
        }
        var machine = self
        machine.products = products
        return machine
    }

    /// Whether a set has products of bfloat16 that this machine can run.
    static func hasBF16(_ kernels: KernelSet) -> Bool {
        mk_has_bf16_products() != 0 && kernels.table.pointee.training.gemm_bf16 != nil
    }
}
