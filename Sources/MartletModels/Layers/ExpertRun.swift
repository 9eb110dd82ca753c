// The rows of a part of a step in the order of their experts, and products over them.

import CMartletKernels
import MartletKernels

/// One expert's matrices.
struct Expert: Sendable {
    /// Panels of gate and up alternate where ``isPaired``; else gate rows, then up rows.
    let gateUp: Linear
    let isPaired: Bool
    let down: Linear
    /// Channels between them.
    let width: Int

    var byteCount: Int { gateUp.byteCount + down.byteCount }

    /// Which of its products.
    enum Product {
        case gateUp, down
    }

    /// The matrices of a product.
    func linear(_ product: Product) -> Linear {
        switch product {
        case .gateUp: gateUp
        case .down: down
        }
    }
}

/// Slots of some rows, those of an expert one after another. Nothing is allocated: what it notes lies in the scratch, in
/// the part of it that is these rows'.
struct ExpertRun {
    private let part: StepRows
    private let scratch: ExpertScratch
    private let slots: Range<Int>
    /// The first slot of the expert that every token runs through; the end where there is none.
    private let firstShared: Int
    /// Floats inside of an expert, and of that one.
    private let innerStride: Int
    private let sharedStride: Int
    /// Experts that have a slot.
    private let groupCount: Int

    /// Floats that a slot holds.
    enum Buffer {
        /// What goes into an expert, later what comes out of it.
        case values
        /// What is inside of it.
        case inner
    }

    /// Sorts the choices of rows by expert and row.
    init(_ part: StepRows, _ scratch: ExpertScratch, _ shape: ExpertShape) {
        self.part = part
        self.scratch = scratch
        let places = part.first * shape.runs..<(part.first + part.count) * shape.runs
        slots = places
        firstShared = places.upperBound - (shape.sharedWidth > 0 ? part.count : 0)
        (innerStride, sharedStride) = (2 * shape.width, 2 * shape.sharedWidth)
        var groups = 0
        withUnsafeTemporaryAllocation(of: Int.self, capacity: shape.count + 1) { next in
            next.initialize(repeating: 0)
            for place in places { next[Int(scratch.choices[place])] += 1 }
            var start = places.lowerBound
            for expert in 0...shape.count {
                let count = next[expert]
                if count > 0 {
                    scratch.groupExperts[places.lowerBound + groups] = Int32(expert)
                    scratch.groupEnds[places.lowerBound + groups] = Int32(start + count)
                    groups += 1
                }
                next[expert] = start
                start += count
            }
            for place in places {
                let expert = Int(scratch.choices[place])
                let slot = next[expert]
                next[expert] += 1
                scratch.slots[place] = Int32(slot)
                scratch.rows[slot] = Int32(place / shape.runs)
                scratch.owners[slot] = Int32(expert)
            }
        }
        groupCount = groups
    }

    /// The expert of a slot.
    func expert(ofSlot slot: Int) -> Int { Int(scratch.owners[slot]) }

    /// A slot's floats, and how many lie from it to the next of the same expert.
    func floats(_ buffer: Buffer, slot: Int) -> (first: UnsafeMutablePointer<Float>, stride: Int) {
        switch buffer {
        case .values: return (scratch.values + slot * scratch.valueStride, scratch.valueStride)
        case .inner:
            let base = scratch.inner + part.first * scratch.innerRow
            if slot < firstShared {
                return (base + (slot - slots.lowerBound) * innerStride, innerStride)
            }
            let routed = (firstShared - slots.lowerBound) * innerStride
            return (base + routed + (slot - firstShared) * sharedStride, sharedStride)
        }
    }

    /// Runs `body` for each slot and its row; `cost` is about the nanoseconds that one takes.
    func forEachSlot(cost: Int, _ body: (_ slot: Int, _ row: Int) -> Void) {
        let pool = part.step.pool
        let rows = scratch.rows
        if part.isStrip || slots.count * cost < 20_000 {
            for slot in slots { body(slot, Int(rows[slot])) }
            return
        }
        let chunk = max(1, (slots.count + pool.threadCount * 4 - 1) / (pool.threadCount * 4))
        pool.run((slots.count + chunk - 1) / chunk) { index, _ in
            let first = slots.lowerBound + index * chunk
            for slot in first..<min(slots.upperBound, first + chunk) {
                body(slot, Int(rows[slot]))
            }
        }
    }

    /// One of the experts that have slots.
    private func group(_ index: Int) -> (expert: Int, slots: Range<Int>) {
        let place = slots.lowerBound + index
        let first = index == 0 ? slots.lowerBound : Int(scratch.groupEnds[place - 1])
        return (Int(scratch.groupExperts[place]), first..<Int(scratch.groupEnds[place]))
    }

    /// Multiplies the slots of each expert with its matrices, which are divided over panels.
    func multiply(
        _ experts: [Expert], _ product: Expert.Product, from input: Buffer,
        to output: Buffer, epilogue: (Expert) -> mk_epilogue
    ) {
        let step = part.step
        let (pool, matmul) = (step.pool, step.kernels.table.pointee.matmul)
        func run(
            _ index: Int, _ matrix: PackedMatrix, channels first: Int, panels: Range<Int>
        ) {
            let (number, slots) = group(index)
            let expert = experts[number]
            let slot = slots.lowerBound
            let (x, stride) = floats(input, slot: slot)
            let (out, outStride) = floats(output, slot: slot)
            let activation = scratch.quantised.activation(x, stride: stride, row: slot)
            let bias = expert.linear(product).bias.map { $0.pointer + first }
            var work = mk_matmul(
                matrix, activation, rows: slots.count, bias: bias, out: out + first,
                outStride: outStride, epilogue: epilogue(expert))
            (work.panel_begin, work.panel_end) = (
                Int32(panels.lowerBound), Int32(panels.upperBound)
            )
            withUnsafePointer(to: work) { matmul($0) }
        }
        var (panels, bytes) = (0, 0)
        for index in 0..<groupCount {
            let (number, slots) = group(index)
            for matrix in experts[number].linear(product).matrices {
                panels += matrix.panelCount
                bytes += matrix.workBytes(rows: slots.count)
            }
        }
        guard !part.isStrip, pool.divides(workBytes: bytes) else {
            for index in 0..<groupCount {
                var first = 0
                for matrix in experts[group(index).expert].linear(product).matrices {
                    run(index, matrix, channels: first, panels: 0..<matrix.panelCount)
                    first += matrix.channels
                }
            }
            return
        }
        let chunk = pool.panelsOfPiece(panels)
        // The pieces of each expert end where those of the next begin.
        let ends = scratch.pieceEnds + slots.lowerBound
        var pieces = 0
        for index in 0..<groupCount {
            for matrix in experts[group(index).expert].linear(product).matrices {
                pieces += (matrix.panelCount + chunk - 1) / chunk
            }
            ends[index] = Int32(pieces)
        }
        pool.run(pieces) { piece, _ in
            var index = 0
            while Int(ends[index]) <= piece { index += 1 }
            var (place, first) = (piece - (index == 0 ? 0 : Int(ends[index - 1])), 0)
            for matrix in experts[group(index).expert].linear(product).matrices {
                let count = (matrix.panelCount + chunk - 1) / chunk
                if place < count {
                    let panels = place * chunk..<min(matrix.panelCount, (place + 1) * chunk)
                    return run(index, matrix, channels: first, panels: panels)
                }
                place -= count
                first += matrix.channels
            }
        }
    }
}
