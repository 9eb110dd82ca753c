/// Plans without stages, for tests of the cache alone.

@testable import MartletCache

extension CachePlan {
    /// The first `sinks` positions and the newest `recent` ones stay.
    static func window(sinks: Int, recent: Int) -> CachePlan {
        var traits = CacheTraits()
        traits.sinks = sinks
        traits.window = recent
        return CachePlan(traits: traits)
    }

    /// Heads may hold different tokens.
    static var ragged: CachePlan {
        var traits = CacheTraits()
        traits.tracksSlots = true
        return CachePlan(traits: traits)
    }
}
