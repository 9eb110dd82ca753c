/// How full pages are stored in few bits, as a policy's text says.

import CMartletKernels
import MartletCache
import MartletKernels

/// Which pages are sealed in which way. Pages are written in f16 and sealed when they are full and none of
/// their tokens is among the newest `residual`.
struct SealPlan: Sendable, Hashable {
    /// How many bits a page gets.
    enum Method: Sendable, Hashable {
        /// Every page the same number: KIVI (2402.02750) has two.
        case uniform(bits: Int)
        /// Salient tokens four bits, the others two, channels evened out: ZipCache (2405.14256).
        case salient(share: Double, every: Int)
        /// Every page the same number, and none before there is no room.
        case onDemand(bits: Int)
        /// The heads that lose most `high`, the others `low`: by gates where they are given.
        case heads(high: Int, low: Int, share: Double, gates: HeadGates?)
    }

    let method: Method
    /// Whether pages are sealed only where there is no room.
    var isOnDemand: Bool { if case .onDemand = method { true } else { false } }
    /// Whether positions alone say which pages a query sees sealed, those of its own prompt included: where
    /// nothing else acts on the cache. Otherwise pages are sealed from the end of the prompt on, when what
    /// stays is chosen.
    var isByPosition = false
    /// The gates by which heads are told apart, if they are.
    var gates: HeadGates? { if case .heads(_, _, _, let gates) = method { gates } else { nil } }
    /// Newest tokens that stay as they were written.
    let residual: Int

    /// Whether generated tokens can be taken back: as long as none of them was among those that pages were
    /// sealed by.
    var undo: UndoRule { if case .salient = method { .never } else { .sometimes } }

    /// Tokens of a prompt after which pages are sealed while it is computed; nil where positions alone decide, and
    /// where nothing may be sealed before its end.
    var promptPiece: Int?

    /// Tokens of a prompt between two times at which pages are sealed that positions alone do not decide.
    static let piece = 256

    /// Tokens that stand open at once where positions decide. Prompts of 512 are computed 1.14 times as fast in one step.
    static let step = 64

    /// The most pages of a table that such a step can make due.
    static let pagesOfAStep = step / KVPage.tokens + 1

    /// Whether ``isByPosition`` can hold: the kind of every page is known beforehand.
    var canBeByPosition: Bool {
        switch method {
        case .uniform: true
        case .salient, .onDemand: false
        case .heads(_, _, _, let gates): gates != nil
        }
    }

    /// Pages of a table that a query at this position sees sealed: those before its own but for as many as hold
    /// the newest ``residual`` tokens.
    func sealedPages(before position: Int) -> Int {
        max(0, position / KVPage.tokens - KVPage.count(forSlots: residual))
    }

    /// The kinds of sealed pages, in the order of their ids.
    var kinds: [mk_seal] {
        switch method {
        case .uniform(let bits), .onDemand(let bits): [Self.kind(bits)]
        case .salient: [.bits4Even, .bits2Even]
        case .heads(let high, let low, _, _): [Self.kind(high), Self.kind(low)]
        }
    }

    private static func kind(_ bits: Int) -> mk_seal {
        bits == 8 ? .bits8 : bits == 4 ? .bits4 : .bits2
    }
}

/// Queries of some of the tokens: a sample of all and the newest.
struct ProbeQueries {
    /// Positions whose queries are held, ascending.
    var positions: [Int] = []
    /// By layer, `[row][head][dimension]`.
    var rows: [[Float]]

    init(layerCount: Int) { rows = Array(repeating: [], count: layerCount) }

    /// Bytes that they take.
    var byteCount: Int { positions.count * 8 + rows.reduce(0) { $0 + $1.count * 4 } }

    /// Keeps the `count` positions of the lowest rank, with their rows of `width` floats.
    mutating func keep(_ count: Int, width: Int, rank: (Int) -> UInt64) {
        guard positions.count > count else { return }
        let kept = positions.indices.sorted { rank(positions[$0]) < rank(positions[$1]) }
            .prefix(count).sorted()
        for layer in rows.indices {
            rows[layer] = kept.flatMap { rows[layer][$0 * width..<($0 + 1) * width] }
        }
        positions = kept.map { positions[$0] }
    }
}
