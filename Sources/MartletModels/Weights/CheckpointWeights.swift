// Weights from a checkpoint, packed tensor by tensor.

import MartletFormats
import MartletKernels

/// Binds the names of a family to the tensors of a checkpoint.
struct CheckpointWeights: WeightSource {
    let tensors: any TensorSource
    /// How matrices are packed; nil keeps the numbers that are stored.
    let type: WeightType?
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

    func areStoredAlike(_ names: [String]) -> Bool {
        Set(names.map { (try? tensors.find($0))??.naturalPacking }).count == 1
    }

    func matrices(_ parts: [MatrixPart], columns: Int, layout: PanelLayout, type: WeightType?)
        throws(ModelError) -> [PackedMatrix]
    {
        var sources: [Source] = []
        for part in parts {
            let stored = part.storedRows ?? part.rows
            let shape = part.isTransposed ? [columns, stored] : [stored, columns]
            do {
                sources.append((part, try tensors.requireTensor(part.name, shape: shape)))
            } catch {
                throw .format(error)
            }
        }
        if let type { return [try matrix(sources, columns: columns, layout: layout, type: type)] }
        // Runs of tensors that are stored alike.
        var runs: [[Source]] = []
        for source in sources {
            if runs.last?[0].entry.naturalPacking == source.entry.naturalPacking {
                runs[runs.count - 1].append(source)
            } else {
                runs.append([source])
            }
        }
        precondition(
            layout == .stacked || runs.count == 1,
            "CheckpointWeights: \(parts.map(\.name)) are stored in several types")
        var matrices: [PackedMatrix] = []
        for run in runs {
            switch run[0].entry.naturalPacking {
            case .blocks(let blocks) where !run[0].part.isTransposed:
                matrices.append(try matrix(run, columns: columns, layout: layout, blocks: blocks))
            case .blocks:
                matrices.append(try matrix(run, columns: columns, layout: layout, type: .f32))
            case .groups(let type) where !run[0].part.isTransposed:
                matrices.append(try matrix(run, columns: columns, layout: layout, groups: type))
            case .groups:
                matrices.append(try matrix(run, columns: columns, layout: layout, type: .f32))
            case .floats(let type):
                matrices.append(try matrix(run, columns: columns, layout: layout, type: type))
            }
        }
        return matrices
    }

    private typealias Source = (part: MatrixPart, entry: TensorEntry)

    /// The stored rows of a panel: of which source, and which.
    private static func rows(
        _ panel: Int, of sources: [Source], channels: Int, layout: PanelLayout
    ) -> [(source: Int, rows: Range<Int>)] {
        if layout == .paired {
            let first = panel / 2 * 16
            let count = min(16, sources[panel % 2].part.rows - first)
            return [(panel % 2, first..<first + count)]
        }
        let first = panel * 16
        let end = min(first + 16, channels)
        var spans: [(source: Int, rows: Range<Int>)] = []
        var start = 0
        for (index, source) in sources.enumerated() {
            let span = max(first, start)..<max(first, start, min(end, start + source.part.rows))
            if !span.isEmpty {
                spans.append((index, span.lowerBound - start..<span.upperBound - start))
            }
            start += source.part.rows
        }
        return spans
    }

    /// Packs blocks as they are.
    private func matrix(
        _ sources: [Source], columns: Int, layout: PanelLayout, blocks: StoredBlocks
    ) throws(ModelError) -> PackedMatrix {
        let channels = sources.reduce(0) { $0 + $1.part.rows }
        let rowBytes = columns / blocks.columns * blocks.byteCount
        let packed: PackedMatrix
        do {
            packed = try PackedMatrix(
                stored: blocks, channels: channels, columns: columns,
                panelCount: layout.panelCount(sources.map(\.part)), pool: pool
            ) { panel, room in
                var starts: [UnsafePointer<UInt8>] = []
                for span in Self.rows(panel, of: sources, channels: channels, layout: layout) {
                    let source = sources[span.source]
                    for row in span.rows {
                        let place = room + starts.count * rowBytes
                        let start = source.entry.rowStart(source.part.stored(row), room: place)
                        if let start { starts.append(start) }
                    }
                }
                return starts
            }
        } catch { throw .kernel(error) }
        try finish(sources)
        return packed
    }

