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
    /// What is added to a product.
    struct Update: Sendable {
        /// The A of all its parts, one after another: `[ranks][inputs]`.
        let down: ThinRows
        let parts: [Part]
    }

    /// What is added to some outputs of a product.
    struct Part: Sendable {
        /// scale · B: `[outputs][rank]`.
        let up: PackedMatrix
        /// The first of its rows of A.
        let first: Int
        /// The first of the outputs.
        let offset: Int
    }

    /// The name that requests choose it by.
    package let name: String
    let updates: [LinearSite: Update]
    /// What the matrices of few rows lie in: those of A and of heads.
    private let thin: ThinPanels.Packed
    /// The most inner products of a row at once.
    var lowRankWidth: Int { thin.width }
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
        thin.byteCount
            + updates.values.reduce(0) { $1.parts.reduce($0) { $0 + $1.up.byteCount } }
            + heads.reduce(0) { $0 + $1.vectorBytes }
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
        compressionRatio = file.card?.ratio.asked ?? 1
        var panels = ThinPanels()
        let marking = try MarkingHeads(file, plan: plan, tensors: tensors, panels: &panels)
        var pairs = file.pairs
        let names = StoredNames(plan, contains: tensors.contains)
        let groups: [[TensorRole]] =
            [[.query, .key, .value], [.output]]
            + (plan.table.has(.gate) ? [[.gate, .up], [.down]] : [[.up], [.down]])
        var stacks: [LinearSite: (down: ThinPanels.Place, parts: [Part])] = [:]
        for layer in plan.shape.layers.indices {
            for group in groups where group.allSatisfy(plan.table.has) {
                var offset = 0
                var (rows, rank): ([Float], Int) = ([], 0)
                var parts: [Part] = []
                for role in group {
                    let row = plan.table[role]
                    let span = plan.span(of: role, in: row, layer: layer)
                    let target = names.name(row, layer: layer) + ".weight"
                    // A tensor of several roles is met at the first of them.
                    if span.lowerBound == 0, let pair = pairs.removeValue(forKey: target) {
                        let sources = row.roles.flatMap { role in
                            let order = plan.order(of: role, in: row, layer: layer)
                            return plan.span(of: role, in: row, layer: layer).map {
                                order?.stored($0) ?? $0
                            }
                        }
                        parts.append(
                            Part(
                                up: try Self.up(pair, sources: sources, pool: pool), first: rank,
                                offset: offset))
                        rows += try Self.numbers(pair.first)
                        rank += pair.rank
                    }
                    offset += span.count
                }
                guard rank > 0 else { continue }
                stacks[LinearSite(layer: layer, role: group[0])] = (
                    panels.add(rows, columns: rows.count / rank), parts
                )
            }
        }
        if let other = (Array(pairs.keys) + Array(file.replaced.keys)).min() {
            throw .unsupported(
                file: file.path, key: "an update of \(other)", got: "there",
                expected:
                    "updates of attention and feed-forward products alone, for an adapter that "
                    + "requests choose; merge this one (one adapter, without a name)")
        }
        let thin = try panels.packed(pool)
        self.thin = thin
        updates = stacks.mapValues { Update(down: thin[$0.down], parts: $0.parts) }
        heads = try marking.heads(in: thin)
    }

    /// The numbers of a tensor of its file.
    private static func numbers(_ entry: TensorEntry) throws(ModelError) -> [Float] {
        do { return try AdapterFile.numbers(entry) } catch { throw .format(error) }
    }

    /// Packs scale · B.
    ///
    /// - Parameter sources: the stored output channel that each of the product's channels is.
    private static func up(
        _ pair: AdapterFile.Pair, sources: [Int], pool: WorkerPool
    ) throws(ModelError) -> PackedMatrix {
        let rank = pair.rank
        let stored = try numbers(pair.second)
        // The matrix was checked against the model's, whose own shape is checked later.
        guard sources.count * rank == stored.count else {
            throw .format(
                .shapeMismatch(
                    file: pair.second.file.path, tensor: pair.second.name, got: pair.second.shape,
                    expected: [sources.count, rank]))
        }
        let values = sources.flatMap { source in
            stored[source * rank..<(source + 1) * rank].map { $0 * pair.scale }
        }
        return try PackedMatrix(values, rows: sources.count, pool)
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
            guard begin < end, let update = span.adapter.updates[site] else { continue }
            let rows = StepRows(step: step, first: begin, count: end - begin, strip: strip)
            var input = activation
            input.x += (begin - first) * activation.stride
            let products = update.down.multiply(rows, input)
            var inner = activation
            inner.stride = step.lowRankWidth
            for part in update.parts {
                inner.x = UnsafePointer(products + part.first)
                rows.multiply(
                    part.up, inner, bias: nil, out: out + part.offset, outStride: outStride,
                    epilogue: .add)
            }
        }
    }
}
