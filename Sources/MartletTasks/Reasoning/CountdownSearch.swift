/// The search for a target written out with its dead ends; knows moves, not how problems are drawn.

/// A depth-first search as text.
///
/// A move is `7*3=21`, and the numbers left after it follow in brackets. Of two numbers the moves
/// are tried in the order + - * /, separated by commas. Of more, the order is random, with those
/// first that do not overshoot. When a branch is exhausted, the numbers it began with are written
/// again.
///
/// A trace spends at most `budget` characters on dead ends. If three random orders do not find the
/// target within that, the last of them is broken off and the known solution follows: rare for
/// three numbers, and the only way to keep traces of more numbers short enough to learn from.
struct CountdownSearch {
    let numbers: [Int]
    let target: Int
    let limit: Int
    let budget: Int

    private struct Trace {
        var text = ""
        /// The length up to the last dead end within the budget.
        var kept = 0
        var isExhausted = false
    }

    /// The trace, and the expression that reaches the target. `solution` must reach it.
    func trace(
        solution: [CountdownState.Move], _ random: inout TaskRandom
    ) -> (text: String, expression: String) {
        let root = CountdownState(numbers)
        var trace = Trace()
        for _ in 0..<3 {
            trace = Trace()
            if let found = explore(root, &trace, &random) { return (trace.text, found) }
        }
        trace.text.removeLast(trace.text.utf8.count - trace.kept)
        if trace.kept > 0 { trace.text += root.text }
        var state = root
        for move in solution {
            trace.text += state.text(move)
            state = state.after(move)
            if state.items.count > 1 { trace.text += state.text }
        }
        return (trace.text, state.items[0].expression)
    }

    /// Recursion is as deep as there are numbers, at most six.
    private func explore(
        _ state: CountdownState, _ trace: inout Trace, _ random: inout TaskRandom
    ) -> String? {
        let isLast = state.items.count == 2
        for (number, move) in ordered(state, &random).enumerated() {
            if number > 0 { trace.text += isLast ? "," : state.text }
            trace.text += state.text(move)
            let next = state.after(move)
            if isLast {
                if trace.text.utf8.count > budget {
                    trace.isExhausted = true
                    return nil
                }
                if move.result == target { return next.items[0].expression }
                trace.kept = trace.text.utf8.count
            } else {
                trace.text += next.text
                if let found = explore(next, &trace, &random) { return found }
            }
            if trace.isExhausted { return nil }
        }
        return nil
    }

    private func ordered(
        _ state: CountdownState, _ random: inout TaskRandom
    ) -> [CountdownState.Move] {
        let moves = state.moves(limit: limit)
        guard state.items.count > 2 else { return moves }
        return
            moves.map { move in
                (move, random.unit() + (move.result > 2 * target ? 0.5 : 0))
            }
            .sorted { $0.1 < $1.1 }.map(\.0)
    }
}
