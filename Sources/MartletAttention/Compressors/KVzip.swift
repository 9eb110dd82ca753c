/// KVzip: what is needed to say the prompt again (2505.23416).

/// The prompt is read a second time, in chunks, with the cache at hand; a token's score is the most
/// attention that it receives from any query of the group while its own chunk is repeated. All heads of all
/// layers compete.
struct KVzip: KVCompressor {
    let chunk: Int

    var competes: Bool { false }
    var signals: PromptSignals { PromptSignals(rereadChunk: chunk) }

    func scores(_ layer: LayerView) -> [[Float]] {
        (0..<layer.headCount).map { head in
            layer.recorder?.reread[layer.layer * layer.headCount + head]
                ?? [Float](repeating: 0, count: layer.count)
        }
    }
}
