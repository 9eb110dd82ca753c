// The layers that Llama and its descendants are made of, bound by the names they share.

import MartletFormats
import MartletKernels

extension Norm {
    static func rms(_ weights: any WeightSource, _ name: String, count: Int, epsilon: Double)
        throws(ModelError) -> Norm
    {
        .rms(weight: try weights.vector(name, count: count), epsilon: Float(epsilon))
    }
}

extension GroupedAttention {
    /// `q_proj`, `k_proj`, `v_proj` fused, `o_proj`, and the norm before them.
    init(
        _ weights: any WeightSource, _ shape: DecoderShape, layer: Int, epsilon: Double,
        hasInputBias: Bool, hasOutputBias: Bool
    ) throws(ModelError) {
        let prefix = "model.layers.\(layer)."
        let widths = [
            ("q_proj", shape.queryWidth), ("k_proj", shape.keyValueWidth),
            ("v_proj", shape.keyValueWidth),
        ]
        let input = try weights.matrix(
            widths.map { MatrixPart(name: prefix + "self_attn.\($0.0).weight", rows: $0.1) },
            columns: shape.hiddenSize, layout: .stacked)
        let output = try weights.matrix(
            [MatrixPart(name: prefix + "self_attn.o_proj.weight", rows: shape.hiddenSize)],
            columns: shape.queryWidth, layout: .stacked)
        self.init(
            norm: try .rms(
                weights, prefix + "input_layernorm.weight", count: shape.hiddenSize,
                epsilon: epsilon),
            queryKeyValue: Linear(
                input,
                bias: hasInputBias
                    ? try weights.vectors(
                        widths.map { (prefix + "self_attn.\($0.0).bias", $0.1) }) : nil),
            output: Linear(
                output,
                bias: hasOutputBias
                    ? try weights.vector(prefix + "self_attn.o_proj.bias", count: shape.hiddenSize)
                    : nil),
            eviction: try EvictionHead(
                weights, shape, layer: layer, epsilon: epsilon,
                hasBias: hasInputBias
                    && weights.contains(prefix + "self_attn.dms_proj_alpha.bias")))
    }
}

extension GatedMLP {
    /// `gate_proj` and `up_proj` together, `down_proj`, and the norm before them.
    init(
        _ weights: any WeightSource, _ shape: DecoderShape, layer: Int, epsilon: Double,
        hasBias: Bool
    ) throws(ModelError) {
        let prefix = "model.layers.\(layer)."
        let names = ["gate_proj", "up_proj"].map { prefix + "mlp.\($0)" }
        let width = shape.intermediateSize
        let gateUp = try weights.matrix(
            names.map { MatrixPart(name: $0 + ".weight", rows: width) }, columns: shape.hiddenSize,
            layout: hasBias ? .stacked : .paired)
        let down = try weights.matrix(
            [MatrixPart(name: prefix + "mlp.down_proj.weight", rows: shape.hiddenSize)],
            columns: width, layout: .stacked)
        self.init(
            norm: try .rms(
                weights, prefix + "post_attention_layernorm.weight", count: shape.hiddenSize,
                epsilon: epsilon),
            gateUp: Linear(
                gateUp,
                bias: hasBias ? try weights.vectors(names.map { ($0 + ".bias", width) }) : nil),
            down: Linear(
                down,
                bias: hasBias
                    ? try weights.vector(prefix + "mlp.down_proj.bias", count: shape.hiddenSize)
                    : nil))
    }
}

extension ConfigurationFile {
    /// A small positive number added to a variance.
    func epsilon(_ key: String, default fallback: Double) throws(ModelError) -> Double {
        do { return try double(key, default: fallback, in: 0...1) } catch { throw .format(error) }
    }

    func flag(_ key: String, default fallback: Bool) throws(ModelError) -> Bool {
        do { return try bool(key, default: fallback) } catch { throw .format(error) }
    }
}
