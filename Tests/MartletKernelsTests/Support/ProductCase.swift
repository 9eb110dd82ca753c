// One weight matrix and the rows it is multiplied with, in memory with guarded edges.

import CMartletKernels
import Foundation

@testable import MartletKernels

/// Packed weights, activations and their quantised form, laid out as the product kernel takes them.
final class ProductCase {
    let type: WeightType
    let channels: Int
    let columns: Int
    let rows: Int
    let bias: [Float]
    let panelCount: Int
    let panelBytes: Int
    let panels: EdgeBuffer<UInt8>
    private let strided: EdgeBuffer<Float>
    private let xStride: Int
    private let blocks: Int
    private let quants: EdgeBuffer<Int8>
    private let scales: EdgeBuffer<Float>
    private let sums: EdgeBuffer<Int32>
    private let biasBuffer: EdgeBuffer<Float>

    /// `channels` counts true output channels in panel order.
    init(_ type: WeightType, channels: Int, columns: Int, rows: Int, seed: UInt64) {
        var random = CounterRandom(seed: seed, stream: UInt64(channels * 10_000 + columns))
        (self.type, self.channels, self.columns, self.rows) = (type, channels, columns, rows)
        panelCount = (channels + 15) / 16
        panelBytes = mk_panel_bytes(type.code, Int32(columns))
        panels = EdgeBuffer(count: panelCount * panelBytes, alignment: 64)
        for panel in 0..<panelCount {
            let count = min(16, channels - panel * 16)
            if let stored = StoredBlocks.allCases.first(where: { $0.weightType == type }),
                WeightType.stored.contains(type)
            {
                let bytes = (columns + stored.columns - 1) / stored.columns * stored.byteCount
                let row = EdgeBuffer(
                    (0..<count).flatMap { _ in
                        stored.random(bytes / stored.byteCount, &random)
                    })
                let starts = (0..<count).map { UnsafePointer(row.base) + $0 * bytes }
                guard let code = mk_stored(rawValue: .init(stored.rawValue)) else { continue }
                mk_pack_stored(
                    code, starts, Int32(count), Int32(columns), panels.base + panel * panelBytes)
                continue
            }
            if WeightType.stored.contains(type), let width = type.groupColumns {
                let groups = (columns + width - 1) / width
                let mask: UInt8 = type == .fp8 ? 0xBF : 15  // no NaN among floats
                let codes = EdgeBuffer(
                    (0..<count * columns).map { _ in
                        UInt8(truncatingIfNeeded: random.next()) & mask
                    })
                let scales = EdgeBuffer(random.floats(count * groups, magnitude: 0.01))
                let zeros = EdgeBuffer((0..<count * groups).map { _ in UInt8(random.below(17)) })
                mk_pack_grouped(
                    type.code, codes.base, scales.base, zeros.base, Int32(count), Int32(columns),
                    panels.base + panel * panelBytes)
                continue
            }
            let weights = EdgeBuffer(random.floats(count * columns))
            mk_pack_panel(
                type.code, weights.base, columns, Int32(count), Int32(columns),
                panels.base + panel * panelBytes)
        }
        bias = random.floats(channels)
        biasBuffer = EdgeBuffer(bias)
        xStride = columns + 3
        strided = EdgeBuffer(count: (rows - 1) * xStride + columns)
        blocks = (columns + 31) / 32
        quants = EdgeBuffer(count: rows * blocks * 32)
        scales = EdgeBuffer(count: rows * blocks)
        sums = EdgeBuffer(count: rows * blocks * 2)
        for i in 0..<strided.count { strided.base[i] = random.signedUnit() }
        guard type.quantisesActivations else { return }
        // Equal to the reference on every set: ElementwiseTests.quantisation.
        let quantise = KernelSet(.portable).table.pointee.quantise
        for row in 0..<rows {
            quantise(
                strided.base + row * xStride, Int32(columns), quants.base + row * blocks * 32,
                scales.base + row * blocks, sums.base + row * blocks * 2)
        }
    }

    /// Weights of one channel as the products see them, by the plain definition of the layout.
    func weights(_ channel: Int, padded: Bool = false) -> [Float] {
        let from = channel / 16 * panelBytes
        let panel = UnsafeRawBufferPointer(rebasing: panels.bytes[from..<from + panelBytes])
        let isPadded = padded && type.quantisesActivations
        return (0..<(isPadded ? (columns + 31) & ~31 : columns)).map {
            type.layout.weight(panel: panel, lane: channel % 16, column: $0)
        }
    }

    /// The activations of one row as the products see them.
    func activations(_ row: Int) -> [Double] {
        let x = (0..<columns).map { strided.base[row * xStride + $0] }
        guard type.quantisesActivations else { return x.map(Double.init) }
        return Reference.dequantise(Reference.quantise(x), count: columns)
    }

    /// Runs the kernel on some rows and panels; row `rows.lowerBound` goes to the start of `out`.
    func run(
        _ set: InstructionSet, rows: Range<Int>, panels range: Range<Int>, bias: Bool = false,
        epilogue: mk_epilogue = .store, channels: Int? = nil, out: UnsafeMutablePointer<Float>,
        outStride: Int
    ) {
        let first = rows.lowerBound
        var work = mk_matmul(
            weights: panels.base, panel_bytes: panelBytes, panel_begin: Int32(range.lowerBound),
            panel_end: Int32(range.upperBound), channels: Int32(channels ?? self.channels),
            columns: Int32(columns), rows: Int32(rows.count), type: type.code, epilogue: epilogue,
            x: strided.base + first * xStride, x_stride: xStride,
            x_quants: quants.base + first * blocks * 32, x_scales: scales.base + first * blocks,
            x_sums: sums.base + first * blocks * 2, x_blocks: blocks,
            bias: bias ? UnsafePointer(biasBuffer.base) : nil, out: out, out_stride: outStride)
        KernelSet(set).table.pointee.matmul(&work)
    }
}
