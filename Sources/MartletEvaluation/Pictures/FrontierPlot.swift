/// Accuracy against one cost as a picture: every configuration a dot, each method's front a line of steps.

import Foundation

/// A plot as SVG; colours and ground come from the page's style.
struct FrontierPlot {
    let report: FrontierReport
    let cost: FrontierCost
    /// The colour class of each method, `c0` and on.
    let classes: [String: String]

    private static let size = (width: 620.0, height: 400.0)
    private static let margin = (left: 52.0, right: 92.0, top: 14.0, bottom: 46.0)

    private struct Axes {
        let lowest: Double
        let highest: Double
        let top: Double

        func x(_ cost: Double) -> Double {
            let share = (log(cost) - log(lowest)) / (log(highest) - log(lowest))
            return margin.left + share * (size.width - margin.left - margin.right)
        }

        func y(_ accuracy: Double) -> Double {
            size.height - margin.bottom - accuracy / top
                * (size.height - margin.top - margin.bottom)
        }
    }

    /// The picture; nil without costs above zero.
    var svg: String? {
        let points = report.series.flatMap(\.points)
        let costs = points.compactMap { $0.costs[cost] }.filter { $0 > 0 && $0.isFinite }
        guard let least = costs.min(), let most = costs.max() else { return nil }
        let axes = Axes(
            lowest: least / 1.15, highest: most * 1.15,
            top: min(
                1, max(0.1, ((points.map(\.accuracy).max() ?? 1) * 10 + 0.6).rounded(.up) / 10)))
        var text =
            "<svg viewBox=\"0 0 \(Int(Self.size.width)) \(Int(Self.size.height))\" role=\"img\" aria-label=\"accuracy against \(cost.title)\">\n"
        text += grid(axes)
        // The lines first, so that no dot is hidden.
        for series in report.series { text += line(series, axes) }
        for series in report.series { text += dots(series, axes) }
        text += labels(axes)
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
            "<text class=\"axis\" text-anchor=\"middle\" x=\"\((Self.margin.left + right) / 2)\" y=\"\(Self.size.height - 8)\">\(cost.title) a problem, mean</text>\n"
        return text
    }

    private func line(_ series: FrontierReport.Series, _ axes: Axes) -> String {
        let steps = ParetoFront(series.points, cost: cost).steps.filter { $0.cost > 0 }
        guard let first = steps.first else { return "" }
        var path = "M\(Self.format(axes.x(first.cost))) \(Self.format(axes.y(first.accuracy)))"
        for step in steps.dropFirst() {
            path += "H\(Self.format(axes.x(step.cost)))V\(Self.format(axes.y(step.accuracy)))"
        }
        path += "H\(Self.format(Self.size.width - Self.margin.right))"
        return "<path class=\"front \(classes[series.method] ?? "")\" d=\"\(path)\"/>\n"
    }

    private func dots(_ series: FrontierReport.Series, _ axes: Axes) -> String {
        let front = Set(ParetoFront(series.points, cost: cost).steps.map(\.point))
        var text = ""
        for (index, point) in series.points.enumerated() {
            guard let value = point.costs[cost], value > 0 else { continue }
            let accuracy = Int((point.accuracy * 1000).rounded())
            text +=
                "<circle class=\"dot \(classes[series.method] ?? "")\" r=\"\(front.contains(index) ? "3.8" : "2.4")\" cx=\"\(Self.format(axes.x(value)))\" cy=\"\(Self.format(axes.y(point.accuracy)))\"><title>\(HTML.escaped(series.method)) \(point.configuration.label): \(accuracy / 10).\(accuracy % 10) % at \(Self.short(value)) \(cost.title)</title></circle>\n"
        }
        return text
    }

    /// Names at the right ends of the lines, moved apart; configurations at the steps of the dense and of the
    /// learned front, where there is room.
    private func labels(_ axes: Axes) -> String {
        var ends: [(method: String, y: Double)] = []
        for series in report.series {
            guard let last = ParetoFront(series.points, cost: cost).steps.last else { continue }
            ends.append((series.method, axes.y(last.accuracy)))
        }
        ends.sort { $0.y < $1.y }
        for index in ends.indices.dropFirst() {
            ends[index].y = max(ends[index].y, ends[index - 1].y + 14)
        }
        let x = Self.size.width - Self.margin.right + 8
        var text = ""
        for end in ends {
            text +=
                "<text class=\"name \(classes[end.method] ?? "")\" x=\"\(x)\" y=\"\(Self.format(end.y + 4))\">\(HTML.escaped(end.method))</text>\n"
        }
        var taken: [(x: Double, y: Double)] = []
        for series in report.series where ["dms", "dense"].contains(series.method) {
            let isAbove = series.method == "dms"
            for step in ParetoFront(series.points, cost: cost).steps {
                let place = (x: axes.x(step.cost), y: axes.y(step.accuracy) + (isAbove ? -8 : 16))
                let isFree = taken.allSatisfy {
                    abs($0.x - place.x) > 46 || abs($0.y - place.y) > 12
                }
                guard isFree else { continue }
                taken.append(place)
                text +=
                    "<text class=\"point\" text-anchor=\"middle\" x=\"\(Self.format(place.x))\" y=\"\(Self.format(place.y))\">\(series.points[step.point].configuration.label)</text>\n"
            }
        }
        return text
    }

    /// 1, 2, 5 times powers of ten; powers alone where those would crowd.
    static func ticks(_ low: Double, _ high: Double) -> [Double] {
        guard low > 0, high > low else { return [] }
        let decades = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
        let factors: [Double] = high / low > 2000 ? [1] : [1, 2, 5]
        return decades.flatMap { decade in factors.map { $0 * pow(10, Double(decade)) } }
            .filter { $0 >= low && $0 <= high }
    }

    /// Three digits and a unit: `1.2k`, `34M`, `0.05`.
    static func short(_ value: Double) -> String {
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
