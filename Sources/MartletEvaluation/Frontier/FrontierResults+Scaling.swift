/// A sweep's configurations as cells of a scaling law, kind of problem by kind of problem.

import Martlet

/// What the length of a law is.
public enum ScalingLength: String, Sendable, CaseIterable, Hashable {
    /// Mean tokens of a kind's prompts, at the longest limit of a chain: prompts that become longer.
    case prompt
    /// The most tokens of a chain: thought that becomes longer.
    case chain
}

extension FrontierResults {
    /// The methods of the sweep that compress, without the names of other models, in the order of the plan.
    var scaledMethods: [String] {
        var names: [String] = []
        for row in rows {
            let name = method(of: row)
            guard name != FrontierMethod.reference, name != FrontierMethod.control,
                !names.contains(name)
            else { continue }
            names.append(name)
        }
        return names
    }

    /// The codecs that rows have.
    var codecs: [String] {
        var names: [String] = []
        for row in rows where !names.contains(row.configuration.codec) {
            names.append(row.configuration.codec)
        }
        return names
    }

    /// Cells of a method and of the dense cache, one for each configuration and kind of problem.
    ///
    /// A cell's size is the weights that a token runs through, its compression what was measured on its problems: of what
    /// is held, or for a method of steps of what is read.
    ///
    /// - Parameters:
    ///   - method: its name.
    ///   - codec: how keys and values are stored.
    ///   - width: chains that vote.
    ///   - length: what a cell's length is.
    func observations(
        of method: String, codec: String, width: Int, length: ScalingLength
    ) -> [ScalingObservation] {
        var seen: Set<String> = []
        return observations(
            of: method, codec: codec, width: width, length: length, besides: &seen)
    }

    /// The same without what another sweep measured on the same problems: the dense cache of a model counts once.
    ///
    /// - Parameter seen: what was measured; it grows by what is returned.
    func observations(
        of method: String, codec: String, width: Int, length: ScalingLength,
        besides seen: inout Set<String>
    ) -> [ScalingObservation] {
        let longest = plan.lengths.max()
        return rows.flatMap { row -> [ScalingObservation] in
            let (c, name) = (row.configuration, self.method(of: row))
            guard c.codec == codec, c.width == width,
                name == method || name == FrontierMethod.reference,
                length == .chain || c.length == longest,
                let facts = models.first(where: { $0.model == c.model }),
                seen.insert(key(of: c)).inserted
            else { return [] }
            return kinds.indices.compactMap { kind in
                let problems = kindOf.indices.filter { Int(kindOf[$0]) == kind }
                return cell(row, facts, problems, kinds[kind], length)
            }
        }
    }

    /// What makes two rows the same measurement, whatever sweep they are in.
    private func key(of c: FrontierConfiguration) -> String {
        let seeds = plan.seeds.map(String.init).joined(separator: ",")
        return [
            c.model, c.policy, c.codec, "\(c.length)", "\(c.width)", plan.task, seeds,
            "\(plan.samples)", "\(plan.temperature)",
        ].joined(separator: "\u{0}")
    }

    private func cell(
        _ row: Row, _ facts: ModelFacts, _ problems: [Int], _ task: String, _ length: ScalingLength
    ) -> ScalingObservation? {
        func sum(_ column: ResultColumn) -> Double { problems.reduce(0) { $0 + column[$1] } }
        let isDense = method(of: row) == FrontierMethod.reference
        let (whole, part) =
            row.configuration.phase == .steps
            ? (row.denseReads, row.kvReads) : (row.denseTokens, row.peakTokens)
        guard !problems.isEmpty, facts.perToken > 0, isDense || whole != nil else { return nil }
        let compression = isDense ? 1 : (whole.map(sum) ?? 0) / max(sum(part), 1e-9)
        let tokens =
            length == .chain
            ? Double(row.configuration.length) : sum(facts.prompts) / Double(problems.count)
        guard compression > 0, tokens > 0 else { return nil }
        return ScalingObservation(
            task: task, size: facts.perToken / 2, length: tokens, compression: compression,
            right: problems.reduce(0) { $0 + row.scores[$1] }, problems: problems.count)
    }

    /// A row's method without the name of the other model that it ran on.
    private func method(of row: Row) -> String {
        let c = row.configuration
        let suffix = " of \(c.model.split(separator: "/").last ?? "")"
        return plan.others.contains(c.model) && c.method.hasSuffix(suffix)
            ? String(c.method.dropLast(suffix.count)) : c.method
    }
}
