/// A part of a sweep for one of several machines: plain arithmetic.

/// One of several parts of a sweep that together are the whole.
public struct FrontierShard: Sendable, Hashable, CustomStringConvertible {
    /// From 1 to ``count``.
    public let number: Int
    /// Parts.
    public let count: Int

    /// Nil for a number outside of 1 to `count`.
    public init?(number: Int, of count: Int) {
        guard (1...10_000).contains(count), (1...count).contains(number) else { return nil }
        self.number = number
        self.count = count
    }

    /// Reads `2/8`.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int(parts[0]), let count = Int(parts[1]) else {
            return nil
        }
        self.init(number: number, of: count)
    }

    /// `2/8`.
    public var description: String { "\(number)/\(count)" }

    /// The groups of configurations that this part measures: neighbours in the order in which models are needed, so that a
    /// part loads few of them, and about as much work in each part.
    func groups(in configurations: [FrontierConfiguration]) -> [FrontierGroup] {
        let all = FrontierGroup.byModel(configurations)
        let total = all.reduce(0.0) { $0 + $1.work }
        var before = 0.0
        return all.filter { group in
            defer { before += group.work }
            // By the middle of its work, so that none falls between two parts.
            let part = Int((before + group.work / 2) / total * Double(count))
            return min(part, count - 1) == number - 1
        }
    }
}

/// Configurations that differ in nothing but their number of chains. The first chains of the widest are those of the
/// others, so that they are measured together.
struct FrontierGroup {
    /// Their places in the plan, in order.
    let places: [Int]
    /// The place of the widest.
    let widest: Int
    /// What measuring it takes, beside others: the tokens that its chains may write.
    let work: Double

    /// The groups of a plan, ordered so that each model is needed once, models in the order in which they first come.
    static func byModel(_ configurations: [FrontierConfiguration]) -> [FrontierGroup] {
        var (models, order): ([String: Int], [FrontierConfiguration]) = ([:], [])
        var members: [FrontierConfiguration: [Int]] = [:]
        for (place, each) in configurations.enumerated() {
            if models[each.model] == nil { models[each.model] = models.count }
            let key = each.with(width: 1)
            if members[key] == nil { order.append(key) }
            members[key, default: []].append(place)
        }
        let groups = order.compactMap { key -> FrontierGroup? in
            guard let places = members[key],
                let widest = places.max(by: { configurations[$0].width < configurations[$1].width })
            else { return nil }
            let work = Double(configurations[widest].length * configurations[widest].width)
            return FrontierGroup(places: places, widest: widest, work: work)
        }
        func rank(_ group: FrontierGroup) -> (Int, Int) {
            (models[configurations[group.widest].model] ?? 0, group.places[0])
        }
        return groups.sorted { rank($0) < rank($1) }
    }
}
