// What an optimiser knows of a tensor besides its numbers.

/// What an optimiser is told of one parameter tensor.
public struct ParameterInfo: Sendable, Hashable {
    /// The tensor's name in a checkpoint; only messages use it.
    public var name: String
    /// Rows of a matrix; 1 for a vector.
    public var rows: Int
    /// Columns of a matrix; elements of a vector. Rows lie one after the other.
    public var columns: Int
    /// Whether weight decay applies: to matrices by custom, to norms and biases not.
    public var decays: Bool
    /// Whether rows belong to tokens or positions: an embedding or the output head.
    public var isEmbedding: Bool

    /// Describes a matrix of `rows` x `columns`, or a vector when `rows` is 1.
    public init(
        name: String, rows: Int, columns: Int, decays: Bool? = nil, isEmbedding: Bool = false
    ) {
        self.name = name
        self.rows = rows
        self.columns = columns
        self.decays = decays ?? (rows > 1)
        self.isEmbedding = isEmbedding
    }

    /// Elements.
    public var count: Int { rows * columns }
    /// Whether there is more than one row.
    public var isMatrix: Bool { rows > 1 }
}
