// A tensor of a GGUF file that is made of a checkpoint's, row by row while it is written.

import MartletFormats
import MartletKernels

/// One tensor of a checkpoint, or those of several experts one after another, as GGUF stores them.
struct GGUFParts {
    private let entries: [TensorEntry]
    /// The shape of one of them, as it is written.
    let shape: [Int]
    private let isStack: Bool
    /// In which order rows are written, counted as the checkpoint has them.
    var order: RowOrder?
    /// Whether the checkpoint stores a matrix as [inputs][outputs].
    var isTransposed = false
    /// Added to each number.
    var term: Float = 0

    /// - Parameter isStack: whether they are written with a dimension more, though there may be one of them alone.
    init(_ entries: [TensorEntry], shape: [Int], isStack: Bool) {
        precondition(isStack || entries.count == 1, "GGUFParts: \(entries.count) tensors")
        self.entries = entries
        self.shape = shape
        self.isStack = isStack
    }

    /// Numbers of a row.
    var columns: Int { isTransposed ? shape[0] : shape.last ?? 1 }

    /// Whether all are stored in these blocks, which can be written as they are.
    func keeps(_ blocks: StoredBlocks) -> Bool {
        !isTransposed && term == 0 && shape.count == 2
            && entries.allSatisfy { $0.stored == blocks && !$0.isAdapted && $0.term == 0 }
    }

    /// What is written.
    func tensor(name: String, type: GGUFTensorType) -> GGUFTensorToWrite {
        let matrix = isTransposed ? Array(shape.reversed()) : shape
        return GGUFTensorToWrite(
            name: name, type: type, shape: isStack ? [entries.count] + matrix : matrix
        ) { sink in
            for entry in entries { try write(entry, as: type, to: sink) }
        }
    }

    private func write(
        _ entry: TensorEntry, as type: GGUFTensorType,
        to sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        if isTransposed {
            let (inputs, outputs) = (shape[0], shape[1])
            let floats = try entry.floats()
            for output in 0..<outputs {
                try Self.write(
                    (0..<inputs).map { floats[$0 * outputs + output] }, as: type, to: sink)
            }
            return
        }
        let columns = shape.count > 1 ? shape[1] : 1
        if case .blocks(let blocks) = type, keeps(blocks) {
            let width = columns / blocks.columns * blocks.byteCount
            try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: width) { room in
                guard let base = room.baseAddress else { return }
                for row in 0..<entry.elementCount / max(1, columns) {
                    guard let start = entry.rowStart(order?.row(storedAt: row) ?? row, room: base)
                    else { continue }
                    try sink(UnsafeRawBufferPointer(start: start, count: width))
                }
            }
            try entry.checkIntact()
            return
        }
        var floats = [Float](repeating: 0, count: columns)
        for row in 0..<entry.elementCount / max(1, columns) {
            let source = order?.row(storedAt: row) ?? row
            try floats.withUnsafeMutableBufferPointer {
                try entry.copyFloats(of: source * columns..<(source + 1) * columns, into: $0)
            }
            if term != 0 { for column in 0..<columns { floats[column] += term } }
            try Self.write(floats, as: type, to: sink)
        }
        try entry.checkIntact()
    }

    private static func write(
        _ row: [Float], as type: GGUFTensorType, to sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        switch type {
        case .plain(let dtype): try dtype.bytes(of: row).withUnsafeBytes(sink)
        case .blocks(let blocks):
            let bytes = [UInt8](
                unsafeUninitializedCapacity: (row.count + blocks.columns - 1) / blocks.columns
                    * blocks.byteCount
            ) { buffer, count in
                row.withUnsafeBufferPointer { blocks.store($0, into: buffer) }
                count = buffer.count
            }
            try bytes.withUnsafeBytes(sink)
        }
    }
}
