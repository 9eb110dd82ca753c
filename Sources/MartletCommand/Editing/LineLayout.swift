/// Where the characters of a text stand on a terminal of some width.

/// A text in rows, and the cursor's place in them.
struct LineLayout: Equatable {
    private(set) var rows: [String]
    private(set) var cursorRow = 0
    private(set) var cursorColumn = 0

    /// Lays out a text after a prompt; each further line of it has `continuation` before it. A character that does not
    /// fit into a row begins the next one.
    init(
        _ characters: [Character], cursor: Int, prompt: String, continuation: String = ". ",
        width: Int
    ) {
        // A wide character must fit into a row.
        let width = max(width, 2)
        rows = [""]
        var column = 0
        for character in prompt {
            let (shown, columns) = character.onTerminal
            if column + columns > width {
                rows.append("")
                column = 0
            }
            rows[rows.count - 1] += shown
            column += columns
        }
        for (index, character) in characters.enumerated() {
            let (shown, columns) = character.onTerminal
            if column + columns > width, character != "\n" {
                rows.append("")
                column = 0
            }
            if index == cursor { (cursorRow, cursorColumn) = (rows.count - 1, column) }
            if character == "\n" {
                if index == cursor, column >= width {
                    (cursorRow, cursorColumn) = (rows.count - 1, width - 1)
                }
                rows.append(continuation)
                column = continuation.count
                continue
            }
            rows[rows.count - 1] += shown
            column += columns
        }
        guard cursor >= characters.count else { return }
        // Behind a full row the cursor stands in the next one.
        if column >= width {
            rows.append("")
            column = 0
        }
        (cursorRow, cursorColumn) = (rows.count - 1, column)
    }
}
