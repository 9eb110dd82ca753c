// Token embeddings and the output projection.

import MartletFormats
import MartletKernels

/// Looks rows up and, tied or not, projects back to the vocabulary.
struct TokenWeights: Sendable {
    let table: EmbeddingTable
    let head: PackedMatrix

    init(_ bound: BoundTensors) throws(ModelError) {
        let (shape, weights) = (bound.plan.shape, bound.weights)
        let (rows, columns) = (shape.vocabularySize, shape.hiddenSize)
        let name = bound.name(.embedding) + ".weight"
        let type = weights.type?.type(of: .vocabulary, width: columns)
        func matrix(_ name: String) throws(ModelError) -> PackedMatrix {
            try weights.matrices(
                [MatrixPart(name: name, rows: rows)], columns: columns, layout: .stacked, type: type
            )[0]
        }
        if shape.tiesEmbeddings {
            head = try matrix(name)
            table = .packed(head)
        } else {
            table = try weights.embedding(name, rows: rows, columns: columns)
            head = try matrix(bound.name(.head) + ".weight")
        }
    }

    /// Writes the embedding of each row's token to the residual stream.
    func embed(_ step: Step) {
        let (hidden, size, tokens) = (step.hidden, step.shape.hiddenSize, step.tokens)
        step.allRows.forEach(cost: size * 4) { row in
            let out = UnsafeMutableBufferPointer(start: hidden + row * size, count: size)
            let token = Int(tokens[row])
            switch table {
            case .packed(let matrix): matrix.readRow(token, into: out)
            case .stored(let entry):
                StoredFloats.copy(entry, token * size..<(token + 1) * size, out)
            }
        }
    }

    /// Throws when rows were read from a file that was cut short or written meanwhile.
    func checkIntact() throws(ModelError) {
        guard case .stored(let entry) = table else { return }
        do { try entry.checkIntact() } catch { throw .format(error) }
    }

    /// Bytes of packed weights held for looking up and projecting.
    var byteCount: Int {
        if case .packed(let matrix) = table, matrix !== head {
            return head.byteCount + matrix.byteCount
        }
        return head.byteCount
    }
}
