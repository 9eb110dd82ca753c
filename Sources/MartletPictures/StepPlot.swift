/// Shares against a cost as a picture: every measurement a dot, the best of each series a line of steps.

import Foundation

/// A plot as SVG, the cost on a logarithmic axis; colours and ground come from the page's style.
package struct StepPlot: Sendable {
    /// A measurement.
    package struct Dot: Sendable {
        /// Nil where it was not measured.
        let cost: Double?
        /// From 0 to 1.
        let share: Double
        /// Whether it stands out.
        let isLarge: Bool
        /// What it says under the pointer.
        let tip: String
        /// Its shape.
        let mark: Mark

        /// Describes a dot.
        package init(
            cost: Double?, share: Double, isLarge: Bool, tip: String, mark: Mark = .circle
        ) {
            self.cost = cost
            self.share = share
            self.isLarge = isLarge
            self.tip = tip
            self.mark = mark
        }
    }

    /// The shape of a dot.
    package enum Mark: Sendable, CaseIterable {
        case circle
        case square
        case triangle
        case diamond
    }

    /// A corner of a band: from this cost on, these shares.
    package struct BandStep: Sendable {
        let cost: Double
        let low: Double
        let high: Double

        /// Describes a corner.
        package init(cost: Double, low: Double, high: Double) {
            self.cost = cost
            self.low = low
            self.high = high
        }
    }

    /// A corner of a line: from this cost on, this share.
    package struct Step: Sendable {
        let cost: Double
        let share: Double
        let label: String

        /// Describes a step; both numbers rise from one to the next.
        package init(cost: Double, share: Double, label: String) {
            self.cost = cost
            self.share = share
            self.label = label
        }
    }

    /// Where a line's steps say their labels, as far as there is room.
    package enum Labels: Sendable {
        case none
        case above
        case below
    }

    /// Dots and a line of one colour.
    package struct Series: Sendable {
        let name: String
        let style: String
        let labels: Labels
        let dots: [Dot]
        let steps: [Step]
        let band: [BandStep]
        let isSloping: Bool

        /// Describes a series.
        ///
        /// - Parameters:
        ///   - style: the class that gives it its colour.
        ///   - band: what lies about the line, by rising cost.
        ///   - isSloping: whether the line goes from point to point instead of in steps, and ends at the last.
        package init(
            name: String, style: String, labels: Labels, dots: [Dot], steps: [Step],
            band: [BandStep] = [], isSloping: Bool = false
        ) {
            self.band = band
            self.isSloping = isSloping
            self.name = name
            self.style = style
            self.labels = labels
            self.dots = dots
            self.steps = steps
        }
    }

    private let title: String
    private let costTitle: String
    private let series: [Series]

    /// Describes a plot.
    ///
    /// - Parameters:
    ///   - title: for readers who do not see it.
    ///   - costTitle: stands at the axis of costs.
    package init(title: String, costTitle: String, series: [Series]) {
        self.title = title
        self.costTitle = costTitle
        self.series = series
    }

    private static let size = (width: 620.0, height: 400.0)
    private static let margin = (left: 52.0, right: 92.0, top: 14.0, bottom: 46.0)

    private struct Axes {
        let lowest: Double
        let highest: Double
        let top: Double

        func x(_ cost: Double) -> Double {
            let part = (log(cost) - log(lowest)) / (log(highest) - log(lowest))
            return margin.left + part * (size.width - margin.left - margin.right)
        }

        func y(_ share: Double) -> Double {
            size.height - margin.bottom - share / top
                * (size.height - margin.top - margin.bottom)
        }
    }

    /// The picture; nil without costs above zero.
    package var svg: String? {
        let dots = series.flatMap(\.dots)
        let costs = dots.compactMap(\.cost).filter { $0 > 0 && $0.isFinite }
        guard let least = costs.min(), let most = costs.max() else { return nil }
        let axes = Axes(
            lowest: least / 1.15, highest: most * 1.15,
            top: min(
                1, max(0.1, ((dots.map(\.share).max() ?? 1) * 10 + 0.6).rounded(.up) / 10)))
        var text =
            "<svg viewBox=\"0 0 \(Int(Self.size.width)) \(Int(Self.size.height))\" role=\"img\" aria-label=\"\(HTML.escaped(title))\">\n"
        text += grid(axes)
        for each in series { text += band(each, axes) }
        // The lines first, so that no dot is hidden.
        for each in series { text += line(each, axes) }
        for each in series { text += self.dots(each, axes) }
        text += names(axes) + labels(axes)
        return text + "</svg>\n"
    }

    private func grid(_ axes: Axes) -> String {
        let (bottom, right) = (
            Self.size.height - Self.margin.bottom, Self.size.width - Self.margin.right
        )
        var text = ""
        for tick in Self.ticks(axes.lowest, axes.highest) {
            let x = Self.format(axes.x(tick))
            text +=
                "<line class=\"grid\" x1=\"\(x)\" x2=\"\(x)\" y1=\"\(Self.margin.top)\" y2=\"\(bottom)\"/>"
            text +=
                "<text class=\"tick\" text-anchor=\"middle\" x=\"\(x)\" y=\"\(bottom + 17)\">\(Self.short(tick))</text>\n"
        }
        for step in 0...Int((axes.top * 10).rounded()) where axes.top <= 0.5 || step % 2 == 0 {
            let value = Double(step) / 10
            let y = Self.format(axes.y(value))
            text +=
                "<line class=\"grid\" x1=\"\(Self.margin.left)\" x2=\"\(right)\" y1=\"\(y)\" y2=\"\(y)\"/>"
            text +=
                "<text class=\"tick\" text-anchor=\"end\" x=\"\(Self.margin.left - 8)\" y=\"\(Self.format(axes.y(value) + 4))\">\(Int((value * 100).rounded())) %</text>\n"
        }
        text +=
            "<text class=\"axis\" text-anchor=\"middle\" x=\"\((Self.margin.left + right) / 2)\" y=\"\(Self.size.height - 8)\">\(HTML.escaped(costTitle))</text>\n"
        return text
    }

    private func line(_ series: Series, _ axes: Axes) -> String {
        let steps = series.steps.filter { $0.cost > 0 }
        guard let first = steps.first else { return "" }
        var path = "M\(Self.format(axes.x(first.cost))) \(Self.format(axes.y(first.share)))"
        for step in steps.dropFirst() {
            let (x, y) = (Self.format(axes.x(step.cost)), Self.format(axes.y(step.share)))
            path += series.isSloping ? "L\(x) \(y)" : "H\(x)V\(y)"
        }
        if !series.isSloping { path += "H\(Self.format(Self.size.width - Self.margin.right))" }
        return "<path class=\"front \(series.style)\" d=\"\(path)\"/>\n"
    }

    /// The area between the lower and the upper ends, in steps.
    private func band(_ series: Series, _ axes: Axes) -> String {
        let steps = series.band.filter { $0.cost > 0 }
        guard let first = steps.first, let last = steps.last else { return "" }
        let right = Self.format(Self.size.width - Self.margin.right)
        var path = "M\(Self.format(axes.x(first.cost))) \(Self.format(axes.y(first.high)))"
        for step in steps.dropFirst() {
            path += "H\(Self.format(axes.x(step.cost)))V\(Self.format(axes.y(step.high)))"
        }
        path += "H\(right)V\(Self.format(axes.y(last.low)))"
        for (step, before) in zip(steps, steps.dropFirst()).reversed() {
            path += "H\(Self.format(axes.x(before.cost)))V\(Self.format(axes.y(step.low)))"
        }
        path += "H\(Self.format(axes.x(first.cost)))Z"
        return "<path class=\"band \(series.style)\" d=\"\(path)\"/>\n"
    }

    private func dots(_ series: Series, _ axes: Axes) -> String {
        var text = ""
        for dot in series.dots {
            guard let cost = dot.cost, cost > 0 else { continue }
            let (x, y) = (axes.x(cost), axes.y(dot.share))
            let shape = Self.shape(dot.mark, x, y, radius: dot.isLarge ? 3.8 : 2.4)
            text +=
                "<\(shape.element) class=\"dot \(series.style)\" \(shape.geometry)><title>\(HTML.escaped(dot.tip))</title></\(shape.element)>\n"
        }
        return text
    }

    private static func shape(
        _ mark: Mark, _ x: Double, _ y: Double, radius r: Double
    ) -> (element: String, geometry: String) {
        func polygon(_ corners: [(Double, Double)]) -> String {
            let points = corners.map { "\(format(x + $0.0)),\(format(y + $0.1))" }
            return "points=\"\(points.joined(separator: " "))\""
        }
        return switch mark {
        case .circle: ("circle", "r=\"\(r)\" cx=\"\(format(x))\" cy=\"\(format(y))\"")
        case .square: ("polygon", polygon([(-r, -r), (r, -r), (r, r), (-r, r)]))
        case .triangle: ("polygon", polygon([(0, -1.3 * r), (1.2 * r, r), (-1.2 * r, r)]))
        case .diamond:
            ("polygon", polygon([(0, -1.4 * r), (1.4 * r, 0), (0, 1.4 * r), (-1.4 * r, 0)]))
        }
    }

    /// Names at the right ends of the lines, moved apart.
    private func names(_ axes: Axes) -> String {
        var ends = series.compactMap { each in
            each.steps.last.map { (series: each, y: axes.y($0.share)) }
        }
        // Not below the axis: what has no room there moves up.
        let lowest = Self.size.height - Self.margin.bottom
        ends.sort { $0.y < $1.y }
        for index in ends.indices.dropFirst() {
            ends[index].y = max(ends[index].y, ends[index - 1].y + 13)
        }
        var floor = lowest
        for index in ends.indices.reversed() {
            ends[index].y = min(ends[index].y, floor)
            floor = ends[index].y - 13
        }
        let x = Self.size.width - Self.margin.right + 8
        return ends.map { end in
            "<text class=\"name \(end.series.style)\" x=\"\(x)\" y=\"\(Self.format(end.y + 4))\">\(HTML.escaped(end.series.name))</text>\n"
        }.joined()
    }

    /// Labels at the steps of the series that have them, where there is room.
    private func labels(_ axes: Axes) -> String {
        var text = ""
        var taken: [(x: Double, y: Double)] = []
        for each in series where each.labels != .none {
            let offset: Double = each.labels == .above ? -8 : 16
            for step in each.steps {
                let place = (x: axes.x(step.cost), y: axes.y(step.share) + offset)
                let isFree = taken.allSatisfy {
                    abs($0.x - place.x) > 46 || abs($0.y - place.y) > 12
                }
                guard isFree else { continue }
                taken.append(place)
                text +=
                    "<text class=\"point\" text-anchor=\"middle\" x=\"\(Self.format(place.x))\" y=\"\(Self.format(place.y))\">\(HTML.escaped(step.label))</text>\n"
            }
        }
        return text
    }

    /// 1, 2, 5 times powers of ten; powers alone where those would crowd, and numbers between where they would be few.
    static func ticks(_ low: Double, _ high: Double) -> [Double] {
        guard low > 0, high > low else { return [] }
        let decades = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
        let factors: [Double] =
            high / low > 2000
            ? [1] : high / low > 8 ? [1, 2, 5] : [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8]
        return decades.flatMap { decade in factors.map { $0 * pow(10, Double(decade)) } }
            .filter { $0 >= low && $0 <= high }
    }

    /// Three digits and a unit: `1.2k`, `34M`, `0.05`.
    package static func short(_ value: Double) -> String {
        for (unit, size) in [("G", 1e9), ("M", 1e6), ("k", 1e3)] where abs(value) >= size {
            return number(value / size) + unit
        }
        return number(value)
    }

    private static func number(_ value: Double) -> String {
        if value == value.rounded(), abs(value) < 1e6 { return "\(Int(value))" }
        let places = abs(value) >= 100 ? 0 : abs(value) >= 10 ? 1 : abs(value) >= 1 ? 2 : 3
        return String(format: "%.\(places)f", value)
    }

    private static func format(_ value: Double) -> String { String(format: "%.1f", value) }
}
