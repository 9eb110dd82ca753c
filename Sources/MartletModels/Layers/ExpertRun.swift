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
}

/// Slots of some rows, those of an expert one after another.
struct ExpertRun {
    private let part: StepRows
    private let scratch: ExpertScratch
    private let slots: Range<Int>
    /// Slots of each expert that has any, in the order of the experts.
    private let groups: [(expert: Int, slots: Range<Int>)]

    /// Sorts the choices of rows by expert and row.
    init(_ part: StepRows, _ scratch: ExpertScratch, _ shape: ExpertShape) {
        self.part = part
        self.scratch = scratch
        let places = part.first * shape.runs..<(part.first + part.count) * shape.runs
        slots = places
        var groups: [(expert: Int, slots: Range<Int>)] = []
        withUnsafeTemporaryAllocation(of: Int.self, capacity: shape.count + 1) { next in
            next.initialize(repeating: 0)
            for place in places { next[Int(scratch.choices[place])] += 1 }
            var start = places.lowerBound
            for expert in 0...shape.count {
                let count = next[expert]
                if count > 0 { groups.append((expert, start..<start + count)) }
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
        self.groups = groups
    }

    /// The expert of a slot.
    func expert(ofSlot slot: Int) -> Int { Int(scratch.owners[slot]) }

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

    /// Multiplies the slots of each expert with its matrices, which are divided over panels.
    func multiply(
        _ experts: [Expert], _ linear: KeyPath<Expert, Linear>,
        input: UnsafePointer<Float>, inputStride: Int,
        out: UnsafeMutablePointer<Float>, outStride: Int, epilogue: (Expert) -> mk_epilogue
    ) {
        let step = part.step
        let (pool, matmul) = (step.pool, step.kernels.table.pointee.matmul)
        var works: [mk_matmul] = []
        var (panels, bytes) = (0, 0)
        for group in groups {
            let expert = experts[group.expert]
            let linear = expert[keyPath: linear]
            let slot = group.slots.lowerBound
            var first = 0
            for matrix in linear.matrices {
                works.append(
                    mk_matmul(
                        weights: matrix.panels, panel_bytes: matrix.panelBytes, panel_begin: 0,
                        panel_end: Int32(matrix.panelCount), channels: Int32(matrix.channels),
                        columns: Int32(matrix.columns), rows: Int32(group.slots.count),
                        type: matrix.type.code, epilogue: epilogue(expert),
                        x: input + slot * inputStride, x_stride: inputStride,
                        x_quants: scratch.quants + slot * scratch.blocks * 32,
                        x_scales: scratch.scales + slot * scratch.blocks,
                        x_sums: scratch.sums + slot * scratch.blocks * 2,
                        x_blocks: scratch.blocks, bias: linear.bias.map { $0.pointer + first },
                        out: out + slot * outStride + first, out_stride: outStride))
                first += matrix.channels
                panels += matrix.panelCount
                bytes += matrix.byteCount * ((group.slots.count + 3) / 4)
            }
        }
        works.withUnsafeBufferPointer { works in
            if part.isStrip || bytes < 256 << 10 || pool.threadCount == 1 {
                for index in works.indices { matmul(works.baseAddress! + index) }
                return
            }
            // As ``StepRows`` divides one product: even numbers of panels, several parts a thread.
            let parts = pool.threadCount * 6
            let chunk = max(2, ((panels + parts - 1) / parts + 1) & ~1)
            var pieces: [(work: Int, first: Int32)] = []
            for (index, work) in works.enumerated() {
                for first in stride(from: 0, to: work.panel_end, by: chunk) {
                    pieces.append((index, first))
                }
            }
            pieces.withUnsafeBufferPointer { pieces in
                pool.run(pieces.count) { index, _ in
                    var piece = works[pieces[index].work]
                    piece.panel_begin = pieces[index].first
                    piece.panel_end = min(piece.panel_end, piece.panel_begin + Int32(chunk))
                    withUnsafePointer(to: piece) { matmul($0) }
                }
            }
        }
    }
}
