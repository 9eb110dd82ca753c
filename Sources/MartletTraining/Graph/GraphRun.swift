// Runs a graph: the arena, the threads, and which gradients have been written.

package import CMartletKernels
package import MartletKernels

/// A graph with its memory: every matrix has its place from `init` on.
///
/// The same inputs and parameters give the same bits whatever the number of threads: loops divide
/// outputs, never reductions.
public final class GraphRun {
    /// What is run.
    public let graph: Graph
    package let pool: WorkerPool
    package let kernels: mk_training
    /// The product of matrices, in the precision of the machine.
    let multiply: @convention(c) (UnsafePointer<mk_gemm>) -> Void
    private let arena: AlignedBuffer<Float>
    private let given: AlignedBuffer<Float>
    private let integerArena: AlignedBuffer<Int32>
    private let scratchArena: AlignedBuffer<Float>
    private let scratchStride: Int
    private var values: [UnsafeMutablePointer<Float>?]
    /// Where values are after the forward, and where those are that were computed again.
    private let firstPlaces: [UnsafeMutablePointer<Float>?]
    private let secondPlaces: [UnsafeMutablePointer<Float>?]
    private let backwardSteps: [Schedule.Step]
    private var gradients: [UnsafeMutablePointer<Float>?]
    private var integerOffsets: [Int] = []
    private var isWritten: [Bool]
    private let parameterOf: [Parameter?]
    /// The outputs of each operation, so that backward makes no lists.
    private let outputsOf: [[Int]]

    /// Bytes of activations and gradients of a training graph above which its segments are computed a second time instead
    /// of keeping what they wrote. That changes no bit.
    public static let mostActivationBytes = 3 << 30

    /// Whether segments are computed a second time.
    var recomputes: Bool { secondPlaces.contains { $0 != nil } }

    /// Bytes of activations and gradients together.
    public var arenaBytes: Int { arena.count * 4 }

    /// Activations and gradients, for tests that poison them.
    var arenaElements: UnsafeMutableBufferPointer<Float> { arena.pointer }

    /// Plans the memory of a graph.
    ///
    /// - Parameters:
    ///   - graph: the computation.
    ///   - machine: the threads and kernels.
    ///   - isTraining: false plans memory for forward alone.
    ///   - most: bytes of activations and gradients above which segments of the graph are computed a second time.
    /// - Throws: ``TrainingError/kernel(_:)`` when the machine does not have the memory.
    public init(
        _ graph: Graph, _ machine: TrainingMachine, isTraining: Bool = true,
        recomputingAbove most: Int = GraphRun.mostActivationBytes
    ) throws(TrainingError) {
        self.graph = graph
        pool = machine.pool
        kernels = machine.kernels.table.pointee.training
        multiply =
            machine.products == .bf16 ? kernels.gemm_bf16 ?? kernels.gemm : kernels.gemm
        var plan = MemoryPlan(graph, isTraining: isTraining)
        if isTraining, plan.floats > most / MemoryLayout<Float>.size {
            plan = MemoryPlan(graph, isTraining: true, recomputes: true)
        }
        backwardSteps = plan.backwardSteps
        var givenFloats = 0
        var givenOffsets: [Int: Int] = [:]
        for (id, entry) in graph.entries.enumerated() {
            if case .given = entry.source {
                givenOffsets[id] = givenFloats
                givenFloats += (entry.rows * entry.columns + 15) / 16 * 16
            }
        }
        var integerCount = 0
        for count in graph.integerCounts {
            integerOffsets.append(integerCount)
            integerCount += (count + 15) / 16 * 16
        }
        let scratch = graph.operations.reduce(mk_gemm_scratch()) { max($0, $1.scratchBytes) }
        scratchStride = (scratch + 63) / 64 * 16
        do {
            arena = try AlignedBuffer(count: plan.floats, purpose: "activations and gradients")
            given = try AlignedBuffer(count: givenFloats, purpose: "a batch")
            integerArena = try AlignedBuffer(count: integerCount, purpose: "a batch")
            scratchArena = try AlignedBuffer(
                count: scratchStride * pool.threadCount, purpose: "scratch of training")
        } catch { throw .kernel(error) }
        let base = arena.base
        var values: [UnsafeMutablePointer<Float>?] = []
        gradients = []
        var parameters: [Parameter?] = []
        for (id, entry) in graph.entries.enumerated() {
            var parameter: Parameter?
            switch entry.source {
            case .computed:
                values.append(plan.activations[id].map { base + $0 })
                gradients.append(plan.gradients[id].map { base + $0 })
            case .given:
                values.append(given.base + givenOffsets[id]!)
                gradients.append(nil)
            case .parameter(let it):
                values.append(it.values.baseAddress)
                gradients.append(isTraining ? it.gradient?.baseAddress : nil)
                parameter = it
            }
            parameters.append(parameter)
        }
        self.values = values
        firstPlaces = values
        secondPlaces = plan.recomputed.map { offset in offset.map { base + $0 } }
        parameterOf = parameters
        outputsOf = graph.operations.map { $0.outputs.map(\.id) }
        isWritten = [Bool](repeating: false, count: graph.entries.count)
    }

