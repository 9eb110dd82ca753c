/// Numbers that are still to be joined, and the moves that join two of them; knows no target.

struct CountdownState {
    /// A number with the expression that made it.
    struct Item {
        let value: Int
        let expression: String
        let isComposite: Bool

        /// The expression as an operand.
        var operand: String { isComposite ? "(\(expression))" : expression }
    }

    /// The larger number first, so that one spelling of each move is enough.
    struct Move {
        let larger: Int
        let smaller: Int
        let operation: Character
        let result: Int
    }

    private(set) var items: [Item]

    init(_ numbers: [Int]) {
        items = numbers.map { Item(value: $0, expression: "\($0)", isComposite: false) }
    }

    /// All moves to results of 1...limit, without repetitions. Never empty for two numbers or more
    /// that are at most `limit`: two different ones can be subtracted, two equal ones divided.
    func moves(limit: Int) -> [Move] { Self.moves(items.map(\.value), limit: limit) }

    /// The moves among bare numbers: drawing a problem throws most of them away, and spelling
    /// their expressions would be the greater part of its time.
    static func moves(_ values: [Int], limit: Int) -> [Move] {
        var moves: [Move] = []
        for first in values.indices {
            for second in values.indices.dropFirst(first + 1) {
                let swap = values[first] < values[second]
                let (larger, smaller) = swap ? (second, first) : (first, second)
                let (a, b) = (values[larger], values[smaller])
                let isKnown = moves.contains { values[$0.larger] == a && values[$0.smaller] == b }
                guard !isKnown else { continue }
                func add(_ operation: Character, _ result: Int) {
                    guard result >= 1, result <= limit else { return }
                    moves.append(
                        Move(larger: larger, smaller: smaller, operation: operation, result: result)
                    )
                }
                add("+", a + b)
                add("-", a - b)
                add("*", a * b)
                if a % b == 0 { add("/", a / b) }
            }
        }
        return moves
    }

    /// The numbers after a move, in the order of ``after(_:)``.
    static func values(_ values: [Int], after move: Move) -> [Int] {
        [move.result]
            + values.indices.filter { $0 != move.larger && $0 != move.smaller }.map { values[$0] }
    }

    /// The result comes first, then the untouched numbers in their order.
    func after(_ move: Move) -> CountdownState {
        let (a, b) = (items[move.larger], items[move.smaller])
        var next = self
        next.items = items.indices.filter { $0 != move.larger && $0 != move.smaller }
            .map { items[$0] }
        let joined = Item(
            value: move.result, expression: "\(a.operand)\(move.operation)\(b.operand)",
            isComposite: true)
        next.items.insert(joined, at: 0)
        return next
    }

    /// `25+10=35`.
    func text(_ move: Move) -> String {
        "\(items[move.larger].value)\(move.operation)\(items[move.smaller].value)=\(move.result)"
    }

    /// `[10 25]`.
    var text: String { "[" + items.map { "\($0.value)" }.joined(separator: " ") + "]" }
}
