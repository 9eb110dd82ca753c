// Where every activation and gradient lives: one arena, planned before the first step.

/// Offsets of all matrices in one arena. Two matrices share bytes only when their lifetimes do not overlap.
///
/// Time runs over the steps of a ``Schedule``. An activation lives from the operation that writes it to the last that
/// reads it, in either direction; one that is computed again has a second life from there, and the first ends with the last
/// reader before. A gradient lives from the last reader of its value (the first to write its derivative) back to its writer.
struct MemoryPlan {
    struct Block {
        let size: Int
        let from: Int
        let to: Int
        var offset = 0
    }

    private enum Life { case first, second, gradient }

    /// Offset in floats of each value's activation; nil when it has storage of its own or none.
    private(set) var activations: [Int?]
    /// Offset of what is computed again; nil where nothing is.
    private(set) var recomputed: [Int?]
    private(set) var gradients: [Int?]
    /// Floats of the arena.
    private(set) var floats = 0
    /// What runs after the forward.
    let backwardSteps: [Schedule.Step]

    /// 16 floats: a cache line.
    private static let alignment = 16

    init(_ graph: Graph, isTraining: Bool, recomputes: Bool = false) {
        let values = graph.entries.count
        activations = [Int?](repeating: nil, count: values)
        recomputed = activations
        gradients = activations
        var first = [ClosedRange<Int>?](repeating: nil, count: values)
        var second = first
        var gradient = first
        let schedule = Schedule(
            graph.operations.map { operation in
                let runsBackward = operation.outputs.contains {
                    graph.entries[$0.id].isDifferentiable
                }
                return Schedule.Node(
                    inputs: operation.inputs.map(\.id), outputs: operation.outputs.map(\.id),
                    kept: runsBackward ? operation.kept.map(\.id) : nil)
            }, isTraining: isTraining, segments: recomputes ? graph.segments : [])
        backwardSteps = schedule.backwardSteps
        let end = schedule.steps.count
        // Losses and results are read after the run, so they live to its end, in one place.
        let lasting = Set((graph.losses.map(\.value) + graph.results).map(\.id))
        func touch(_ life: inout ClosedRange<Int>?, _ time: Int) {
            life = life.map { min($0.lowerBound, time)...max($0.upperBound, time) } ?? time...time
        }
        func read(_ value: Value, _ time: Int) {
            if second[value.id] == nil {
                touch(&first[value.id], time)
            } else {
                touch(&second[value.id], time)
            }
        }
        for (time, step) in schedule.steps.enumerated() {
            switch step {
            case .forward(let index):
                for value in graph.operations[index].outputs { touch(&first[value.id], time) }
                for value in graph.operations[index].inputs { read(value, time) }
            case .again(let index):
                for value in graph.operations[index].inputs { read(value, time) }
                for value in graph.operations[index].outputs where !lasting.contains(value.id) {
                    touch(&second[value.id], time)
                }
            case .backward(let index):
                let operation = graph.operations[index]
                for value in operation.kept { read(value, time) }
                for value in operation.outputs + operation.differentiated {
                    touch(&gradient[value.id], time)
                }
            }
        }
        for id in lasting { touch(&first[id], end) }
        // The derivatives of all losses are written before the first backward.
        for loss in graph.losses where gradient[loss.value.id] != nil {
            touch(&gradient[loss.value.id], end - schedule.backwardSteps.count)
        }
        var blocks: [(value: Int, life: Life, block: Block)] = []
        for (id, entry) in graph.entries.enumerated() {
            guard case .computed = entry.source else { continue }
            let size =
                (entry.rows * entry.columns + Self.alignment - 1) / Self.alignment * Self.alignment
            func add(_ life: Life, _ times: ClosedRange<Int>?) {
                guard let times else { return }
                let block = Block(size: size, from: times.lowerBound, to: times.upperBound)
                blocks.append((id, life, block))
            }
            add(.first, first[id])
            add(.second, second[id])
            // What nothing differentiates has no gradient, though an operation that writes it has a backward.
            if entry.isDifferentiable { add(.gradient, gradient[id]) }
        }
        place(&blocks)
        for (value, life, block) in blocks {
            switch life {
            case .first: activations[value] = block.offset
            case .second: recomputed[value] = block.offset
            case .gradient: gradients[value] = block.offset
            }
        }
    }

    /// Places the largest matrix first, each at the lowest offset where it overlaps no matrix of its lifetime.
    private mutating func place(_ blocks: inout [(value: Int, life: Life, block: Block)]) {
        let order = blocks.indices.sorted {
            (blocks[$0].block.size, $1) > (blocks[$1].block.size, $0)
        }
        var placed: [Block] = []
        for index in order {
            var block = blocks[index].block
            let neighbours = placed.filter { $0.from <= block.to && block.from <= $0.to }
                .sorted { $0.offset < $1.offset }
            var offset = 0
            for other in neighbours {
                if offset + block.size <= other.offset { break }
                offset = max(offset, other.offset + other.size)
            }
            block.offset = offset
            blocks[index].block = block
            placed.append(block)
            floats = max(floats, offset + block.size)
        }
    }
}
