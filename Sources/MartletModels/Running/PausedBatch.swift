// What is kept of a step that stopped between two layers.

import MartletKernels

/// A batch that stopped before a layer. Its residual stream is all that the other layers need: keys and values of the
/// layers before are in the pages that it has reserved, and everything else follows from the batch.
final class PausedBatch {
    let batch: ForwardBatch
    let layer: Int
    /// The residual stream, row after row.
    let hidden: AlignedBuffer<Float>

    init(batch: ForwardBatch, layer: Int, hidden: consuming AlignedBuffer<Float>) {
        self.batch = batch
        self.layer = layer
        self.hidden = hidden
    }
}
