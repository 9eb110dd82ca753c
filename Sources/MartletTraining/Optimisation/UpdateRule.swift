// What the optimisers have in common: a name, checked hyper-parameters, state, and one tensor's update.

import CMartletKernels

/// The formula of an optimiser. Conforming types are its hyper-parameters and keep no state.
protocol UpdateRule: Sendable {
    /// Throws what is out of range.
    func check() throws(OptimiserError)

    /// The state of one tensor: names and numbers of floats, all zero before the first step.
    func slots(for info: ParameterInfo) -> [StateSlot]

    /// Floats of scratch memory that the update of this tensor needs.
    func scratch(for info: ParameterInfo) -> Int

    /// Changes one tensor and its state.
    func update(_ tensor: borrowing TensorUpdate, _ parallel: @escaping ParallelLoop)
}

extension UpdateRule {
    func scratch(for info: ParameterInfo) -> Int { 0 }
}

/// One named array of an optimiser's state.
struct StateSlot: Sendable, Hashable {
    let name: String
    let count: Int
}

/// Everything that the update of one tensor reads and writes.
struct TensorUpdate: ~Copyable {
    let info: ParameterInfo
    let values: UnsafeMutablePointer<Float>
    let gradient: UnsafePointer<Float>
    /// Multiplies every gradient before anything else: what clipping asks for.
    let gradientScale: Float
    /// One pointer for each slot.
    let state: [UnsafeMutablePointer<Float>]
    let scratch: UnsafeMutablePointer<Float>
    /// What products are computed with.
    let kernels: mk_training
    let learningRate: Double
    /// 1 in the tensor's first update.
    let step: Int

    var count: Int { info.count }

    /// What decoupled weight decay leaves of a value: 1 - learning rate * decay.
    func kept(_ weightDecay: Double) -> Float {
        info.decays ? Float(1 - learningRate * weightDecay) : 1
    }

    /// max(1e-3, RMS of the values): how large a tensor's steps are under relative scaling.
    func scale(_ parallel: @escaping ParallelLoop, floor: Double = 1e-3) -> Double {
        max(floor, Blocks.rms(values, count: count, parallel))
    }
}
