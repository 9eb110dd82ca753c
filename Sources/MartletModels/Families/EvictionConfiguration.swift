// What config.json says of heads that mark tokens for eviction.

import MartletFormats

extension EvictionHeadShape {
    /// Reads ours (`martlet_eviction`), which counts where it is there, or the published keys (`dms_…`); nil where there
    /// are none.
    init?(_ file: ConfigurationFile) throws {
        let isDisabled = try file.bool("dms_disable_eviction", default: false)
        if let own = try file.optionalObject("martlet_eviction") {
            self = try Self.own(own, isDisabled: isDisabled)
            return
        }
        let keys = [
            "dms_separate_alpha", "dms_window_size", "dms_alpha_scale", "dms_alpha_per",
            "dms_initial_alpha_offset",
        ]
        guard keys.contains(where: file.contains) else { return nil }
        let isSeparate = try file.bool("dms_separate_alpha", default: false)
        self.init(
            method: .sparsification, source: isSeparate ? .projection : .queryChannel,
            scale: Float(try file.double("dms_alpha_scale", default: 100, in: 1e-6...1e6)),
            offset: Float(try file.double("dms_initial_alpha_offset", default: 5, in: -1e6...1e6)),
            window: try file.int("dms_window_size", default: 512, in: 1...65_536),
            isPerLayer: try Self.isPerLayer(file, "dms_alpha_per"),
            isDisabled: isDisabled)
    }

    static func own(
        _ file: ConfigurationFile, isDisabled: Bool
    ) throws -> EvictionHeadShape {
        try file.requireNoOthers(
            than: ["method", "source", "scale", "offset", "window", "per", "epsilon"],
            reader: "an eviction head")
        let names = [Method.sparsification, .compression].map(\.rawValue)
        guard let method = Method(rawValue: try file.string("method")) else {
            throw file.wrongValue("method", expected: "one of \(names.joined(separator: ", "))")
        }
        let isMerging = method == .compression
        let source = try file.string("source", default: isMerging ? "channel" : "projection")
        guard source == "channel" || source == "projection" && !isMerging else {
            throw file.wrongValue(
                "source", expected: isMerging ? "channel" : "channel or projection")
        }
        return EvictionHeadShape(
            method: method,
            source: source == "projection"
                ? .projection : isMerging ? .keyChannel : .queryChannel,
            scale: Float(try file.double("scale", default: isMerging ? 1 : 100, in: 1e-6...1e6)),
            offset: Float(try file.double("offset", default: 5, in: -1e6...1e6)),
            window: try file.int("window", default: isMerging ? 12 : 512, in: 1...65_536),
            isPerLayer: try isPerLayer(file, "per"),
            mergeEpsilon: Float(
                try file.double("epsilon", default: Double(usualMergeEpsilon), in: 0...1)),
            isDisabled: isDisabled)
    }

    private static func isPerLayer(_ file: ConfigurationFile, _ key: String) throws -> Bool {
        let word = try file.string(key, default: "head")
        guard word == "head" || word == "layer" else {
            throw file.wrongValue(key, expected: "head or layer")
        }
        return word == "layer"
    }
}
