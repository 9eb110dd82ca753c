/// Variables that get one number from each other; knows nothing of what stands around them.

/// `VAR ABCDE = 12345`, `VAR FGHIJ = VAR ABCDE`, …: every variable but the first has the value of the one
/// before it.
struct VariableChain {
    /// The number of variables is one more than that of hops.
    let names: [String]
    let value: Int

    /// What is taken by other chains of one text, so that no name and no number has two meanings.
    struct Taken {
        var names: Set<String> = []
        var values: Set<Int> = []
    }

    static let nameLength = 5

    init(hops: Int, taken: inout Taken, _ random: inout TaskRandom) {
        var names: [String] = []
        while names.count <= hops {
            let letters = (0..<Self.nameLength).map { _ in
                UInt8(ascii: "A") + UInt8(random.below(26))
            }
            let name = String(decoding: letters, as: UTF8.self)
            if taken.names.insert(name).inserted { names.append(name) }
        }
        var value = random.between(10_000, 99_998)
        while !taken.values.insert(value).inserted { value = random.between(10_000, 99_998) }
        self.names = names
        self.value = value
    }

    var statements: [[UInt8]] {
        names.indices.map { place in
            let right = place == 0 ? "\(value)" : "VAR \(names[place - 1])"
            return Array("VAR \(names[place]) = \(right)".utf8)
        }
    }

    /// The characters of all statements of a chain, a separator after each.
    static func length(hops: Int) -> Int { 18 + 22 * hops }

    /// What decides the split.
    var content: String { "\(value)=\(names.joined(separator: "="))" }
}

/// What is drawn for a text with chains before the others than the asked one.
struct VariablesProblem {
    let length: Int
    let chains: Int
    let hops: Int
    let asked: VariableChain
    private let taken: VariableChain.Taken

    init(length: TaskRange, chains: TaskRange, hops: TaskRange, _ random: inout TaskRandom) {
        self.length = random.draw(length)
        self.chains = random.draw(chains)
        self.hops = random.draw(hops)
        var taken = VariableChain.Taken()
        asked = VariableChain(hops: self.hops, taken: &taken, &random)
        self.taken = taken
    }

    /// The statements of every chain, those of the asked one first.
    func statements(_ random: inout TaskRandom) -> [[[UInt8]]] {
        var taken = taken
        var all = [asked.statements]
        for _ in 1..<chains {
            all.append(VariableChain(hops: hops, taken: &taken, &random).statements)
        }
        return all
    }
}
