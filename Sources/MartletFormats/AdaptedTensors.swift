/// The tensors of a model with those of an adapter merged into them as they are read.

/// A model's tensors under a low-rank adapter. Nothing is copied but the adapter's own matrices.
final class AdaptedTensors: TensorSource {
    let path: String
    let files: [MappedFile]
    let entries: [TensorEntry]
    var storesOutputsFirst: Bool { base.storesOutputsFirst }
    private let base: any TensorSource
    private let replaced: [String: TensorEntry]
    private let updates: [String: LowRankUpdate]

    /// - Throws: ``FormatError`` for numbers that cannot be read or are not finite.
    init(_ base: any TensorSource, _ adapter: AdapterFile) throws(FormatError) {
        for entry in adapter.added.values { _ = try AdapterFile.numbers(entry) }
        let replaced = adapter.replaced.merging(adapter.added) { replaced, _ in replaced }
        var updates: [String: LowRankUpdate] = [:]
        for (target, pair) in adapter.pairs {
            updates[target] = try Self.update(pair, isTransposed: adapter.isTransposed)
        }
        self.base = base
        self.path = base.path
        self.replaced = replaced
        self.updates = updates
        files = base.files + [adapter.file]
        entries =
            base.entries.map { entry in
                replaced[entry.name]
                    ?? Self.updated(entry, updates[SafetensorsDirectory.plainName(entry.name)])
            } + replaced.filter { !base.contains($0.key) }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// The update of one matrix.
    private static func update(
        _ pair: AdapterFile.Pair, isTransposed: Bool
    ) throws(FormatError) -> LowRankUpdate {
        let (first, second) = (
            try AdapterFile.numbers(pair.first), try AdapterFile.numbers(pair.second)
        )
        guard isTransposed else {
            return LowRankUpdate(
                left: second, right: first, rank: pair.rank, columns: pair.first.shape[1],
                scale: pair.scale)
        }
        return LowRankUpdate(
            left: transposed(first, rows: pair.rank),
            right: transposed(second, rows: pair.second.shape[0]), rank: pair.rank,
            columns: pair.second.shape[0], scale: pair.scale)
    }

    private static func transposed(_ values: [Float], rows: Int) -> [Float] {
        let columns = values.count / rows
        return [Float](unsafeUninitializedCapacity: values.count) { out, count in
            for row in 0..<rows {
                for column in 0..<columns {
                    out[column * rows + row] = values[row * columns + column]
                }
            }
            count = values.count
        }
    }

    private static func updated(_ entry: TensorEntry, _ update: LowRankUpdate?) -> TensorEntry {
        var entry = entry
        entry.update = update
        return entry
    }

    func contains(_ name: String) -> Bool { replaced[name] != nil || base.contains(name) }

    func find(_ name: String) throws(FormatError) -> TensorEntry? {
        if let entry = replaced[name] { return entry }
        return try base.find(name).map { Self.updated($0, updates[name]) }
    }
}

extension Checkpoint {
    /// The model with the adapter of a directory merged into it: its low-rank parts into matrices, its heads beside them.
    ///
    /// - Throws: ``FormatError`` when the adapter is damaged, is of a kind that is not implemented, or belongs to
    ///   another model.
    package func adapted(by directory: String) throws(FormatError) -> Checkpoint {
        let adapter = try AdapterFile(directory: directory, of: tensors)
        var configuration = configuration
        if let card = adapter.card {
            configuration = ConfigurationFile(
                path: configuration.path,
                root: configuration.root
                    .setting("martlet_eviction", to: .object(card.eviction.root))
                    .setting("dms_cr", to: .number(card.ratio.asked)))
        }
        return Checkpoint(
            directory: self.directory, configuration: configuration, generation: generation,
            tensors: try AdaptedTensors(tensors, adapter), metadata: metadata, products: products)
    }
}
