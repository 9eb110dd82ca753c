/// Which requests of a batch may begin now. A plain value: nothing in it waits.

import MartletEngine

/// The turns of a plan while it is carried out.
///
/// Turns are claimed strictly in the plan's order, as long as what the claimed ones hold fits the cache, so that no
/// beginning is given up while somebody needs it; a claimed turn begins when its leaders' prompts are computed.
struct BatchTurns {
    private let plan: BatchPlan
    private let width: Int
    private let capacity: Int
    private let waitsForLeaders: Bool
    private var resident: ResidentPrompts
    /// The first turn that is not claimed.
    private var front = 0
    /// Claimed turns that have not begun, in order.
    private var waiting: [Int] = []
    private var running: Set<Int> = []
    /// Prompts of each turn that are not computed yet.
    private var missing: [Int]
    /// Tokens that claimed turns hold beside their prompts, by turn.
    private var reserved: [Int: Int] = [:]
    private var reservedTokens = 0
    private var endedAnswers = (count: 0, tokens: 0)

    init(_ plan: BatchPlan, width: Int, capacity: Int, waitsForLeaders: Bool) {
        self.plan = plan
        self.width = width
        self.capacity = capacity
        self.waitsForLeaders = waitsForLeaders
        resident = ResidentPrompts(plan.tree)
        missing = plan.turns.map(\.prompts.count)
    }

    /// Whether all turns have ended.
    var isDone: Bool { front == plan.turns.count && waiting.isEmpty && running.isEmpty }

    /// A turn that begins; nil where none may.
    mutating func next() -> Int? {
        while waiting.count + running.count < width, front < plan.turns.count, claimsFront() {}
        guard
            let place = waiting.firstIndex(where: { turn in
                !waitsForLeaders || plan.turns[turn].leaders.allSatisfy { missing[$0] <= 0 }
            })
        else { return nil }
        let turn = waiting.remove(at: place)
        running.insert(turn)
        return turn
    }

    private mutating func claimsFront() -> Bool {
        let turn = plan.turns[front]
        // A page that is not full, of each prompt and answer.
        let reserve = expected(turn) + 2 * 16 * turn.prompts.count
        let added = turn.prompts.reduce(0) { $0 + resident.additional($1) }
        let isFirst = waiting.isEmpty && running.isEmpty
        guard isFirst || resident.tokens + reservedTokens + added + reserve <= capacity else {
            return false
        }
        for prompt in turn.prompts { resident.hold(prompt) }
        reserved[front] = reserve
        reservedTokens += reserve
        waiting.append(front)
        front += 1
        return true
    }

    /// Tokens that the answers of a turn will hold: no more than it asked for, and what others had.
    private func expected(_ turn: BatchPlan.Turn) -> Int {
        guard endedAnswers.count >= 8 else { return turn.answerTokens }
        return min(turn.answerTokens, 2 * endedAnswers.tokens / endedAnswers.count + 16)
    }

    /// Notes that a prompt of a turn is computed.
    mutating func started(_ turn: Int) { missing[turn] -= 1 }

    /// Notes that a turn has ended.
    mutating func ended(_ turn: Int, answerTokens: Int) {
        missing[turn] = 0
        running.remove(turn)
        for prompt in plan.turns[turn].prompts { resident.letGo(prompt) }
        reservedTokens -= reserved.removeValue(forKey: turn) ?? 0
        endedAnswers = (endedAnswers.count + 1, endedAnswers.tokens + answerTokens)
    }
}
