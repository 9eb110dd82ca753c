/// SentenceKV: whole sentences by the mean of their keys (2504.00970).

import MartletCache

/// After the prompt SnapKV keeps `factor` times the budget. What is left of each sentence is summarised by
/// the mean of its keys; a generated token reads the first and the newest tokens and the sentences that
/// agree best with the mean of the queries since its own sentence began. Sentences end at the tokens
/// that the cache was told (``KVCache/sentenceTokens``), or after `longest` tokens.
struct SentenceKV: DecodePageSelector {
    let budget: Int
    let sinks: Int
    let recent: Int
    let longest: Int
    let denseLayers: Int

    var readsBounds: Bool { false }
    var reusesChoices: Bool { true }
    var readsSentences: Bool { true }

    func choose(_ view: SelectionView, _ memory: inout ReadingMemory.Head) -> PageChoice {
        let ends = view.sentenceEnds
        close(view, &memory, ends)
        // The mean of the queries since the sentence began points where their sum does.
        let begins = view.step == 0 || ends.last == Int32(view.position - 1)
        let query = view.meanQuery
        if begins || memory.query.isEmpty {
            memory.query = query
        } else {
            for d in query.indices { memory.query[d] += query[d] }
        }
        guard budget < view.slots else { return .all }
        view.touches.readMemory(
            memory.chosen.count + memory.vectors.count + memory.query.count)
        let front = min(sinks, view.slots)
        let back = max(front, view.slots - max(1, recent))
        var room = budget - front - (view.slots - back)
        var chosen = (0..<Int32(front)).map(\.self)
        let scores = memory.chosen.indices.map { unit in
            (0..<view.dimension).reduce(Float(0)) {
                $0 + memory.query[$1] * memory.vectors[unit * view.dimension + $1]
            }
        }
        let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
        for unit in order where room > 0 {
            let first = max(Int(memory.chosen[unit]), front)
            let end = min(
                unit + 1 < memory.chosen.count ? Int(memory.chosen[unit + 1]) : memory.count, back)
            let taken = min(room, max(0, end - first))
            chosen += (Int32(first)..<Int32(first + taken)).map(\.self)
            room -= taken
        }
        chosen += (Int32(back)..<Int32(view.slots)).map(\.self)
        return .slots(chosen.sorted())
    }

    /// Summarises sentences that have ended since the last token.
    private func close(
        _ view: SelectionView, _ memory: inout ReadingMemory.Head, _ ends: [Int32]
    ) {
        var first = memory.count
        var keys = [Float](repeating: 0, count: view.dimension)
        for slot in memory.count..<max(memory.count, view.slots - 1) {
            let key = view.key(slot)
            for d in keys.indices { keys[d] += key[d] }
            let isLast =
                slot + 1 < view.slots - 1
                && Self.sentence(of: view.position(ofSlot: slot), ends)
                    != Self.sentence(of: view.position(ofSlot: slot + 1), ends)
            let length = slot + 1 - first
            guard isLast || length == longest || ends.last == Int32(view.position(ofSlot: slot))
            else { continue }
            memory.chosen.append(Int32(first))
            memory.vectors += keys.map { $0 / Float(length) }
            for d in keys.indices { keys[d] = 0 }
            first = slot + 1
            memory.count = first
        }
    }

    /// Sentences that ended before a position.
    private static func sentence(of position: Int, _ ends: [Int32]) -> Int {
        var (low, high) = (0, ends.count)
        while low < high {
            let middle = (low + high) / 2
            if Int(ends[middle]) < position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension CachePolicyEntry {
    static let sentencekv = CachePolicyEntry(
        name: "sentencekv", summary: "reads whole sentences by the mean of their keys",
        source: "SentenceKV (2504.00970)",
        parameters: [
            CachePolicyParameter(
                name: "budget", domain: .integer(1...Int(Int32.max)), defaultValue: nil,
                summary: "tokens that a generated token reads in each head"),
            CachePolicyParameter(
                name: "factor", domain: .decimal(1...1000), defaultValue: .decimal(5),
                summary: "budgets of the prompt that SnapKV keeps"),
            CachePolicyParameter(
                name: "sinks", domain: .integer(0...1024), defaultValue: .integer(32),
                summary: "first tokens that are always read", share: .sinks),
            CachePolicyParameter(
                name: "recent", domain: .integer(1...65_536), defaultValue: .integer(32),
                summary: "newest tokens that are always read", share: .quarter),
            CachePolicyParameter(
                name: "longest", domain: .integer(1...4096), defaultValue: .integer(64),
                summary: "tokens after which a sentence ends by itself"),
            .denseLayers(0),
        ],
        phases: [.prefill], sharesPrefix: false,
        signals: "the last window's queries: window·n·d products a head, once",
        state: "4·d bytes a sentence",
        examples: ["sentencekv(budget=48, sinks=4, recent=8, factor=2)"],
        sized: { ["sentencekv(budget=\($0))"] }
    ) { values throws(CacheError) in
        let (budget, sinks) = (values.integer("budget"), values.integer("sinks"))
        let least = sinks + values.integer("recent")
        guard budget >= least else {
            throw .badPolicyParameter(
                policy: values.policy, parameter: "budget", got: "\(budget)",
                expected: "at least \(least), the tokens that are always read")
        }
        let held = Int(min(Double(budget) * values.decimal("factor"), Double(Int32.max)))
        let window = TokenAllowance.upTo(32, .quarter)
        return [
            ScoredKeeping(
                compressor: SnapKV(
                    window: .stated(window.of(held)), kernel: 7, pooling: .mean),
                budget: .tokens(held), rule: .uniform, sinks: .stated(sinks),
                recent: .stated(0)),
            PageReading(
                selector: SentenceKV(
                    budget: budget, sinks: sinks, recent: values.integer("recent"),
                    longest: values.integer("longest"), denseLayers: values.integer("dense"))),
        ]
    }
}
