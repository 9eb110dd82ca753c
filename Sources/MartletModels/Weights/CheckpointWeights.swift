// Weights from a checkpoint, packed tensor by tensor.

import MartletFormats
import MartletKernels

/// Binds the names of a family to the tensors of a checkpoint.
struct CheckpointWeights: WeightSource {
    let tensors: any TensorSource
    let type: WeightType
    let pool: WorkerPool

    func contains(_ name: String) -> Bool { tensors.contains(name) }

    func vector(_ name: String, count: Int) throws(ModelError) -> WeightVector {
        try vectors([(name, count)])
    }

    func vectors(_ parts: [(name: String, count: Int)]) throws(ModelError) -> WeightVector {
        var values: [Float] = []
        for part in parts {
            do {
                let entry = try tensors.requireTensor(part.name, shape: [part.count])
                values += try entry.floats()
            } catch { throw .format(error) }
        }
        return try WeightVector(values)
    }

    func table(_ name: String, rows: Int, columns: Int) throws(ModelError) -> WeightVector {
        do {
            return try WeightVector(
                try tensors.requireTensor(name, shape: [rows, columns]).floats())
        } catch let error as FormatError {
            throw .format(error)
        } catch let error as ModelError {
            throw error
        } catch {
            preconditionFailure("CheckpointWeights: unexpected \(error)")
        }
    }

    func embedding(_ name: String, rows: Int, columns: Int) throws(ModelError) -> EmbeddingTable {
        do { return .stored(try tensors.requireTensor(name, shape: [rows, columns])) } catch {
            throw .format(error)
        }
    }

    func matrix(_ parts: [MatrixPart], columns: Int, layout: PanelLayout, type other: WeightType?)
        throws(ModelError) -> PackedMatrix
    {
        var sources: [(part: MatrixPart, entry: TensorEntry)] = []
        for part in parts {
            let stored = part.storedRows ?? part.rows
            let shape = part.isTransposed ? [columns, stored] : [stored, columns]
            do {
                sources.append((part, try tensors.requireTensor(part.name, shape: shape)))
            } catch {
                throw .format(error)
            }
        }
        let channels = parts.reduce(0) { $0 + $1.rows }
        let packed: PackedMatrix
        do {
            let matrix = try PackedMatrix(
                type: other ?? type, channels: channels, columns: columns,
                panelCount: layout.panelCount(parts),
                pool: pool
            ) { panel, rows in
                switch layout {
                case .paired:
                    let source = sources[panel % 2]
                    let first = panel / 2 * 16
                    let count = min(16, source.part.rows - first)
                    Self.copy(source.entry, source.part, rows: first..<first + count, columns, rows)
                    return count
                case .stacked:
                    let first = panel * 16
                    let count = min(16, channels - first)
                    var done = 0
                    var start = 0
                    for source in sources {
                        let from = max(first + done, start) - start
                        let to = min(first + count, start + source.part.rows) - start
                        start += source.part.rows
                        guard from < to, done < count else { continue }
                        Self.copy(
                            source.entry, source.part, rows: from..<to, columns,
                            UnsafeMutableBufferPointer(rebasing: rows[(done * columns)...]))
                        done += to - from
                    }
                    return count
                }
            }
            // The file's pages have been read once and are not needed again.
            for source in sources { source.entry.releaseResident() }
            packed = matrix
        } catch { throw .kernel(error) }
        do throws(FormatError) {
            for source in sources { try source.entry.checkIntact() }
        } catch { throw .format(error) }
        return packed
    }

    /// Converts stored rows (columns, when transposed) to rows of floats. Shapes and types were checked.
    private static func copy(
        _ entry: TensorEntry, _ part: MatrixPart, rows: Range<Int>, _ columns: Int,
        _ out: UnsafeMutableBufferPointer<Float>
    ) {
        let from = rows.lowerBound + part.offset
        if !part.isTransposed {
            let elements = from * columns..<(from + rows.count) * columns
            StoredFloats.copy(
                entry, elements,
                UnsafeMutableBufferPointer(rebasing: out[..<(rows.count * columns)]))
            return
        }
        let stored = part.storedRows ?? part.rows
        withUnsafeTemporaryAllocation(of: Float.self, capacity: rows.count) { line in
            for column in 0..<columns {
                let start = column * stored + from
                StoredFloats.copy(entry, start..<start + rows.count, line)
                for row in 0..<rows.count { out[row * columns + column] = line[row] }
            }
        }
    }
}

/// Stored elements as floats, converted in C: this is what packing a large model waits for.
enum StoredFloats {
    static func copy(
        _ entry: TensorEntry, _ elements: Range<Int>, _ out: UnsafeMutableBufferPointer<Float>
    ) {
        let size = entry.dtype.byteCount
        let bytes = UnsafeRawBufferPointer(
            rebasing: entry.bytes[elements.lowerBound * size..<elements.upperBound * size])
        // Files may pack tensors without padding; only an aligned start can be read as elements.
        let isAligned = Int(bitPattern: bytes.baseAddress) % size == 0
        switch entry.dtype {
        case .f16 where isAligned && entry.isPlain:
            Half.toFloats(bytes.bindMemory(to: UInt16.self), out)
        case .bf16 where isAligned && entry.isPlain:
            Half.bfloatsToFloats(bytes.bindMemory(to: UInt16.self), out)
        default:
            do { try entry.copyFloats(of: elements, into: out) } catch {
                preconditionFailure("StoredFloats: \(error)")  // the type was checked when bound
            }
        }
    }
}
