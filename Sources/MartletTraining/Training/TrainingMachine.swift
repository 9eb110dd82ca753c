// The threads and kernels of a run.

public import MartletKernels

/// What a run computes with.
public struct TrainingMachine: Sendable {
    /// The instruction set.
    public let kernels: KernelSet
    /// The threads.
    public let pool: WorkerPool

    /// - Parameter threads: nil for one for each processor.
    /// - Throws: ``TrainingError/kernel(_:)`` when `MARTLET_ISA` names a set that the machine lacks.
    public init(threads: Int? = nil) throws(TrainingError) {
        do { kernels = try KernelSet.selected() } catch { throw .kernel(error) }
        pool = WorkerPool(threadCount: threads ?? WorkerPool.processorCount)
    }
}
