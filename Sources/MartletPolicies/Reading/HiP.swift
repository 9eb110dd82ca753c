/// HiP decode: a tree search for pages by one key of each branch (2406.09827).

import MartletCache

/// The tokens are cut into twice as many runs as pages may be read. Each run is judged by the key in its
/// middle; the better half of the runs is kept and cut in two, until runs are pages. The choice stands
/// for `refresh` tokens. It costs about `2 k log(n / k)` products instead of a pass over all pages.
struct HiP: DecodePageSelector {
    let budget: ReadBudget
    let refresh: Int
    let denseLayers: Int
    let sinks: Int
    let recent: Int

    var readsBounds: Bool { false }
    var reusesChoices: Bool { refresh > 1 }
    var remembers: Bool { refresh > 1 }

    func choose(_ view: SelectionView, _ memory: inout ReadingMemory.Head) -> PageChoice {
        let wanted = budget.runs(of: view.slots, size: KVPage.tokens)
        guard wanted < view.pages else {
            memory.chosen = []
            return .all
        }
        if memory.chosen.isEmpty || view.step % refresh == 0 {
            memory.chosen = search(view, wanted: wanted)
            memory.count = view.pages
        }
        view.touches.readMemory(memory.chosen.count)
        let newer = (Int32(memory.count)..<max(Int32(memory.count), Int32(view.pages))).map(\.self)
        return .pages(memory.chosen + newer)
    }

    private func search(_ view: SelectionView, wanted: Int) -> [Int32] {
        let ends = PageRuns.ends(sinks: sinks, recent: recent, slots: view.slots)
        let front = ends.prefix { Int($0) < KVPage.count(forSlots: sinks) }
        let back = ends.dropFirst(front.count)
        let kept = wanted - ends.count
        let last = Int(back.first ?? Int32(view.pages))
        guard kept > 0, last > front.count else { return ends }
        var runs = Self.cut(front.count..<last, into: 2 * kept)
        while true {
            if runs.count > kept {
                let scores = runs.map { run in
                    view.product(view.key(run.lowerBound * KVPage.tokens + run.count * 8))
                }
                runs = Ranking.largest(kept, of: scores).map { runs[Int($0)] }
            }
            guard runs.contains(where: { $0.count > 1 }) else { break }
            runs = runs.flatMap { Self.cut($0, into: 2) }
        }
        return front + runs.map { Int32($0.lowerBound) } + back
    }

    /// Runs of nearly equal length, none empty.
    private static func cut(_ range: Range<Int>, into count: Int) -> [Range<Int>] {
        let parts = min(count, range.count)
        return (0..<parts).map { part in
            range.lowerBound + part * range.count / parts..<range.lowerBound
                + (part + 1) * range.count / parts
        }
    }
}

extension CachePolicyEntry {
    static let hip = CachePolicyEntry(
        name: "hip", summary: "reads pages that a tree search finds by one key of each branch",
        source: "HiP (2406.09827)",
        parameters: .reads(recent: 64) + [.refresh(8), .denseLayers(3)], phases: [],
        sharesPrefix: true,
        signals:
            "single keys: about 2k·log(n/k)·d products a head, every refresh tokens, for k pages",
        state: "4 bytes a chosen page",
        examples: ["hip(%, dense=0, recent=16)", "hip(%, refresh=1)"],
        sized: { ["hip(budget=\($0), recent=\(min(64, $0 / 4)))"] }
    ) { values throws(CacheError) in
        [
            PageReading(
                selector: HiP(
                    budget: try values.reads(), refresh: values.integer("refresh"),
                    denseLayers: values.integer("dense"), sinks: values.integer("sinks"),
                    recent: values.integer("recent")))
        ]
    }
}
