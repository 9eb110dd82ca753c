/// What a page selector remembers of one sequence.

import MartletCache

/// What a selector remembers of one sequence from one generated token to the next.
final class ReadingMemory: StageMemory {
    /// What it remembers of one (layer, KV head); each selector uses what it needs.
    struct Head {
        /// Pages or slots chosen last.
        var chosen: [Int32] = []
        /// Weights of chosen slots, or scores.
        var weights: [Float] = []
        /// A query or a sum of queries.
        var query: [Float] = []
        /// Vectors beside the pages: means of sentences.
        var vectors: [Float] = []
        /// Slots when the choice was made, or tokens counted.
        var count = 0
        /// A number of the last step, whose meaning is the selector's.
        var figure = 0.0

        var byteCount: Int {
            (chosen.count + weights.count + query.count + vectors.count) * 4 + 16
        }
    }

    /// Tokens generated so far, since the prompt was complete.
    var steps = 0
    /// By (layer, KV head); empty before the first generated token.
    var heads: [Head] = []
    /// By layer: what ``DecodePageSelector/finishLayer(_:heads:)`` returned in the step before.
    var layers: [Double?] = []
    /// By layer: what it returned in the step at hand.
    var nextLayers: [Double?] = []
    /// Positions of tokens that end a sentence, where the selector asks for them.
    var sentenceEnds: [Int32] = []

    private let remembers: Bool

    init(remembers: Bool) { self.remembers = remembers }

    /// Makes room for a model's heads, at the first generated token.
    func prepare(tableCount: Int, layerCount: Int) {
        guard heads.isEmpty else { return }
        heads = Array(repeating: Head(), count: tableCount)
        layers = Array(repeating: nil, count: layerCount)
        nextLayers = layers
    }

    func copy() -> any StageMemory {
        let copy = ReadingMemory(remembers: remembers)
        copy.steps = steps
        copy.heads = heads
        copy.layers = layers
        copy.nextLayers = layers
        copy.sentenceEnds = sentenceEnds
        return copy
    }

    var byteCount: Int { heads.reduce(sentenceEnds.count * 4) { $0 + $1.byteCount } }

    /// All generated tokens can be taken back together, and single ones where choices depend on nothing but
    /// the cache.
    func canCut(to count: Int, from current: Int, promptCount: Int?) -> Bool {
        !remembers || count <= current - steps
    }

    func cut(to count: Int, from current: Int) {
        sentenceEnds.removeAll { $0 >= count }
        steps = max(0, steps - (current - count))
        if steps == 0 { heads = [] }
    }
}
