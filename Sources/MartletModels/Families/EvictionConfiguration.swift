// What config.json says of heads that mark tokens for eviction.

import MartletFormats
import MartletKernels

extension EvictionHeadShape {
    /// Reads the published keys (`dms_…`) or ours (`martlet_eviction`); nil where there are none, or
    /// where the configuration itself switches eviction off.
    init?(_ file: ConfigurationFile) throws {
        if let own = try file.optionalObject("martlet_eviction") {
            self = try Self.own(own)
            return
        }
        let keys = ["dms_separate_alpha", "dms_window_size", "dms_alpha_scale", "dms_alpha_per"]
        guard keys.contains(where: file.contains) else { return nil }
        guard try !file.bool("dms_disable_eviction", default: false) else { return nil }
        let isSeparate = try file.bool("dms_separate_alpha", default: true)
        self.init(
            method: .sparsification, source: isSeparate ? .projection : .queryChannel,
            scale: Float(try file.double("dms_alpha_scale", default: 100, in: 1e-6...1e6)),
            offset: Float(try file.double("dms_initial_alpha_offset", default: 5, in: -1e6...1e6)),
            window: try file.int("dms_window_size", default: 512, in: 1...65_536),
            isPerLayer: try Self.isPerLayer(file, "dms_alpha_per"))
    }

    private static func own(_ file: ConfigurationFile) throws -> EvictionHeadShape {
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
            isPerLayer: try isPerLayer(file, "per"))
    }

    private static func isPerLayer(_ file: ConfigurationFile, _ key: String) throws -> Bool {
        let word = try file.string(key, default: "head")
        guard word == "head" || word == "layer" else {
            throw file.wrongValue(key, expected: "head or layer")
        }
        return word == "layer"
    }
}

extension EvictionHead {
    /// Binds the tensors of one layer; nil for a plain model.
    init?(
        _ weights: any WeightSource, _ shape: DecoderShape, layer: Int, epsilon: Double,
        hasBias: Bool
    ) throws(ModelError) {
        guard let head = shape.evictionHead else { return nil }
        guard head.source == .projection else {
            self.init(shape: head, projection: nil, norm: nil)
            return
        }
        let prefix = "model.layers.\(layer).self_attn."
        let heads = shape.keyValueHeadCount
        // Never quantised: a mark is one bit of a small number.
        let matrix = try weights.matrix(
            [MatrixPart(name: prefix + "dms_proj_alpha.weight", rows: heads)],
            columns: shape.hiddenSize, layout: .stacked, type: .f32)
        self.init(
            shape: head,
            projection: Linear(
                matrix,
                bias: hasBias
                    ? try weights.vector(prefix + "dms_proj_alpha.bias", count: heads) : nil),
            norm: try .rms(
                weights, prefix + "dms_proj_alpha_norm.weight", count: shape.hiddenSize,
                epsilon: epsilon))
    }
}
