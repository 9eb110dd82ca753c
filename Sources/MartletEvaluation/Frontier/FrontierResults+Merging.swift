/// The parts of a sweep that several machines measured, put together.

import Foundation
package import Martlet
import MartletFormats

extension FrontierResults {
    /// Puts the parts of one sweep together. The result is the one that a sweep without parts has, but for the seconds,
    /// which are each machine's own.
    ///
    /// - Parameter parts: results with the names by which a message calls them.
    /// - Throws: `invalidParameter` for parts of different sweeps, for configurations that two parts have, and for such
    ///   that none has, named.
    package static func merged(
        _ parts: [(name: String, results: FrontierResults)]
    ) throws(MartletError) -> FrontierResults {
        func refuse(_ message: String) -> MartletError {
            MartletError(code: .invalidParameter, subject: "merge", message: message)
        }
        guard let first = parts.first else {
            throw refuse("merge: got no folders, expected the parts of a sweep; name them")
        }
        for part in parts.dropFirst() {
            guard let what = first.results.difference(from: part.results) else { continue }
            throw refuse(
                "\(part.name) belongs to another sweep than \(first.name): its \(what) differs; merge parts of one sweep"
            )
        }
        let known = first.results.configurations
        var owners: [Int: String] = [:]
        var rows: [Row] = []
        for part in parts {
            for row in part.results.rows {
                if let owner = owners[row.place] {
                    throw refuse(
                        "\(part.name) and \(owner) both have \(known[row.place].name); leave one of them out"
                    )
                }
                owners[row.place] = part.name
                rows.append(row)
            }
        }
        let missing = known.indices.filter { owners[$0] == nil }
        guard missing.isEmpty else {
            let names = missing.prefix(3).map { known[$0].name }.joined(separator: "; ")
            let more = missing.count > 3 ? "; and \(missing.count - 3) more" : ""
            throw refuse(
                "\(missing.count) of \(known.count) configurations are in no part: \(names)\(more); "
                    + "finish or add the parts that measure them")
        }
        var models: [ModelFacts] = []
        var facts = first.results.facts
        var machines: [String] = []
        for part in parts {
            for each in part.results.models where !models.contains(each) { models.append(each) }
            if let machine = part.results.facts["machine"]?.stringValue,
                !machines.contains(machine)
            {
                machines.append(machine)
            }
        }
        // In the order in which the configurations need them, as in a sweep without parts.
        var ranks: [String: Int] = [:]
        for each in known where ranks[each.model] == nil { ranks[each.model] = ranks.count }
        models.sort { ranks[$0.model] ?? 0 < ranks[$1.model] ?? 0 }
        if !machines.isEmpty {
            facts = facts.setting("machine", to: .string(machines.joined(separator: "; ")))
            if machines.count > 1 {
                facts = facts.setting("machines", to: .array(machines.map { .string($0) }))
            }
        }
        if let command = facts["command"]?.stringValue {
            facts = facts.setting("command", to: .string(Self.withoutShard(command)))
        }
        return FrontierResults(
            facts: facts, plan: first.results.plan, promptBound: first.results.promptBound,
            shard: nil, sharesProblems: first.results.sharesProblems, kinds: first.results.kinds,
            kindOf: first.results.kindOf, models: models,
            rows: rows.sorted { $0.place < $1.place })
    }

    /// A command without the option that names a part.
    static func withoutShard(_ command: String) -> String {
        command.replacing(/\ --shard[ =]\S+/, with: "")
    }

    /// What tells two results apart that are no parts of one sweep; nil where nothing does.
    private func difference(from other: FrontierResults) -> String? {
        // The files of a model count, and each part names all models.
        let same = ["machine", "command"]
        for key in Set(facts.keys + other.facts.keys).sorted() where !same.contains(key) {
            guard facts[key] == other.facts[key] else { return key }
        }
        if plan.task != other.plan.task { return "task" }
        if plan != other.plan { return "plan" }
        if promptBound != other.promptBound || kindOf != other.kindOf || kinds != other.kinds {
            return "problems"
        }
        for each in models {
            guard let same = other.models.first(where: { $0.model == each.model }) else { continue }
            if same != each { return "model \(each.model)" }
        }
        return nil
    }
}

extension FrontierConfiguration {
    /// As messages name it: `dms 256-8-4 q8`.
    package var name: String { "\(method) \(label) \(codec)" }
}
