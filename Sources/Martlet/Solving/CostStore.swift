/// How long steps take on this machine, remembered from one run to the next.

public import Foundation
import MartletEngine
import MartletFormats

/// The time that steps of models take on this machine: measured once, kept in memory and in a file, corrected by
/// what searches take.
///
/// Whoever loads models makes a store and passes it on; models that are searched side by side should share one. The
/// file is a convenience: when it cannot be read or written, costs are measured again.
public actor CostStore {
    /// The file; nil for none.
    nonisolated let file: URL?
    private var known: [String: StepCost] = [:]
    /// Models whose cost was measured in too little time to be remembered.
    private var hurried: Set<String> = []
    /// Factors by which costs were corrected since the file was written, by model.
    private var unsaved: [String: Double] = [:]

    /// A store that remembers in a file, which need not exist; with nil it remembers as long as it lives.
    public init(file: URL? = CostStore.userFile) { self.file = file }

    /// `$XDG_CACHE_HOME/martlet/costs.json`, or `.cache/martlet/costs.json` in the home folder; nil without either.
    public static var userFile: URL? {
        let environment = ProcessInfo.processInfo.environment
        if let folder = environment["XDG_CACHE_HOME"], folder.hasPrefix("/") {
            return URL(filePath: folder + "/martlet/costs.json")
        }
        guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
        return URL(filePath: home + "/.cache/martlet/costs.json")
    }

    /// The cost of a model's steps: as remembered, or measured now.
    ///
    /// - Parameters:
    ///   - loaded: the model.
    ///   - deadline: the deadline of the search that waits for the cost. When it is too short to measure every case, the
    ///     cost is not written to the file, so that a process with more time measures again.
    package func cost(
        of loaded: LoadedModel, before deadline: Duration? = nil
    ) async throws(MartletError) -> StepCost {
        let key = Self.key(loaded)
        if let cost = known[key] ?? read()[key] {
            known[key] = cost
            return cost
        }
        let measurement = CostMeasurement(loaded, before: deadline)
        let (cost, isHurried) = try await onOwnThread(named: "martlet-cost") {
            () throws(MartletError) in try measurement.run()
        }
        known[key] = cost
        if isHurried { hurried.insert(key) } else { remember(cost, key) }
        return cost
    }

    /// The latest cost of a model's steps; nil when it was neither remembered nor measured.
    func known(_ loaded: LoadedModel) -> StepCost? { known[Self.key(loaded)] }

    /// Moves the cost of a model's steps towards the time that a search took. `ratio` is that time over the expected one:
    /// the machine may have been busy while steps were measured, or may be busy now.
    ///
    /// Does nothing for a model whose cost the store does not have. ``save()`` writes the file after the answer is out.
    func correct(_ loaded: LoadedModel, by ratio: Double) {
        let key = Self.key(loaded)
        guard let cost = known[key] else { return }
        let factor = Self.correction(ratio)
        known[key] = cost.scaled(by: factor)
        unsaved[key, default: 1] *= factor
    }

    /// Writes corrections that are large enough to change a plan to the file. Called after the answer is out.
    package func save() {
        for (key, factor) in unsaved where abs(factor - 1) > 0.1 && !hurried.contains(key) {
            if let cost = known[key] { remember(cost, key) }
            unsaved[key] = nil
        }
    }

    /// The factor by which one search corrects a cost: half of the way, within limits, because one search is one sample.
    static func correction(_ ratio: Double) -> Double {
        guard ratio.isFinite, ratio > 0 else { return 1 }
        return min(2, max(0.5, ratio.squareRoot()))
    }

    /// The key of a model in the file: everything that decides how long a step takes, except other load.
    private static func key(_ loaded: LoadedModel) -> String {
        let shape = loaded.model.shape
        #if DEBUG
            let build = "debug"
        #else
            let build = "release"
        #endif
        return [
            build, MartletVersion.current, "\(loaded.model.parameterCount)", "\(shape.layerCount)",
            "\(shape.hiddenSize)", "\(shape.keyValueHeadCount)", loaded.weightName,
            loaded.storage, "\(loaded.threadCount)", loaded.instructionSet,
        ].joined(separator: " ")
    }

    // MARK: The file

    func read() -> [String: StepCost] {
        guard let file, let content = try? ConfigurationFile(path: file.path(percentEncoded: false))
        else { return [:] }
        var costs: [String: StepCost] = [:]
        for member in content.root.members {
            guard let values = member.value.arrayValue?.compactMap(\.doubleValue),
                values.count == 3
            else { continue }
            let cost = StepCost(fixed: values[0], perToken: values[1], perRead: values[2])
            if Self.isPossible(cost) { costs[member.key] = cost }
        }
        return costs
    }

    /// Whether a machine may have such a cost. What a broken or forged file says otherwise would refuse every deadline, or
    /// promise what no machine holds; it is measured again.
    static func isPossible(_ cost: StepCost) -> Bool {
        (0...600).contains(cost.fixed) && (0...600).contains(cost.perToken)
            && (0...1).contains(cost.perRead) && cost.fixed + cost.perToken > 1e-8
    }

    private func remember(_ cost: StepCost, _ key: String) {
        guard let file else { return }
        var costs = read()
        costs[key] = cost
        let members = costs.sorted { $0.key < $1.key }.map { key, cost in
            JSONObject.Member(
                key: key,
                value: .array([.number(cost.fixed), .number(cost.perToken), .number(cost.perRead)]))
        }
        try? FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try? AtomicFile.write(
            JSONValue.object(JSONObject(members)).serialized(indentation: 2),
            to: file.path(percentEncoded: false))
    }
}
