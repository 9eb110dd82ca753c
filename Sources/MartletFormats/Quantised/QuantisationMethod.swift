/// What `quantization_config` says of a model's weights: which method packed them, or which one is refused.

import MartletJSON

/// How the weights of a checkpoint were packed.
enum QuantisationMethod: Sendable, Equatable {
    /// ``BlockIntegers``.
    case blocks
    /// GPTQ: words along the inputs. `isOffset`: zero points are stored less one.
    case gptq(bits: Int, groupColumns: Int?, isSymmetric: Bool, isOffset: Bool)
    /// AWQ: words along the outputs, in an order of their own.
    case awq(groupColumns: Int?)
    /// compressed-tensors: integers in words, bytes or floats of 8 bits, as each tensor says.
    case compressed
    /// Floats of 8 bits; scales of blocks of so many rows and columns, or of rows, or of the matrix.
    case fp8(block: [Int]?)
    /// Experts in MXFP4 blocks, codes and scales in tensors of their own, which the family names.
    case mxfp4
}

extension ConfigurationFile {
    /// Throws for weights that a method packed which is not read, by its name.
    package func requireReadableWeights() throws(FormatError) { _ = try quantisation() }

    /// What packed the weights; nil where nothing did.
    func quantisation() throws(FormatError) -> QuantisationMethod? {
        guard let packing = try optionalObject("quantization_config") else { return nil }
        let method = try packing.string("quant_method", default: "a method without a name")
        switch method {
        case "martlet-blocks":
            let length = BlockIntegers.blockLength
            _ = try packing.int("bits", default: 8, in: 8...8)
            _ = try packing.int("group_size", default: length, in: length...length)
            return .blocks
        case "gptq": return try packing.gptq()
        case "awq": return try packing.awq()
        case "compressed-tensors": return try packing.compressed()
        case "fp8", "fbgemm_fp8":
            return .fp8(block: try packing.optionalBlock("weight_block_size"))
        case "mxfp4": return .mxfp4
        case "modelopt" where packing.value("quant_algo")?.stringValue == "FP8":
            return .fp8(block: nil)
        default:
            throw .unsupportedFormat(
                path: path, got: "quantization_config, weights packed by \(method)",
                advice: "take the model in F32, F16 or BF16, or packed by gptq, awq, fp8 or "
                    + "compressed-tensors")
        }
    }

    private func refuse(_ key: String, _ advice: String) -> FormatError {
        .unsupportedFormat(
            path: path, got: "\(name(of: key)) \(value(key)?.summary ?? "missing")", advice: advice)
    }

    /// Throws unless a key is absent or has one of some values.
    private func require(
        _ key: String, oneOf known: [String], advice: String
    ) throws(FormatError) -> String? {
        guard contains(key) else { return nil }
        let text = try string(key).lowercased()
        guard known.contains(text) else { throw refuse(key, advice) }
        return text
    }

    /// Inputs of a group; nil for one group of all.
    private func groupColumns() throws(FormatError) -> Int? {
        let size = try int("group_size", default: 128, in: -1...1 << 20)
        guard size != 0 else {
            throw wrongValue("group_size", expected: "-1, or the inputs of a group")
        }
        return size < 0 ? nil : size
    }

    private func bits(_ key: String, _ known: [Int]) throws(FormatError) -> Int {
        let bits = try int(key)
        guard known.contains(bits) else {
            throw refuse(
                key,
                "take the model with weights of \(known.map(String.init).joined(separator: " or ")) bits"
            )
        }
        return bits
    }

    private func gptq() throws(FormatError) -> QuantisationMethod {
        let advice = "take the model in the layout gptq or gptq_v2"
        let layouts = ["gptq", "gptq_v2"]
        let first = try require("checkpoint_format", oneOf: layouts, advice: advice)
        let second = try require("format", oneOf: layouts, advice: advice)
        let layout = first ?? second ?? "gptq"
        if try bool("is_marlin_format", default: false) { throw refuse("is_marlin_format", advice) }
        _ = try require("pack_dtype", oneOf: ["int32"], advice: advice)
        if let dynamic = value("dynamic"), dynamic.objectValue?.count != 0 {
            throw refuse("dynamic", "take a model whose modules have the same bits and groups")
        }
        return .gptq(
            bits: try bits("bits", [4, 8]), groupColumns: try groupColumns(),
            isSymmetric: try bool("sym", default: false), isOffset: layout == "gptq")
    }

    private func awq() throws(FormatError) -> QuantisationMethod {
        let advice = "take the model in the layout gemm"
        for key in ["version", "format", "checkpoint_format"] {
            _ = try require(key, oneOf: ["gemm", "exllama", "ipex"], advice: advice)
        }
        _ = try bits(contains("w_bit") ? "w_bit" : "bits", [4])
        return .awq(
            groupColumns: contains("q_group_size")
                ? try int("q_group_size", in: 1...1 << 20) : try groupColumns())
    }

    private func compressed() throws(FormatError) -> QuantisationMethod {
        let formats = [
            "pack-quantized", "float-quantized", "int-quantized", "naive-quantized", "dense",
        ]
        let advice = "take the model as \(formats.prefix(3).joined(separator: ", "))"
        _ = try require("format", oneOf: formats + ["mixed-precision"], advice: advice)
        if let sparsity = try optionalObject("sparsity_config") {
            _ = try sparsity.require("format", oneOf: ["dense"], advice: "take a dense model")
        }
        if let transforms = value("transform_config"), transforms.objectValue?.count != 0 {
            throw refuse("transform_config", "take a model whose weights are not rotated")
        }
        for member in try optionalObject("config_groups")?.root.members ?? [] {
            let group = try object("config_groups").object(member.key)
            _ = try group.require("format", oneOf: formats, advice: advice)
            guard let weights = try group.optionalObject("weights") else { continue }
            let kind = try weights.string("type", default: "int")
            guard kind == "int" || kind == "float" else {
                throw weights.refuse("type", "take integers of 4 or 8 bits, or floats of 8")
            }
            _ = try weights.bits("num_bits", kind == "int" ? [4, 8] : [8])
        }
        return .compressed
    }

    private func optionalBlock(_ key: String) throws(FormatError) -> [Int]? {
        guard contains(key) else { return nil }
        let block = try ints(key)
        guard block.count == 2, block.allSatisfy({ (1...1 << 20).contains($0) }) else {
            throw wrongValue(key, expected: "rows and columns of a block")
        }
        return block
    }
}
