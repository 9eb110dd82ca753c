// A layer of every family here: attention, then an MLP, each added to the residual stream.

import MartletCache
import MartletKernels

/// The two parts of a layer.
protocol DecoderLayer: Sendable {
    associatedtype MLP: FeedForward
    var grouped: GroupedAttention { get }
    var feedForward: MLP { get }
}

extension Step {
    /// Runs layers over the residual stream. Rows meet in attention alone, so what lies between one attention and
    /// the next is one part of the step: the end of a layer and the beginning of the next.
    func run<Layer: DecoderLayer>(_ layers: [Layer]) {
        guard let first = layers.first else { return }
        inStrips(weightBytes: first.grouped.byteCount) { first.grouped.project($0) }
        for (index, layer) in layers.enumerated() {
            let (grouped, feedForward) = (layer.grouped, layer.feedForward)
            let next = index + 1 < layers.count ? layers[index + 1].grouped : nil
            grouped.attend(self, layer: index)
            inStrips(weightBytes: grouped.byteCount + feedForward.byteCount) { rows in
                grouped.finish(rows)
                feedForward(rows)
                next?.project(rows)
            }
        }
    }
}

extension DecoderFamily {
    /// The output projections of all layers, as cache policies may ask for them.
    var outputs: OutputProjection {
        let matrices = layers.map(\.grouped.output.matrix)
        return OutputProjection(channels: matrices.first?.channels ?? 0) { layer, channel, row in
            matrices[layer].readRow(channel, into: row)
        }
    }
}
