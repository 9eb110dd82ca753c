// Weights without a file, so that speed can be measured and tests can run anywhere.

import MartletFormats
import MartletKernels

/// Random weights of sensible magnitude: norms near 1, biases small, matrices about
/// 1 / sqrt(columns). The same seed gives the same weights.
final class RandomWeights: WeightSource {
    let packing: WeightType
    var type: WeightType? { packing }
    private let pool: WorkerPool
    private let seed: UInt64

    init(type: WeightType, seed: UInt64, pool: WorkerPool) {
        packing = type
        self.seed = seed
        self.pool = pool
    }

    func contains(_ name: String) -> Bool { true }

    /// A stream for each name, so that weights do not depend on the order of loading.
    private func seed(of name: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return hash ^ seed
    }

    func vector(_ name: String, count: Int) throws(ModelError) -> WeightVector {
        try vectors([(name, count)])
    }

    func vectors(_ parts: [(name: String, count: Int)]) throws(ModelError) -> WeightVector {
        var values: [Float] = []
        for part in parts {
            var random = CounterRandom(seed: seed(of: part.name))
            let centre: Float = part.name.hasSuffix("bias") ? 0 : 1
            for _ in 0..<part.count { values.append(centre + 0.02 * random.signedUnit()) }
        }
        return try WeightVector(values)
    }

    func table(_ name: String, rows: Int, columns: Int) throws(ModelError) -> WeightVector {
        var random = CounterRandom(seed: seed(of: name))
        return try WeightVector((0..<rows * columns).map { _ in 0.1 * random.signedUnit() })
    }

    func areStoredAlike(_ names: [String]) -> Bool { true }

    func matrices(_ parts: [MatrixPart], columns: Int, layout: PanelLayout, type other: WeightType?)
        throws(ModelError) -> [PackedMatrix]
    {
        [try matrix(parts, columns: columns, layout: layout, type: other)]
    }

    private func matrix(
        _ parts: [MatrixPart], columns: Int, layout: PanelLayout, type other: WeightType? = nil
    ) throws(ModelError) -> PackedMatrix {
        do {
            return try PackedMatrix(
                randomOf: other ?? packing, channels: parts.reduce(0) { $0 + $1.rows },
                columns: columns,
                panelCount: layout.panelCount(parts), seed: seed(of: parts[0].name), pool: pool)
        } catch { throw .kernel(error) }
    }

    func embedding(_ name: String, rows: Int, columns: Int) throws(ModelError) -> EmbeddingTable {
        .packed(
            try matrix([MatrixPart(name: name, rows: rows)], columns: columns, layout: .stacked))
    }
}
