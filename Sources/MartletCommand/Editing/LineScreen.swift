/// A line being edited, on a terminal.

import Foundation

/// What is on the terminal of a line being edited.
struct LineScreen {
    let prompt: String
    /// The cursor's row, counted from the first row that is drawn.
    private var row = 0
    /// How many columns the rows up to the cursor take.
    private var widths: [Int] = []

    init(prompt: String) { self.prompt = prompt }

    private static var size: (columns: Int, rows: Int) { TerminalStyle.size(of: STDOUT_FILENO) }

    /// Draws the text in place of what was drawn; of a text that is higher than the terminal the rows up to the cursor.
    mutating func draw(_ editor: LineEditor) {
        let size = Self.size
        let shown = editor.shown(prompt)
        let layout = LineLayout(
            shown.characters, cursor: shown.cursor, prompt: shown.prompt, width: size.columns)
        let first = max(0, layout.cursorRow - size.rows + 1)
        let rows = layout.rows[first...].prefix(size.rows)
        var output = start + rows.joined(separator: "\r\n")
        row = layout.cursorRow - first
        widths = rows.prefix(row).map { $0.reduce(0) { $0 + $1.onTerminal.columns } }
        widths.append(layout.cursorColumn + 1)
        let below = rows.count - 1 - row
        if below > 0 { output += "\u{1B}[\(below)A" }
        output += "\r"
        if layout.cursorColumn > 0 { output += "\u{1B}[\(layout.cursorColumn)C" }
        StandardStreams.write(output)
    }

    /// Draws all of the text for the last time, and goes to the line after it.
    mutating func finish(_ editor: LineEditor, mark: String = "") {
        let layout = LineLayout(
            editor.characters, cursor: 0, prompt: prompt, width: Self.size.columns)
        StandardStreams.write(start + layout.rows.joined(separator: "\r\n") + mark + "\r\n")
        row = 0
    }

    /// Goes on in an empty terminal.
    mutating func clear() {
        StandardStreams.write("\u{1B}[H\u{1B}[2J")
        row = 0
    }

    /// Takes note of another width: a terminal that became narrower has broken each row that no longer fits.
    mutating func resize() {
        let columns = Self.size.columns
        row = widths.reduce(0) { $0 + max(1, ($1 + columns - 1) / columns) } - 1
        row = max(0, row)
    }

    /// Goes to the first row and clears everything from there.
    private var start: String { (row > 0 ? "\u{1B}[\(row)A" : "") + "\r\u{1B}[J" }
}
