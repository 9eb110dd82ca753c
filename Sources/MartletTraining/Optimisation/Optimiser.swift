// An optimiser and its state: one step is every tensor once, then `advance()`.

import CMartletKernels
public import MartletKernels

/// Updates parameters from gradients.
///
///     for index in parameters.indices {
///         optimiser.step(parameter: index, values: ..., gradient: ..., learningRate: rate)
///     }
///     optimiser.advance()
///
/// Parameters, gradients and state are f32, corrections for the number of steps f64. A step depends
/// on its arguments and the state alone: a run that is continued from saved ``stateArrays(of:)``,
/// ``stepCount`` and ``startSteps`` has the same bits as one that was never stopped, and so have runs on
/// different numbers of threads.
public final class Optimiser {
    /// Which optimiser this is.
    public let configuration: OptimiserConfiguration
    /// The tensors, in the order of their indices.
    public let parameters: [ParameterInfo]
    /// Steps that are complete. Settable so that a run can be continued.
    public var stepCount = 0
    /// The value of ``stepCount`` when each tensor was new: corrections count from there. Zeros, but
    /// for tensors that were ``reset(parameter:)``. Settable so that a run can be continued.
    public var startSteps: [Int]

    private let rule: any UpdateRule
    private let slots: [[StateSlot]]
    /// Where each slot of each tensor begins in `state`.
    private let offsets: [[Int]]
    private let state: AlignedBuffer<Float>
    private let scratch: AlignedBuffer<Float>

    private let kernels: KernelSet

    /// Allocates zeroed state for all parameters.
    ///
    /// - Parameters:
    ///   - configuration: the method and its hyper-parameters.
    ///   - parameters: the tensors, in the order of their indices.
    ///   - kernels: the kernels of Muon's matrix products.
    /// - Throws: `OptimiserError` for a hyper-parameter out of range, an empty tensor, or memory.
    public init(
        _ configuration: OptimiserConfiguration, parameters: [ParameterInfo],
        kernels: KernelSet = KernelSet(InstructionSet.available[InstructionSet.available.count - 1])
    ) throws(OptimiserError) {
        try configuration.check()
        let rule = configuration.rule
        var slots: [[StateSlot]] = []
        var offsets: [[Int]] = []
        var total = 0
        var scratchCount = 0
        for info in parameters {
            guard info.rows >= 1, info.columns >= 1,
                !info.rows.multipliedReportingOverflow(by: info.columns).overflow
            else {
                throw .badShape(parameter: info.name, rows: info.rows, columns: info.columns)
            }
            slots.append(rule.slots(for: info))
            var places: [Int] = []
            for slot in slots[slots.count - 1] {
                places.append(total)
                // Every array begins on a cache line.
                total += (slot.count + 15) / 16 * 16
            }
            offsets.append(places)
            scratchCount = max(scratchCount, rule.scratch(for: info))
        }
        do throws(KernelError) {
            state = try AlignedBuffer(count: total, purpose: "the optimiser's state")
            scratch = try AlignedBuffer(count: scratchCount, purpose: "the optimiser's scratch")
        } catch {
            throw OptimiserError(error)
        }
        self.configuration = configuration
        self.parameters = parameters
        self.kernels = kernels
        self.rule = rule
        self.slots = slots
        self.offsets = offsets
        startSteps = [Int](repeating: 0, count: parameters.count)
    }

    /// Bytes of state and scratch memory.
    public var bytes: Int { (state.count + scratch.count) * MemoryLayout<Float>.size }

    /// One array of a tensor's state, to be saved or restored bit for bit.
    public struct StateArray {
        /// Its name in the formulas: "m", "v", "h", "r", "c".
        public let name: String
        /// Its numbers, valid as long as the optimiser.
        public let values: UnsafeMutableBufferPointer<Float>
    }

    /// The state of one tensor, always in the same order.
    public func stateArrays(of parameter: Int) -> [StateArray] {
        zip(slots[parameter], offsets[parameter]).map { slot, offset in
            StateArray(
                name: slot.name,
                values: UnsafeMutableBufferPointer(start: state.base + offset, count: slot.count))
        }
    }

    /// Makes one tensor's state what it is before the first step, for layers that are added or
    /// replaced while a run goes on.
    public func reset(parameter: Int) {
        for array in stateArrays(of: parameter) { array.values.update(repeating: 0) }
        startSteps[parameter] = stepCount
    }

    /// Updates one tensor; call for every tensor, one after the other, then ``advance()``.
    ///
    /// - Parameters:
    ///   - parameter: index into ``parameters``.
    ///   - values: the tensor, rows one after the other; is changed.
    ///   - gradient: its gradient.
    ///   - learningRate: of this step.
    ///   - gradientScale: multiplies the gradient first, e.g. ``GradientClipping/scale(forNorm:)``.
    ///   - parallel: divides the work; has no influence on the result.
    public func step(
        parameter: Int, values: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        learningRate: Double, gradientScale: Float = 1,
        parallel: @escaping ParallelLoop = serialLoop
    ) {
        let tensor = TensorUpdate(
            info: parameters[parameter], values: values, gradient: gradient,
            gradientScale: gradientScale, state: offsets[parameter].map { state.base + $0 },
            scratch: scratch.base, kernels: kernels.table.pointee.training,
            learningRate: learningRate,
            step: stepCount - startSteps[parameter] + 1)
        rule.update(tensor, parallel)
    }

    /// Ends a step: all tensors have been updated.
    public func advance() { stepCount += 1 }

    /// Whether the next step wants ``updateHessian(parameter:sampledLabelGradient:batchTokens:parallel:)``
    /// for every tensor first.
    public var needsHessian: Bool { needsHessian(atStep: stepCount) }

    /// Whether the curvature is estimated before the step that follows `step` complete ones. Never,
    /// except for Sophia.
    public func needsHessian(atStep step: Int) -> Bool {
        guard case .sophia(let sophia) = configuration else { return false }
        return sophia.needsHessian(atStep: step)
    }

    /// Takes an estimate of the curvature into Sophia's state; does nothing for other optimisers.
    ///
    /// - Parameters:
    ///   - parameter: index into ``parameters``.
    ///   - sampledLabelGradient: gradient of the mean loss against labels drawn from the model's own
    ///     predictions, not clipped.
    ///   - batchTokens: tokens in that mean.
    ///   - parallel: divides the work; has no influence on the result.
    public func updateHessian(
        parameter: Int, sampledLabelGradient: UnsafePointer<Float>, batchTokens: Int,
        parallel: @escaping ParallelLoop = serialLoop
    ) {
        guard case .sophia(let sophia) = configuration else { return }
        sophia.updateHessian(
            state.base + offsets[parameter][1], gradient: sampledLabelGradient,
            count: parameters[parameter].count, batchTokens: batchTokens, parallel)
    }
}