    /// Packs codes, scales and zero points as they are.
    private func matrix(
        _ sources: [Source], columns: Int, layout: PanelLayout, groups type: WeightType
    ) throws(ModelError) -> PackedMatrix {
        let channels = sources.reduce(0) { $0 + $1.part.rows }
        let width = type.groupColumns ?? columns
        let packed: PackedMatrix
        do {
            packed = try PackedMatrix(
                grouped: type, channels: channels, columns: columns,
                panelCount: layout.panelCount(sources.map(\.part)), pool: pool
            ) { panel, rows in
                var done = 0
                for span in Self.rows(panel, of: sources, channels: channels, layout: layout) {
                    let source = sources[span.source]
                    let first = span.rows.lowerBound + source.part.offset
                    source.entry.grouped?.copy(
                        rows: first..<first + span.rows.count, groupColumns: width,
                        into: rows.from(done))
                    done += span.rows.count
                }
                return done
            }
        } catch { throw .kernel(error) }
        try finish(sources)
        return packed
    }

    /// Lets the files' pages go, which have been read once and are not needed again.
    private func finish(_ sources: [Source]) throws(ModelError) {
        for source in sources { source.entry.releaseResident() }
        do throws(FormatError) {
            for source in sources { try source.entry.checkIntact() }
        } catch { throw .format(error) }
    }

    /// Packs weights as one type.
    private func matrix(
        _ sources: [Source], columns: Int, layout: PanelLayout, type: WeightType
    ) throws(ModelError) -> PackedMatrix {
        let channels = sources.reduce(0) { $0 + $1.part.rows }
        let packed: PackedMatrix
        do {
            packed = try PackedMatrix(
                type: type, channels: channels, columns: columns,
                panelCount: layout.panelCount(sources.map(\.part)), pool: pool
            ) { panel, rows in
                var done = 0
                for span in Self.rows(panel, of: sources, channels: channels, layout: layout) {
                    let source = sources[span.source]
                    Self.copy(
                        source.entry, source.part, rows: span.rows, columns,
                        UnsafeMutableBufferPointer(rebasing: rows[(done * columns)...]))
                    done += span.rows.count
                }
                return done
            }
        } catch { throw .kernel(error) }
        try finish(sources)
        return packed
    }

    /// Converts stored rows (columns, when transposed) to rows of floats. Shapes and types were checked.
    private static func copy(
        _ entry: TensorEntry, _ part: MatrixPart, rows: Range<Int>, _ columns: Int,
        _ out: UnsafeMutableBufferPointer<Float>
    ) {
        let from = rows.lowerBound + part.offset
        if let order = part.order {
            precondition(!part.isTransposed, "CheckpointWeights: \(part.name) in order \(order)")
            for (place, row) in rows.enumerated() {
                let start = part.stored(row) * columns
                StoredFloats.copy(
                    entry, start..<start + columns,
                    UnsafeMutableBufferPointer(
                        rebasing: out[place * columns..<(place + 1) * columns]))
            }
            return
        }
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
        guard entry.stored == nil, entry.grouped == nil, entry.rowOrder == nil, entry.term == 0,
            entry.strides == nil
        else {
            do { try entry.copyFloats(of: elements, into: out) } catch {
                preconditionFailure("StoredFloats: \(error)")  // the type was checked when bound
            }
            return
        }
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

/// What keeps a tensor's stored numbers.
enum NaturalPacking: Hashable {
    case floats(WeightType)
    case blocks(StoredBlocks)
    case groups(WeightType)
}

extension TensorEntry {
    /// How it is packed where nothing else is asked for: blocks as they are, 16-bit floats as they are, all else as f32.
    var naturalPacking: NaturalPacking {
        // An adapter's sum lies on no grid.
        if let stored, !isAdapted { return .blocks(stored) }
        if let type = grouped?.weightType, !isAdapted { return .groups(type) }
        guard holdsNumbers else { return .floats(.f32) }
        return .floats(dtype == .bf16 ? .bf16 : dtype == .f16 ? .f16 : .f32)
    }
}
