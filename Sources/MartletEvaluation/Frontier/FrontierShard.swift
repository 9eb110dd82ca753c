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

    /// The places of the configurations that this part measures: neighbours in the order in which models are needed, so
    /// that a part loads few of them, and about as much work in each part.
    func places(in configurations: [FrontierConfiguration]) -> [Int] {
        let order = Self.byModel(configurations)
        let total = order.reduce(0.0) { $0 + configurations[$1].work }
        var before = 0.0
        return order.filter { place in
            let work = configurations[place].work
            defer { before += work }
            // By the middle of its work, so that none falls between two parts.
            let part = Int((before + work / 2) / total * Double(count))
            return min(part, count - 1) == number - 1
        }
    }

    /// Places ordered so that each model is needed once, models in the order in which they first come.
    static func byModel(_ configurations: [FrontierConfiguration]) -> [Int] {
        var ranks: [String: Int] = [:]
        for each in configurations where ranks[each.model] == nil {
            ranks[each.model] = ranks.count
        }
        return configurations.indices.sorted {
            let (a, b) = (
                ranks[configurations[$0].model] ?? 0, ranks[configurations[$1].model] ?? 0
            )
            return (a, $0) < (b, $1)
        }
    }
}

extension FrontierConfiguration {
    /// What measuring it takes, beside others: the tokens that its chains may write.
    var work: Double { Double(length) * Double(width) }
}
