/// The extension point of policies that keep every token and read some (DESIGN, point 4).

/// Chooses, for a generated token and one (layer, KV head), what its attention reads.
///
/// A published method is one file in `Selectors` that conforms to this and an entry in
/// ``CachePolicyRegistry``. It runs on several threads at once, a head on each, and must depend on
/// nothing but the view and its own memory.
protocol DecodePageSelector: Sendable {
    /// Whether every page carries the bounds of its keys, from which pages are scored.
    var readsBounds: Bool { get }
    /// First layers that read everything.
    var denseLayers: Int { get }
    /// Whether it wants to know where sentences end.
    var readsSentences: Bool { get }
    /// Whether a choice names slots or pages that a later token uses again: then nothing may move
    /// between.
    var reusesChoices: Bool { get }
    /// What the head reads now.
    func choose(_ view: SelectionView, _ memory: inout SelectionMemory.Head) -> PageChoice
    /// Runs when all heads of a layer have chosen; see ``SelectionMemory/layers``.
    func finishLayer(_ layer: Int, heads: ArraySlice<SelectionMemory.Head>) -> Double?
}

extension DecodePageSelector {
    var readsBounds: Bool { true }
    var denseLayers: Int { 0 }
    var reusesChoices: Bool { false }
    var readsSentences: Bool { false }
    func finishLayer(_ layer: Int, heads: ArraySlice<SelectionMemory.Head>) -> Double? { nil }
}

/// What one head reads.
enum PageChoice {
    /// Everything.
    case all
    /// Logical pages, ascending; the newest is added.
    case pages([Int32])
    /// Slots, ascending; the newest is added. Their pages are read whole.
    case slots([Int32])
}

/// What a selector remembers of one sequence from one generated token to the next.
final class SelectionMemory {
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
        /// A figure of the last step.
        var figure = 0.0

        var byteCount: Int {
            (chosen.count + weights.count + query.count + vectors.count) * 4 + 16
        }
    }

    /// Tokens generated so far.
    var steps = 0
    /// By (layer, KV head).
    var heads: [Head]
    /// A figure of each layer from the step before, where the selector makes one.
    var layers: [Double?]
    /// The same of the step at hand.
    var nextLayers: [Double?]
    init(tableCount: Int, layerCount: Int) {
        heads = Array(repeating: Head(), count: tableCount)
        layers = Array(repeating: nil, count: layerCount)
        nextLayers = layers
    }

    func copy() -> SelectionMemory {
        let copy = SelectionMemory(tableCount: 0, layerCount: 0)
        copy.steps = steps
        copy.heads = heads
        copy.layers = layers
        copy.nextLayers = layers
        return copy
    }

    var byteCount: Int { heads.reduce(0) { $0 + $1.byteCount } }
}
