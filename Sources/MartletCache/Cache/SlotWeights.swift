/// How many tokens a slot stands for after merging, as what is added to its score.

/// By table and slot the log of the number of tokens that a slot stands for. Attention adds it to the
/// slot's score, so that a mean of `n` equal keys weighs as much as they did.
package struct SlotWeights: Sendable {
    /// By table, whole tiles of 128 slots; empty while every slot stands for one token.
    private(set) var logs: [[Float]] = []

    /// Whether every slot stands for one token.
    package var isEmpty: Bool { logs.isEmpty }

    /// Bytes that they take.
    var byteCount: Int { logs.reduce(0) { $0 + $1.count * 4 } }

    /// The logs of one table, whole tiles; empty while every slot stands for one token.
    package subscript(table: Int) -> [Float] { logs.isEmpty ? [] : logs[table] }

    /// Gives a slot of one of `tableCount` tables the log of its number of tokens.
    mutating func set(_ log: Float, table: Int, slot: Int, tableCount: Int) {
        if logs.isEmpty { logs = Array(repeating: [], count: tableCount) }
        cover(slot + 1, table: table)
        logs[table][slot] = log
    }

    /// Covers whole tiles of a table's first `slots` slots.
    mutating func cover(_ slots: Int, table: Int) {
        let missing = (slots + 127) / 128 * 128 - logs[table].count
        if missing > 0 { logs[table].append(contentsOf: repeatElement(0, count: missing)) }
    }

    /// The listed slots of a table, ascending, are its first ones now.
    mutating func compact(table: Int, keeping slots: [Int32]) {
        guard !logs.isEmpty else { return }
        var (place, end) = (0, logs[table].count)
        for slot in slots where Int(slot) < end {
            logs[table][place] = logs[table][Int(slot)]
            place += 1
        }
        while place < end {
            logs[table][place] = 0
            place += 1
        }
        end = place
    }

    /// A table's last slot moved into `slot`, or `slot` was the last itself.
    mutating func remove(table: Int, slot: Int, last: Int) {
        guard !logs.isEmpty, last < logs[table].count else { return }
        logs[table][slot] = logs[table][last]
        logs[table][last] = 0
    }

    /// The slots of a table from `first` on lie in another order now.
    mutating func reorder(table: Int, from first: Int, as order: [Int32]) {
        guard !logs.isEmpty else { return }
        cover(first + order.count, table: table)
        let old = logs[table]
        for (place, slot) in order.enumerated() {
            logs[table][first + place] = old[first + Int(slot)]
        }
    }
}
