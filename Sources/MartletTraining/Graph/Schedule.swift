// The order in which the operations of a graph run, there and back.

/// Forward once through all operations, and back. Where segments are recomputed, each runs forward a second time before its
/// derivatives, so that in between only what enters a segment is held.
struct Schedule {
    /// One step of a schedule: an operation, by its place in the graph.
    enum Step: Hashable {
        case forward(Int)
        case again(Int)
        case backward(Int)
    }

    /// What an operation reads and writes, values by their numbers.
    struct Node {
        let inputs: [Int]
        let outputs: [Int]
        /// What its backward reads; nil without one.
        let kept: [Int]?
    }

    /// All steps, in order.
    let steps: [Step]

    /// Steps after the forward.
    let backwardSteps: [Step]

    /// - Parameters:
    ///   - nodes: the operations in their order.
    ///   - isTraining: whether there is a way back.
    ///   - segments: the parts to run a second time.
    init(_ nodes: [Node], isTraining: Bool, segments: [Range<Int>]) {
        var back: [Step] = []
        for index in nodes.indices.reversed() where isTraining {
            if let segment = segments.first(where: { $0.upperBound == index + 1 }) {
                back += Self.needed(segment, of: nodes).map { .again($0) }
            }
            if nodes[index].kept != nil { back.append(.backward(index)) }
        }
        backwardSteps = back
        steps = nodes.indices.map { .forward($0) } + back
    }

    /// The operations of a segment that must run again: those that write what its derivatives read, and what these read.
    private static func needed(_ segment: Range<Int>, of nodes: [Node]) -> [Int] {
        var wanted = Set(segment.flatMap { nodes[$0].kept ?? [] })
        var needed: [Int] = []
        for index in segment.reversed() where !wanted.isDisjoint(with: nodes[index].outputs) {
            needed.append(index)
            wanted.formUnion(nodes[index].inputs)
        }
        return needed.reversed()
    }
}
