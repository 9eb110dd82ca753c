/// Figures and tables for people.

import Foundation

enum Columns {
    /// A number with a fixed number of decimals.
    static func decimal(_ value: Double, places: Int) -> String {
        String(format: "%.\(places)f", value)
    }

    /// Bytes with a unit that keeps the number short.
    static func bytes(_ count: Int) -> String {
        let units = ["bytes", "kB", "MB", "GB", "TB"]
        var value = Double(count)
        var unit = 0
        while value >= 1000, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return unit == 0 ? "\(count) bytes" : "\(decimal(value, places: 1)) \(units[unit])"
    }

    /// A number of files.
    static func files(_ count: Int) -> String { count == 1 ? "1 file" : "\(count) files" }

    /// A line of names and values, the names in a column.
    static func pair(_ name: String, _ value: String) -> String {
        name + String(repeating: " ", count: max(2, 22 - name.count)) + value + "\n"
    }

    /// A line of right-aligned cells.
    static func row(_ cells: [String], widths: [Int]) -> String {
        zip(cells, widths).map { cell, width in
            String(repeating: " ", count: max(0, width - cell.count)) + cell
        }.joined(separator: "  ") + "\n"
    }
}
