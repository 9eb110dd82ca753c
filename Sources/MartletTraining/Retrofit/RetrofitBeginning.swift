// The adapter that a retrofit goes on from.

import MartletFormats
import MartletKernels

/// An adapter of an earlier retrofit of the same weights. A retrofit that begins with it has its heads and low-rank parts, and
/// its compression to grow from; nothing of its optimiser.
struct RetrofitBeginning {
    private let file: AdapterFile
    private let directory: String
    private let card: AdapterCard
    /// The SHA-256 of its weights, by which a resumed run knows it.
    let digest: String

    /// Opens the adapter in a directory and holds it against what is to be trained.
    ///
    /// - Throws: ``TrainingError``, for the adapter of other weights, or one whose heads or parts the plan does not train.
    init(
        directory: String, of base: any TensorSource, _ known: WeightsDigest, _ plan: RetrofitPlan
    ) throws(TrainingError) {
        self.directory = directory
        do {
            file = try AdapterFile(directory: directory, of: base, digest: known)
            digest = try FileDigest.sha256(file.path)
        } catch { throw .format(error) }
        guard let card = file.card else {
            throw .invalid(
                subject: directory, got: "an adapter without \(AdapterCard.name)",
                expected: "that of a retrofit, which has heads that mark tokens")
        }
        self.card = card
        try check(plan)
    }

    private func check(_ plan: RetrofitPlan) throws(TrainingError) {
        var alike = plan
        // A window is what a mark means, not what finds it: another one is learnt from there.
        do { alike.decisions.window = try card.eviction.int("window") } catch {
            throw .format(error)
        }
        for member in alike.evictionHead.members {
            let own = card.eviction.value(member.key)
            guard let own, Self.isSame(own, member.value) else {
                throw .invalid(
                    subject: "\(directory): \(member.key) of its heads",
                    got: own?.summary ?? "nothing",
                    expected: "\(member.value.summary), as this retrofit has it")
            }
        }
        guard (card.rank ?? 0) == plan.lowRank else {
            throw .invalid(
                subject: "\(directory): rank of its low-rank parts", got: "\(card.rank ?? 0)",
                expected: "\(plan.lowRank), as --rank says")
        }
        guard plan.target >= card.ratio.asked else {
            throw .invalid(
                subject: "target compression ratio", got: "\(plan.target)",
                expected:
                    "\(card.ratio.asked) or more, which \(directory) has been trained for: marks are taught, not taken back"
            )
        }
    }

    /// The compression that it was trained for.
    var ratio: Double { card.ratio.asked }

    /// Puts what it learnt in place of first values.
    ///
    /// - Throws: ``TrainingError/format(_:)`` for a tensor that is not trained here, and for one that is and is not in it.
    func fill(_ student: TrainableModel) throws(TrainingError) {
        var left = Dictionary(uniqueKeysWithValues: student.trained.map { ($0.name, $0) })
        func set(
            _ parameter: Parameter?, _ entry: TensorEntry, times scale: Float = 1
        ) throws(FormatError) {
            guard let parameter, left.removeValue(forKey: parameter.name) != nil else {
                throw .malformedTensor(
                    file: file.path, tensor: entry.name, field: "name", got: entry.name,
                    expected: "a tensor that this retrofit trains")
            }
            try entry.check(shape: parameter.shape)
            for (place, number) in try AdapterFile.numbers(entry).enumerated() {
                parameter.values[place] = number * scale
            }
        }
        do throws(FormatError) {
            for (name, entry) in file.added { try set(left[name], entry) }
            for (name, pair) in file.pairs {
                let part = student.lowRank?[name]
                try set(part?.down, pair.first)
                try set(part?.up, pair.second, times: pair.scale)
            }
            if let missing = left.keys.min() {
                throw .missingTensor(path: file.path, tensor: missing)
            }
        } catch { throw .format(error) }
    }

    /// Whether two values say the same: 10 and 10.0 do.
    private static func isSame(_ a: JSONValue, _ b: JSONValue) -> Bool {
        if let a = a.doubleValue, let b = b.doubleValue { return a == b }
        return a == b
    }

    /// What the card of the next adapter says of it: its digest, and how it was trained itself.
    var facts: JSONValue {
        ["weights": .string(digest), "training": card.file.value("training") ?? .null]
    }
}
