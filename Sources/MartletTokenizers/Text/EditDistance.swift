/// How unlike two names are.

package enum EditDistance {
    /// How many characters must be put in, left out or changed to make one name of the other; two neighbours that change
    /// places count once. The work grows with the product of the lengths: bound what comes from outside.
    package static func between(_ one: some StringProtocol, _ other: some StringProtocol) -> Int {
        let (one, other) = (Array(one), Array(other))
        var before: [Int] = []
        var last = Array(0...other.count)
        for (row, character) in one.enumerated() {
            var next = [row + 1]
            for (column, wanted) in other.enumerated() {
                var cost = min(
                    last[column] + (character == wanted ? 0 : 1), last[column + 1] + 1,
                    next[column] + 1)
                if row > 0, column > 0, character == other[column - 1], one[row - 1] == wanted {
                    cost = min(cost, before[column - 1] + 1)
                }
                next.append(cost)
            }
            (before, last) = (last, next)
        }
        return last[other.count]
    }
}
