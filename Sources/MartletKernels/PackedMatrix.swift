// A weight matrix repacked once at load, so that lanes are output channels.

import CMartletKernels

/// Weights `[channels][columns]` in panels of 16 output channels.
///
/// One layout serves one row and many rows; see `internal.h` of the kernels for the bytes.
/// Unchecked: written only inside `init`, read-only afterwards.
package final class PackedMatrix: @unchecked Sendable {
    /// Representation of the weights.
    package let type: WeightType
    /// Outputs.
    package let channels: Int
    /// Inputs.
    package let columns: Int
    /// Panels of 16 outputs, the last one possibly padded.
    package let panelCount: Int
    package let panelBytes: Int
    private let storage: AlignedBuffer<UInt8>

    /// Bytes held by the packed weights.
    package var byteCount: Int { panelCount * panelBytes }

    /// Packs `panelCount` panels. `source(panel, rows)` writes the rows of one panel that are not
    /// padding, each of `columns` floats, one after another, and returns their number (1...16).
    ///
    /// `source` is called from several threads at once.
    package init(
        type: WeightType, channels: Int, columns: Int, panelCount: Int? = nil, pool: WorkerPool,
        source: (_ panel: Int, _ rows: UnsafeMutableBufferPointer<Float>) -> Int
    ) throws(KernelError) {
        precondition(channels > 0 && columns > 0, "PackedMatrix: empty \(channels) x \(columns)")
        self.type = type
        self.channels = channels
        self.columns = columns
        let panels = panelCount ?? (channels + 15) / 16
        self.panelCount = panels
        let panelBytes = mk_panel_bytes(type.code, Int32(columns))
        self.panelBytes = panelBytes
        storage = try AlignedBuffer(count: panels * panelBytes, purpose: "packed weights")
        let scratch = try AlignedBuffer<Float>(
            count: pool.threadCount * 16 * columns, purpose: "packing weights")
        let base = storage.base
        let rows = scratch.base
        pool.run(panels) { panel, worker in
            let part = UnsafeMutableBufferPointer(
                start: rows + worker * 16 * columns, count: 16 * columns)
            let count = source(panel, part)
            mk_pack_panel(
                type.code, part.baseAddress!, columns, Int32(count), Int32(columns),
                base + panel * panelBytes)
        }
    }

    /// Packs blocks of a file as they are, integer for integer.
    ///
    /// - Parameter source: where the rows of a panel begin that are not padding, 1...16; called from several threads at
    ///   once.
    package init(
        stored: StoredBlocks, channels: Int, columns: Int, panelCount: Int? = nil, pool: WorkerPool,
        source: (_ panel: Int, _ room: UnsafeMutablePointer<UInt8>) -> [UnsafePointer<UInt8>]
    ) throws(KernelError) {
        precondition(channels > 0 && columns > 0, "PackedMatrix: empty \(channels) x \(columns)")
        type = stored.weightType
        self.channels = channels
        self.columns = columns
        let panels = panelCount ?? (channels + 15) / 16
        self.panelCount = panels
        let panelBytes = mk_panel_bytes(type.code, Int32(columns))
        self.panelBytes = panelBytes
        storage = try AlignedBuffer(count: panels * panelBytes, purpose: "packed weights")
        let rowBytes = columns / stored.columns * stored.byteCount
        let rooms = try AlignedBuffer<UInt8>(
            count: pool.threadCount * 16 * rowBytes, purpose: "packing")
        let (base, room) = (storage.base, rooms.base)
        pool.run(panels) { panel, worker in
            let rows = source(panel, room + worker * 16 * rowBytes)
            stored.pack(rows, columns: columns, panel: base + panel * panelBytes)
        }
    }

    /// Packs the stored numbers of a quantised model as they are.
    ///
    /// - Parameters:
    ///   - type: one with ``WeightType/groupColumns``.
    ///   - source: writes the codes, scales and zero points of a panel's rows that are not padding, each row's after
    ///     another's, and returns the number of rows, 1...16; called from several threads at once.
    package init(
        grouped type: WeightType, channels: Int, columns: Int, panelCount: Int? = nil,
        pool: WorkerPool, source: (_ panel: Int, _ rows: GroupedRows) -> Int
    ) throws(KernelError) {
        precondition(channels > 0 && columns > 0, "PackedMatrix: empty \(channels) x \(columns)")
        guard let width = type.groupColumns else {
            preconditionFailure("PackedMatrix: \(type) has no groups")
        }
        self.type = type
        self.channels = channels
        self.columns = columns
        let panels = panelCount ?? (channels + 15) / 16
        self.panelCount = panels
        let panelBytes = mk_panel_bytes(type.code, Int32(columns))
        self.panelBytes = panelBytes
        storage = try AlignedBuffer(count: panels * panelBytes, purpose: "packed weights")
        let groups = (columns + width - 1) / width
        let threads = pool.threadCount
        let codes = try AlignedBuffer<UInt8>(count: threads * 16 * columns, purpose: "packing")
        let scales = try AlignedBuffer<Float>(count: threads * 16 * groups, purpose: "packing")
        let zeros = try AlignedBuffer<UInt8>(count: threads * 16 * groups, purpose: "packing")
        let (base, code, scale, zero) = (storage.base, codes.base, scales.base, zeros.base)
        pool.run(panels) { panel, worker in
            let rows = GroupedRows(
                codes: code + worker * 16 * columns, scales: scale + worker * 16 * groups,
                zeros: zero + worker * 16 * groups, columns: columns, groups: groups)
            let count = source(panel, rows)
            mk_pack_grouped(
                type.code, rows.codes, rows.scales, rows.zeros, Int32(count), Int32(columns),
                base + panel * panelBytes)
        }
    }

    /// A matrix of random weights of about the magnitude `1 / sqrt(columns)`, for measuring speed.
    ///
    /// Quantised blocks are filled with random integers directly, which is what makes a model of a
    /// billion parameters ready in seconds.
    package init(
        randomOf type: WeightType, channels: Int, columns: Int, panelCount: Int? = nil,
        seed: UInt64,
        pool: WorkerPool
    ) throws(KernelError) {
        precondition(channels > 0 && columns > 0, "PackedMatrix: empty \(channels) x \(columns)")
        self.type = type
        self.channels = channels
        self.columns = columns
        let panels = panelCount ?? (channels + 15) / 16
        self.panelCount = panels
        let panelBytes = mk_panel_bytes(type.code, Int32(columns))
        self.panelBytes = panelBytes
        storage = try AlignedBuffer(count: panels * panelBytes, purpose: "packed weights")
        let base = storage.base
        let magnitude = 1 / Float(columns).squareRoot()
        pool.run(panels) { panel, _ in
            let bytes = base + panel * panelBytes
            var random = CounterRandom(seed: seed, stream: UInt64(panel))
            RandomPanel.fill(
                type.layout, bytes: bytes, panelBytes: panelBytes, magnitude: magnitude,
                random: &random)
        }
    }

    /// The packed bytes of panel 0; panel i starts `panelBytes` further.
    package var panels: UnsafePointer<UInt8> { UnsafePointer(storage.base) }

    /// Decodes row `channel` (of the panel order) as the products see it.
    package func readRow(_ channel: Int, into out: UnsafeMutableBufferPointer<Float>) {
        precondition(channel >= 0 && channel < panelCount * 16 && out.count >= columns)
        mk_unpack_row(
            type.code, storage.base + channel / 16 * panelBytes, Int32(channel % 16),
            Int32(columns),
            out.baseAddress!)
    }
}

/// Where the stored numbers of up to 16 rows are written before they are packed.
package struct GroupedRows {
    /// `[row][columns]`.
    package let codes: UnsafeMutablePointer<UInt8>
    /// `[row][groups]`, like the zero points.
    package let scales: UnsafeMutablePointer<Float>
    package let zeros: UnsafeMutablePointer<UInt8>
    /// Inputs.
    package let columns: Int
    /// Groups of a row.
    package let groups: Int

    /// The same from a row on.
    package func from(_ row: Int) -> GroupedRows {
        GroupedRows(
            codes: codes + row * columns, scales: scales + row * groups,
            zeros: zeros + row * groups, columns: columns, groups: groups)
    }
}

extension WeightType {
    /// Inputs that share a scale and a zero point, where panels are packed from stored numbers.
    package var groupColumns: Int? {
        let columns = mk_grouped_columns(code)
        return columns > 0 ? Int(columns) : nil
    }
}
