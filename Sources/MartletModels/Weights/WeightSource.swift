// Where a family gets its weights from: names in, packed matrices out.

import MartletFormats
import MartletKernels

/// A piece of a packed matrix: the rows of one stored tensor.
struct MatrixPart {
    /// The checkpoint's name of the tensor.
    var name: String
    /// Output channels it contributes.
    var rows: Int
    /// Stored as [columns][rows] (GPT-2's Conv1D).
    var isTransposed = false
    /// First stored row (or column, when transposed) to take.
    var offset = 0
    /// Rows in storage, when more than `rows` are stored.
    var storedRows: Int?
    /// How the stored rows follow one another.
    var order: RowOrder?

    /// Where the file has a row of the part.
    func stored(_ row: Int) -> Int { order?.stored(row + offset) ?? row + offset }
}

/// How parts become panels of 16 channels.
enum PanelLayout {
    /// One part after another.
    case stacked
    /// Panels of the first and the second part alternate, for the fused SwiGLU.
    case paired
}

/// A vector of floats that never changes: norms and biases.
///
/// Unchecked: written only inside `init`.
final class WeightVector: @unchecked Sendable {
    private let storage: AlignedBuffer<Float>
    var pointer: UnsafePointer<Float> { UnsafePointer(storage.base) }
    var count: Int { storage.count }

    init(_ values: [Float]) throws(ModelError) {
        do { storage = try AlignedBuffer(count: values.count) } catch { throw .kernel(error) }
        for (index, value) in values.enumerated() { storage.base[index] = value }
    }

    /// Its elements in another order, by where each lies now.
    func reordered(_ source: (Int) -> Int) throws(ModelError) -> WeightVector {
        try WeightVector((0..<count).map { pointer[source($0)] })
    }

    /// The same with something added to each, and multiplied then.
    func transformed(adding term: Float, factor: Float) throws(ModelError) -> WeightVector {
        guard term != 0 || factor != 1 else { return self }
        return try WeightVector((0..<count).map { (pointer[$0] + term) * factor })
    }
}

/// A token embedding table.
enum EmbeddingTable: Sendable {
    /// Shared with the output projection.
    case packed(PackedMatrix)
    /// Read from the mapped file, row by row, so that it takes no memory of its own.
    case stored(TensorEntry)
}

/// Supplies the weights of a model by the checkpoint's names.
protocol WeightSource {
    /// How matrices are packed; nil where each is packed as it is stored.
    var type: WeightType? { get }
    func contains(_ name: String) -> Bool
    func vector(_ name: String, count: Int) throws(ModelError) -> WeightVector
    /// Several vectors one after another.
    func vectors(_ parts: [(name: String, count: Int)]) throws(ModelError) -> WeightVector
    /// Several tensors as one matrix; where `type` is nil, as their stored numbers, in a matrix for each run of tensors
    /// that are stored alike. Tensors that share pairs of panels must be.
    func matrices(_ parts: [MatrixPart], columns: Int, layout: PanelLayout, type: WeightType?)
        throws(ModelError) -> [PackedMatrix]
    /// Whether tensors are stored in one type.
    func areStoredAlike(_ names: [String]) -> Bool
    /// A small table kept as floats, row after row.
    func table(_ name: String, rows: Int, columns: Int) throws(ModelError) -> WeightVector
    /// A table that is only looked up, never multiplied with.
    func embedding(_ name: String, rows: Int, columns: Int) throws(ModelError) -> EmbeddingTable
}

extension PanelLayout {
    /// Panels that the parts need.
    func panelCount(_ parts: [MatrixPart]) -> Int {
        switch self {
        case .stacked: (parts.reduce(0) { $0 + $1.rows } + 15) / 16
        case .paired: 2 * ((parts[0].rows + 15) / 16)
        }
    }
}
