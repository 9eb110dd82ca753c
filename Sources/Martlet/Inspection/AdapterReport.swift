/// What an adapter is, as its own files say: behind `inspect DIRECTORY`. It needs no model.

package import MartletFormats

/// An adapter in the layout of PEFT, or of a retrofit.
package struct AdapterReport: Sendable {
    /// `lora`, or the method of the heads that mark tokens: `dms`.
    package let method: String
    /// The rank of its low-rank parts; nil without any.
    package let rank: Int?
    /// What a retrofit says of it; nil for PEFT's.
    package let card: AdapterCard?
    /// The file of its weights.
    package let path: String
    /// Tensors, numbers and bytes of that file.
    package let (tensors, parameters, bytes): (Int, Int, Int)

    /// Reads the adapter of a directory; nil where there is none, as in a model's.
    ///
    /// - Throws: ``MartletError`` for files that are missing or damaged.
    package init?(_ name: String) throws(MartletError) {
        let directory = (try? ModelSource(name))?.path ?? name
        guard AdapterFile.isIn(directory) else { return nil }
        do {
            let card = AdapterCard.isIn(directory) ? try AdapterCard(directory: directory) : nil
            let file = try AdapterFile.weights(in: directory)
            self.card = card
            method = card?.method ?? "lora"
            rank = try card.map { $0.rank } ?? AdapterFile.usualRank(in: directory)
            path = file.path
            tensors = file.entries.count
            parameters = file.entries.reduce(0) { $0 + $1.shape.reduce(1, *) }
            bytes = file.entries.reduce(0) { $0 + $1.byteCount }
        } catch { throw MartletError(any: error) }
    }
}
