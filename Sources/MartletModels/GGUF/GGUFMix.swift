// Which type each tensor of a GGUF file takes, by the name that people give to the whole.

import MartletFormats
import MartletKernels

/// What a GGUF file's matrices are stored as.
package enum GGUFMix: String, CaseIterable, Sendable {
    case f32, f16, bf16, q8_0, q4_0, q4_1, q5_0, q5_1
    case q6K = "q6_k"
    case q5KM = "q5_k_m"
    case q4KM = "q4_k_m"

    /// `general.file_type`, which is informative only.
    var fileType: UInt32 {
        switch self {
        case .f32: 0
        case .f16: 1
        case .q4_0: 2
        case .q4_1: 3
        case .q8_0: 7
        case .q5_0: 8
        case .q5_1: 9
        case .q4KM: 15
        case .q5KM: 17
        case .q6K: 18
        case .bf16: 32
        }
    }

    /// The type of a matrix of `columns` inputs. Which tensors take more bits, and what stands in where 256 does not
    /// divide a row, are llama.cpp's rules (`llama-quant.cpp`), so that files are what their names say.
    func type(
        _ role: TensorRole, layer: Int?, columns: Int, of shape: DecoderShape
    ) -> GGUFTensorType {
        type(
            role, layer: layer, layerCount: shape.layerCount, columns: columns,
            isTied: shape.tiesEmbeddings, expertCount: shape.experts?.count)
    }

    /// Likewise, for a model that is no decoder too.
    func type(
        _ role: TensorRole, layer: Int?, layerCount: Int, columns: Int, isTied: Bool,
        expertCount: Int? = nil
    ) -> GGUFTensorType {
        // Which experts a token runs through turns on small differences.
        if role == .router || role == .sharedRouter { return .plain(.f32) }
        // What is multiplied with; an embedding that is only looked up is no more than any other.
        let isHead = role == .head || (role == .embedding && isTied)
        let blocks: StoredBlocks
        switch self {
        case .f32: return .plain(.f32)
        case .f16: return .plain(.f16)
        case .bf16: return .plain(.bf16)
        case .q8_0: blocks = .q8_0
        case .q4_0: blocks = isHead ? .q6K : .q4_0
        case .q4_1: blocks = isHead ? .q6K : .q4_1
        case .q5_0: blocks = isHead ? .q6K : .q5_0
        case .q5_1: blocks = isHead ? .q6K : .q5_1
        case .q6K: blocks = .q6K
        case .q4KM, .q5KM:
            let usual: StoredBlocks = self == .q4KM ? .q4K : .q5K
            let isLossy = [.value, .down, .expertDown, .sharedDown].contains(role)
            let takesMore = layer.map { Self.takesMore($0, of: layerCount) } ?? false
            blocks = isHead || (isLossy && takesMore) ? .q6K : usual
        }
        guard columns % 32 == 0 else { return .plain(.f16) }
        return .blocks(Self.fitting((expertCount == 8 ? amongEight(role) : nil) ?? blocks, columns: columns))
    }

    /// What attention takes beside eight experts, whose bytes it is little of.
    private func amongEight(_ role: TensorRole) -> StoredBlocks? {
        switch role {
        case .key, .value: return .q8_0
        case .output where self == .q4KM: return .q5K
        default: return nil
        }
    }

    /// The first and the last eighth of the layers, and every third between.
    private static func takesMore(_ layer: Int, of count: Int) -> Bool {
        let eighth = count / 8
        return layer < eighth || layer >= 7 * count / 8 || (layer - eighth) % 3 == 2
    }

    /// The type itself, or one of blocks of 32 with at least its bits.
    private static func fitting(_ blocks: StoredBlocks, columns: Int) -> StoredBlocks {
        guard columns % blocks.columns != 0 else { return blocks }
        return switch blocks {
        case .q4K: .q5_0
        case .q5K: .q5_1
        default: .q8_0
        }
    }
}
