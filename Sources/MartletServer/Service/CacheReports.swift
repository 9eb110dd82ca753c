/// What the cache holds for an answer while it is written, as its chunks tell it.

import Martlet
import MartletEngine
import MartletJSON

/// The glances at one answer's cache, each told once.
struct CacheReports: Sendable {
    private let watch: CacheWatch
    private let policy: String
    private let codec: String
    private var told: CacheGlance?

    /// What an answer under this form holds; nil for the form that the model was loaded with.
    init(_ watch: CacheWatch, of model: Model, under form: CacheForm?) {
        self.watch = watch
        policy = form?.policy ?? model.cachePolicy
        codec = form?.storage ?? model.cacheStorage
    }

    /// The newest glance; nil when it was told already.
    mutating func next() -> JSONValue? {
        guard let glance = watch.latest, glance != told else { return nil }
        told = glance
        return ["report": ["cache": value(glance)]]
    }

    private func value(_ glance: CacheGlance) -> JSONValue {
        let heads = max(1, glance.keyValueHeadCount)
        let layers = stride(from: 0, to: glance.liveTokens.count, by: heads).map { start in
            JSONValue.array(glance.liveTokens[start..<(start + heads)].map { .number($0) })
        }
        return .present([
            "policy": .string(policy), "codec": .string(codec),
            "bytesHeld": .integer(glance.bytesHeld), "peakBytes": .integer(glance.peakBytes),
            "liveTokens": .array(layers), "logicalTokens": .integer(glance.logicalTokens),
            "readsPerToken": glance.readsPerToken.map { .number($0) },
            "bytesMoved": glance.bytesMovedPerToken.map { .number($0) },
        ])
    }
}
