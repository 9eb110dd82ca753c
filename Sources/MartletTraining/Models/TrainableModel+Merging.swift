// A model with fewer heads of keys and values.

import MartletFormats
import MartletModels

extension TrainableModel {
    /// A checkpoint's tensor with fewer KV heads: each is the mean of a group of consecutive stored heads (Ainslie et al.
    /// 2023, GQA, arXiv 2305.13245, section 2.1). A tensor whose shape agrees is returned unchanged.
    ///
    /// Throws when the shape disagrees and the tensor is not of keys or values, or its heads do not divide evenly.
    static func readMergingHeads(
        _ entry: TensorEntry, as tensor: PlannedTensor, headDimension: Int,
        into values: UnsafeMutableBufferPointer<Float>
    ) throws(FormatError) {
        let isOfHeads = [[.key], [.value]].contains(tensor.row.roles)
        let (stored, wanted) = (entry.shape.first ?? 0, tensor.shape[0])
        guard isOfHeads, stored > wanted, wanted > 0, stored % wanted == 0,
            entry.shape.dropFirst() == tensor.shape.dropFirst()
        else {
            try entry.check(shape: tensor.shape)
            return try entry.copyFloats(into: values)
        }
        try entry.check()
        let source = try entry.floats()
        let group = stored / wanted
        // Elements of one head, bias or matrix.
        let width = source.count / stored * headDimension
        for head in 0..<wanted / headDimension {
            for index in 0..<width {
                var sum: Float = 0
                for member in 0..<group { sum += source[(head * group + member) * width + index] }
                values[head * width + index] = sum / Float(group)
            }
        }
    }
}