    // MARK: For callers

    /// Runs every operation in order.
    public func forward() {
        values = firstPlaces
        for operation in graph.operations { operation.forward(self) }
    }

    /// Runs the derivatives in reverse order. Gradients of parameters are added to those of earlier backward passes
    /// since the last `clearGradients()`.
    public func backward() {
        for index in isWritten.indices where parameterOf[index] == nil { isWritten[index] = false }
        for (index, parameter) in parameterOf.enumerated() {
            if let parameter { isWritten[index] = parameter.hasGradient }
        }
        for loss in graph.losses {
            guard let target = gradientTarget(loss.value) else { continue }
            target.pointer[0] = (target.adds ? target.pointer[0] : 0) + loss.weight
        }
        for step in backwardSteps {
            switch step {
            case .forward: break
            case .again(let index):
                for id in outputsOf[index] { values[id] = secondPlaces[id] ?? values[id] }
                graph.operations[index].forward(self)
            case .backward(let index):
                guard outputsOf[index].contains(where: { isWritten[$0] }) else { continue }
                graph.operations[index].backward(self)
            }
        }
        for (index, parameter) in parameterOf.enumerated() where isWritten[index] {
            parameter?.hasGradient = true
        }
    }

    /// The weighted sum of the losses of the last forward.
    public var loss: Float {
        graph.losses.reduce(0) { $0 + $1.weight * self[$1.value][0] }
    }

    /// The elements of a value; those of computed values may be overwritten once nothing needs them.
    public func elements(_ value: Value) -> UnsafeMutableBufferPointer<Float> {
        let (rows, columns) = graph.shape(value)
        return UnsafeMutableBufferPointer(start: self[value], count: rows * columns)
    }

    /// Integers to fill before forward.
    public func elements(_ integers: Integers) -> UnsafeMutableBufferPointer<Int32> {
        UnsafeMutableBufferPointer(start: self[integers], count: graph.integerCounts[integers.id])
    }

    // MARK: For operations

    package subscript(value: Value) -> UnsafeMutablePointer<Float> {
        guard let pointer = values[value.id] else {
            preconditionFailure("GraphRun: \(graph.entries[value.id].name) is not computed")
        }
        return pointer
    }

    package subscript(integers: Integers) -> UnsafeMutablePointer<Int32> {
        integerArena.base + integerOffsets[integers.id]
    }

    /// The gradient of an output; nil when no operation with a gradient read it.
    package func gradient(_ value: Value) -> UnsafeMutablePointer<Float>? {
        isWritten[value.id] ? gradients[value.id] : nil
    }

    /// Where to write an input's gradient, and whether to add to what is there; nil when no gradient is needed.
    package func gradientTarget(_ value: Value) -> (
        pointer: UnsafeMutablePointer<Float>, adds: Bool
    )? {
        guard let pointer = gradients[value.id] else { return nil }
        defer { isWritten[value.id] = true }
        return (pointer, isWritten[value.id])
    }

    /// A worker's scratch.
    package func scratch(_ worker: Int) -> UnsafeMutablePointer<Float> {
        scratchArena.base + worker * scratchStride
    }

    /// Runs `body(range, worker)` over rows in pieces of `grain`.
    package func forRows(_ rows: Int, grain: Int, _ body: (Range<Int>, Int) -> Void) {
        let pieces = (rows + grain - 1) / grain
        pool.run(pieces) { piece, worker in
            body(piece * grain..<min(rows, (piece + 1) * grain), worker)
        }
    }
}

extension Graph {
    /// Forgets the gradients of all parameters; the next backward replaces them.
    public func clearGradients() {
        for parameter in parameters { parameter.hasGradient = false }
    }
}
