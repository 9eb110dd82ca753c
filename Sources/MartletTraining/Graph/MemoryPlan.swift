// Where every activation and gradient lives: one arena, planned before the first step.

/// Offsets of all matrices in one arena. Two matrices share bytes only when their lifetimes do not overlap.
///
/// Time runs over the operations forward (0 ..< n) and then back (n ..< 2n). An activation lives from the
/// operation that writes it to the last that reads it, in either direction; a gradient from the last
/// reader of its value (the first to write its derivative) back to its writer.
struct MemoryPlan {
    struct Block {
        let size: Int
        let from: Int
        let to: Int
        var offset = 0
    }

    /// Offset in floats of each value's activation; nil when it has storage of its own or none.
    private(set) var activations: [Int?]
    private(set) var gradients: [Int?]
    /// Floats of the arena.
    private(set) var floats = 0

    /// 16 floats: a cache line.
    private static let alignment = 16

    init(_ graph: Graph, isTraining: Bool) {
        let count = graph.operations.count
        let values = graph.entries.count
        activations = [Int?](repeating: nil, count: values)
        gradients = [Int?](repeating: nil, count: values)
        var born = [Int](repeating: .max, count: values)
        var dies = [Int](repeating: -1, count: values)
        var gradientBorn = [Int](repeating: .max, count: values)
        var gradientDies = [Int](repeating: -1, count: values)
        for (index, operation) in graph.operations.enumerated() {
            for value in operation.outputs {
                born[value.id] = index
                dies[value.id] = max(dies[value.id], index)
            }
            for value in operation.inputs { dies[value.id] = max(dies[value.id], index) }
            let runsBackward = operation.outputs.contains { graph.entries[$0.id].isDifferentiable }
            guard isTraining, runsBackward else { continue }
            let back = 2 * count - 1 - index
            for value in operation.kept { dies[value.id] = max(dies[value.id], back) }
            for value in operation.outputs {
                gradientDies[value.id] = back
                gradientBorn[value.id] = min(gradientBorn[value.id], back)
            }
            for value in operation.differentiated {
                gradientBorn[value.id] = min(gradientBorn[value.id], back)
            }
        }
        // Losses and results are read after the run, so they live to its end.
        for value in graph.losses.map(\.value) + graph.results { dies[value.id] = 2 * count }
        var blocks: [(value: Int, isGradient: Bool, block: Block)] = []
        for (id, entry) in graph.entries.enumerated() {
            guard case .computed = entry.source else { continue }
            let size =
                (entry.rows * entry.columns + Self.alignment - 1) / Self.alignment * Self.alignment
            blocks.append((id, false, Block(size: size, from: born[id], to: dies[id])))
            if isTraining, entry.isDifferentiable, gradientDies[id] >= 0 {
                let block = Block(size: size, from: gradientBorn[id], to: gradientDies[id])
                blocks.append((id, true, block))
            }
        }
        place(&blocks)
        for (value, isGradient, block) in blocks {
            if isGradient {
                gradients[value] = block.offset
            } else {
                activations[value] = block.offset
            }
        }
    }

    /// Places the largest matrix first, each at the lowest offset where it overlaps no matrix of its lifetime.
    private mutating func place(_ blocks: inout [(value: Int, isGradient: Bool, block: Block)]) {
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
