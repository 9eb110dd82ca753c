// Adapters beside the weights, which some rows of a step have and others have not: low-rank parts, and heads that mark
// tokens.

import CMartletKernels
import MartletFormats
import MartletKernels

/// The product of a layer to which an adapter may add: that of these roles' matrices, one after another.
struct LinearSite: Hashable, Sendable {
    let layer: Int
    /// The first of its roles.
    let role: TensorRole
}

/// An adapter in memory. A row that has it gets y + scale · B (A x) for y, and the marks of its heads, whatever other
/// rows have.
package final class LiveAdapter: Sendable {
    /// What is added to some outputs of a product.
    struct Update: Sendable {
        /// A: `[rank][inputs]`.
        let down: PackedMatrix
        /// scale · B: `[outputs][rank]`.
        let up: PackedMatrix
        /// The first of the outputs.
        let offset: Int
    }

    /// The name that requests choose it by.
    package let name: String
    let updates: [LinearSite: [Update]]
    /// The largest rank.
    let rank: Int
    /// By layer: what marks tokens; empty in one that does not.
    let heads: [EvictionHead]
    /// Tokens for each slot of the cache that its heads were trained for; 1 without heads.
    package let compressionRatio: Double

    /// The head of a layer; nil in an adapter that marks nothing.
    func head(layer: Int) -> EvictionHead? { heads.isEmpty ? nil : heads[layer] }

    /// What its heads are; nil in one that has none.
    package var evictionHead: EvictionHeadShape? { heads.first?.shape }

    /// Bytes of its matrices and vectors.
    package var byteCount: Int {
        updates.values.joined().reduce(0) { $0 + $1.down.byteCount + $1.up.byteCount }
            + heads.reduce(0) { $0 + $1.byteCount }
    }

    /// Opens the adapter of a directory for a model.
    ///
    /// - Throws: ``ModelError`` for an adapter that is damaged, belongs to another model, or changes what is not a
    ///   product of a layer.
    init(
        name: String, directory: String, plan: DecoderPlan, tensors: any TensorSource,
        digest: WeightsDigest, pool: WorkerPool
    ) throws(ModelError) {
        self.name = name
        let file: AdapterFile
        do { file = try AdapterFile(directory: directory, of: tensors, digest: digest) } catch {
            throw .format(error)
        }
        heads = try Self.heads(of: file, plan: plan, tensors: tensors, pool: pool)
        compressionRatio = file.card?.ratio.asked ?? 1
        var pairs = file.pairs
        let names = StoredNames(plan, contains: tensors.contains)
        let groups: [[TensorRole]] =
            [[.query, .key, .value], [.output]]
            + (plan.table.has(.gate) ? [[.gate, .up], [.down]] : [[.up], [.down]])
        var updates: [LinearSite: [Update]] = [:]
        for layer in plan.shape.layers.indices {
            for group in groups where group.allSatisfy(plan.table.has) {
                var offset = 0
                for role in group {
                    let row = plan.table[role]
                    let span = plan.span(of: role, in: row, layer: layer)
                    let target = names.name(row, layer: layer) + ".weight"
                    // A tensor of several roles is met at the first of them.
                    if span.lowerBound == 0, let pair = pairs.removeValue(forKey: target) {
                        updates[LinearSite(layer: layer, role: group[0]), default: []].append(
                            try Self.update(
                                pair, offset: offset,
                                sources: row.roles.flatMap { role in
                                    let order = plan.order(of: role, in: row, layer: layer)
                                    return plan.span(of: role, in: row, layer: layer).map {
                                        order?.stored($0) ?? $0
                                    }
                                }, pool: pool))
                    }
                    offset += span.count
                }
            }
        }
        if let other = (Array(pairs.keys) + Array(file.replaced.keys)).min() {
            throw .unsupported(
                file: file.path, key: "an update of \(other)", got: "there",
                expected:
                    "updates of attention and feed-forward products alone, for an adapter that "
                    + "requests choose; merge this one (one adapter, without a name)")
        }
        self.updates = updates
        rank = updates.values.joined().reduce(1) { max($0, $1.down.channels) }
    }

    /// - Parameter sources: the stored output channel that each of the product's channels is.
    private static func update(
        _ pair: AdapterFile.Pair, offset: Int, sources: [Int], pool: WorkerPool
    ) throws(ModelError) -> Update {
        let first: [Float]
        var second: [Float]
        do throws(FormatError) {
            (first, second) = (
                try AdapterFile.numbers(pair.first), try AdapterFile.numbers(pair.second)
            )
        } catch { throw .format(error) }
        // The matrix was checked against the model's, whose own shape is checked later.
        guard sources.count * pair.rank == second.count else {
            throw .format(
                .shapeMismatch(
                    file: pair.second.file.path, tensor: pair.second.name, got: pair.second.shape,
                    expected: [sources.count, pair.rank]))
        }
        for index in second.indices { second[index] *= pair.scale }
        second = sources.flatMap { second[$0 * pair.rank..<($0 + 1) * pair.rank] }
        return Update(
            down: try packed(first, rows: pair.rank, pool),
            up: try packed(second, rows: second.count / pair.rank, pool), offset: offset)
    }

    static func packed(
        _ values: [Float], rows: Int, _ pool: WorkerPool
    ) throws(ModelError) -> PackedMatrix {
        let columns = values.count / rows
        do {
            return try PackedMatrix(type: .f32, channels: rows, columns: columns, pool: pool) {
                panel, out in
                let count = min(16, rows - panel * 16)
                for index in 0..<count * columns {
                    out[index] = values[panel * 16 * columns + index]
                }
                return count
            }
        } catch { throw .kernel(error) }
    }
}

/// Consecutive rows of a step that have an adapter.
struct AdaptedRows {
    let adapter: LiveAdapter
    let first: Int
    var count: Int
}

extension StepRows {
    /// Adds what adapters of these rows add to a product's outputs. Each row's sums are its own, in one order.
    func adapt(
        _ site: LinearSite, _ activation: Activation, out: UnsafeMutablePointer<Float>,
        outStride: Int
    ) {
        for span in step.adaptedRows {
            let begin = max(first, span.first)
            let end = min(first + count, span.first + span.count)
            guard begin < end, let updates = span.adapter.updates[site] else { continue }
            let rows = StepRows(step: step, first: begin, count: end - begin, isStrip: isStrip)
            var input = activation
            input.x += (begin - first) * activation.stride
            let width = step.lowRankWidth
            var inner = activation
            (inner.x, inner.stride) = (UnsafePointer(step.lowRank + begin * width), width)
            for update in updates {
                rows.multiply(
                    update.down, input, bias: nil, out: step.lowRank, outStride: width,
                    epilogue: .store)
                rows.multiply(
                    update.up, inner, bias: nil, out: out + update.offset, outStride: outStride,
                    epilogue: .add)
            }
        }
    }
}
