// What every differentiable operation is: a forward and the backward that belongs to it.

/// A matrix of floats that a graph computes, is given, or trains.
public struct Value: Hashable, Sendable {
    let id: Int
}

/// A column of 32-bit integers that a graph is given: token ids, positions, targets.
public struct Integers: Hashable, Sendable {
    let id: Int
}

/// One step of a graph. An operation is built once, with its shapes, and run many times; it holds no
/// state between forward and backward but what it keeps in values.
package protocol Operation {
    /// A word for errors and profiles.
    var name: String { get }
    /// Values that forward reads.
    var inputs: [Value] { get }
    /// Values that forward writes.
    var outputs: [Value] { get }
    /// Those of both that backward reads; their memory is held until then.
    var kept: [Value] { get }
    /// Inputs that backward may write gradients of.
    var differentiated: [Value] { get }
    /// Multiplications with additions that forward makes in products; what cost models count.
    var multiplyAdds: Double { get }
    /// Products of forward and backward, in units of the forward's.
    func passes(in graph: Graph) -> Double
    /// Bytes of scratch for each worker, forward and backward.
    var scratchBytes: Int { get }
    /// Writes the outputs.
    func forward(_ run: GraphRun)
    /// Adds to the gradients of `differentiated`, given those of the outputs.
    func backward(_ run: GraphRun)
}

extension Operation {
    package var differentiated: [Value] { inputs }
    package var scratchBytes: Int { 0 }
    package var multiplyAdds: Double { 0 }
    package func passes(in graph: Graph) -> Double { 3 }
}
