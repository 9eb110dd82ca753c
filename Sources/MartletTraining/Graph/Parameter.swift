// A tensor that training changes: its values and, when it is trained, its gradient.

import MartletKernels

/// One trainable (or frozen) tensor, row-major.
///
/// A parameter outlives the graphs that use it: several graphs, for batches of different lengths, share
/// the same values and gradients.
public final class Parameter {
    /// The checkpoint's name.
    public let name: String
    /// Stored shape: `[rows, columns]`, or `[columns]` for a vector.
    public let shape: [Int]
    /// Whether it has a gradient and is updated.
    public let isTrainable: Bool
    /// Whether its rows belong to tokens or positions, which optimisers treat on their own.
    public let isTable: Bool
    private let valueStorage: AlignedBuffer<Float>
    private let gradientStorage: AlignedBuffer<Float>?
    /// Whether the gradient holds something of the current step.
    package var hasGradient = false

    /// Rows, 1 for a vector.
    public var rows: Int { shape.count > 1 ? shape[0] : 1 }
    /// Columns.
    public var columns: Int { shape[shape.count - 1] }
    /// Elements.
    public var count: Int { valueStorage.count }
    /// The values, valid as long as this parameter.
    public var values: UnsafeMutableBufferPointer<Float> { valueStorage.pointer }

    /// The gradient of the last step, valid as long as this parameter; nil when frozen.
    public var gradient: UnsafeMutableBufferPointer<Float>? {
        switch gradientStorage {
        case .some(let storage): storage.pointer
        case .none: nil
        }
    }

    /// Zeros of this shape.
    ///
    /// - Throws: ``TrainingError/kernel(_:)``.
    public init(
        name: String, shape: [Int], isTrainable: Bool = true, isTable: Bool = false
    ) throws(TrainingError) {
        precondition(
            (1...2).contains(shape.count) && shape.allSatisfy { $0 > 0 },
            "Parameter \(name): got shape \(shape), expected one or two positive lengths")
        self.name = name
        self.shape = shape
        self.isTrainable = isTrainable
        self.isTable = isTable
        let count = shape.reduce(1, *)
        do {
            valueStorage = try AlignedBuffer(count: count, purpose: "the parameter \(name)")
            gradientStorage =
                isTrainable
                ? try AlignedBuffer(count: count, purpose: "the gradient of \(name)") : nil
        } catch { throw .kernel(error) }
    }

    /// A frozen copy of the values.
    public func frozenCopy() throws(TrainingError) -> Parameter {
        let copy = try Parameter(
            name: name, shape: shape, isTrainable: false, isTable: isTable)
        copy.values.baseAddress!.update(from: values.baseAddress!, count: count)
        return copy
    }
}
