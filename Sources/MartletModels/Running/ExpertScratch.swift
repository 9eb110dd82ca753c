// The workspace of layers whose rows run through experts.

import CMartletKernels
import MartletKernels

/// Room for the experts of a step's rows. A row has a slot for each expert that it runs through; strips of rows have
/// slots of their own.
///
/// Not `Sendable`: as ``Step``, whose it is. Inside a parallel loop each iteration touches its own rows or slots.
final class ExpertScratch {
    private let floats: AlignedBuffer<Float>
    private let integers: AlignedBuffer<Int32>
    private let quantBuffer: QuantisedBuffer
    /// By row: logits of the experts, then the shared one's.
    let logits: UnsafeMutablePointer<Float>
    let logitStride: Int
    /// By row and rank: what an expert counts for.
    let weights: UnsafeMutablePointer<Float>
    /// By slot: what goes into an expert, later what comes out of it.
    let values: UnsafeMutablePointer<Float>
    let valueStride: Int
    /// By row: what is inside of its experts, laid out by each layer for itself (``ExpertRun``), and the room of a row.
    let inner: UnsafeMutablePointer<Float>
    let innerRow: Int
    /// By row and rank: the expert, and its slot.
    let choices: UnsafeMutablePointer<Int32>
    let slots: UnsafeMutablePointer<Int32>
    /// By slot: its row and its expert.
    let rows: UnsafeMutablePointer<Int32>
    let owners: UnsafeMutablePointer<Int32>
    /// Of the experts that have slots, as many from a part's first slot on: which they are, where their slots end, and
    /// where the pieces of their products do.
    let groupExperts: UnsafeMutablePointer<Int32>
    let groupEnds: UnsafeMutablePointer<Int32>
    let pieceEnds: UnsafeMutablePointer<Int32>
    /// By slot: what its next product reads.
    var quantised: QuantisedRows { quantBuffer.rows }
    /// Bytes of all of it.
    var byteCount: Int { floats.byteCount + integers.byteCount + quantBuffer.byteCount }

    /// nil for a model without experts.
    init?(_ shape: DecoderShape, capacity: Int) throws(KernelError) {
        let layers = shape.layers.compactMap(\.experts)
        guard !layers.isEmpty else { return nil }
        let runs = layers.reduce(0) { max($0, $1.runs) }
        let width = layers.reduce(0) { max($0, $1.width, $1.sharedWidth) }
        let slotCount = capacity * runs
        logitStride = layers.reduce(0) { max($0, $1.count) } + 1
        valueStride = shape.hiddenSize
        innerRow = layers.reduce(0) { max($0, 2 * ($1.perToken * $1.width + $1.sharedWidth)) }
        let sizes = [
            logitStride * capacity, slotCount, valueStride * slotCount, innerRow * capacity,
        ].map { ($0 + 15) & ~15 }
        floats = try AlignedBuffer(count: sizes.reduce(0, +), purpose: "a step of experts")
        logits = floats.base
        weights = logits + sizes[0]
        values = weights + sizes[1]
        inner = values + sizes[2]
        integers = try AlignedBuffer(count: 7 * slotCount, purpose: "a step of experts")
        choices = integers.base
        slots = choices + slotCount
        rows = slots + slotCount
        owners = rows + slotCount
        groupExperts = owners + slotCount
        groupEnds = groupExperts + slotCount
        pieceEnds = groupEnds + slotCount
        quantBuffer = try QuantisedBuffer(
            rows: slotCount, columns: max(shape.hiddenSize, width), purpose: "a step of experts")
    }
}
