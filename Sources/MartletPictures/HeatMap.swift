/// A table of positive numbers as a picture: one coloured cell for each layer and head.

import Foundation

/// A heat map as a self-contained SVG, readable on light and dark ground.
///
/// Colours are spread over the logarithm of the values, because ratios multiply; every cell says its value, so
/// that nothing is read from colour alone.
public struct HeatMap: Sendable {
    /// What the picture shows.
    public var title: String
    /// What a row is, such as "layer".
    public var rowName: String
    /// What a column is, such as "KV head".
    public var columnName: String
    /// Row after row.
    public var values: [[Double]]

    /// Describes a picture.
    public init(title: String, rowName: String, columnName: String, values: [[Double]]) {
        self.title = title
        self.rowName = rowName
        self.columnName = columnName
        self.values = values
    }

    private static let cell = (width: 64, height: 28)
    private static let margin = (left: 64, top: 56, right: 16, bottom: 36)

    /// The picture.
    public var svg: String {
        let columns = values.map(\.count).max() ?? 0
        // A title needs about seven units a letter.
        let width = max(
            Self.margin.left + columns * Self.cell.width + Self.margin.right,
            Self.margin.left + 7 * title.count)
        let height = Self.margin.top + values.count * Self.cell.height + Self.margin.bottom
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" width="\(width)" \
            height="\(height)" role="img" font-family="system-ui, sans-serif" font-size="12">
            <title>\(HTML.escaped(title))</title>
            <style>
            .label { fill: #444 } .title { fill: #111; font-size: 13px; font-weight: 600 }
            @media (prefers-color-scheme: dark) { .label { fill: #bbb } .title { fill: #eee } }
            </style>
            <text class="title" x="\(Self.margin.left)" y="18">\(HTML.escaped(title))</text>
            <text class="label" x="\(Self.margin.left)" y="34">\(HTML.escaped(columnName))</text>
            <text class="label" x="4" y="\(Self.margin.top - 6)">\(HTML.escaped(rowName))</text>

            """
        for column in 0..<columns {
            let x = Self.margin.left + column * Self.cell.width + Self.cell.width / 2
            text +=
                "<text class=\"label\" text-anchor=\"middle\" x=\"\(x)\" y=\"\(Self.margin.top - 6)\">\(column)</text>\n"
        }
        let scale = Scale(values)
        for (row, line) in values.enumerated() {
            let y = Self.margin.top + row * Self.cell.height
            text +=
                "<text class=\"label\" text-anchor=\"end\" x=\"\(Self.margin.left - 10)\" y=\"\(y + 19)\">\(row)</text>\n"
            for (column, value) in line.enumerated() {
                let x = Self.margin.left + column * Self.cell.width
                let share = scale.share(of: value)
                let ink = share > 0.6 ? "#111" : "#fff"
                text += """
                    <rect x="\(x + 1)" y="\(y + 1)" width="\(Self.cell.width - 2)" \
                    height="\(Self.cell.height - 2)" rx="3" fill="\(Self.colour(share))"/>\
                    <text text-anchor="middle" x="\(x + Self.cell.width / 2)" y="\(y + 19)" \
                    fill="\(ink)">\(Self.number(value))</text>

                    """
            }
        }
        return text + "</svg>\n"
    }

    /// Where values lie between the smallest and the largest, by their logarithms.
    private struct Scale {
        let lowest: Double
        let highest: Double

        init(_ values: [[Double]]) {
            let logarithms = values.joined().filter { $0 > 0 && $0.isFinite }.map { log($0) }
            lowest = logarithms.min() ?? 0
            highest = logarithms.max() ?? 0
        }

        func share(of value: Double) -> Double {
            guard value > 0, value.isFinite, highest > lowest else { return 0 }
            return min(1, max(0, (log(value) - lowest) / (highest - lowest)))
        }
    }

    /// Dark blue over green to yellow: lightness grows evenly, for readers of every colour vision.
    private static func colour(_ share: Double) -> String {
        let stops: [(Double, Double, Double)] = [
            (58, 28, 92), (49, 84, 138), (33, 140, 134), (110, 196, 92), (245, 226, 60),
        ]
        let place = share * Double(stops.count - 1)
        let index = min(stops.count - 2, Int(place))
        let part = place - Double(index)
        let (a, b) = (stops[index], stops[index + 1])
        func mixed(_ from: Double, _ to: Double) -> Int {
            Int((from + (to - from) * part).rounded())
        }
        return "rgb(\(mixed(a.0, b.0)),\(mixed(a.1, b.1)),\(mixed(a.2, b.2)))"
    }

    private static func number(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        return String(format: value < 9.95 ? "%.1f" : "%.0f", value)
    }
}
