/// A sweep as plots: which dots and lines they have.

import MartletPictures

extension StepPlot {
    /// Accuracy against a cost: every configuration a dot whose shape is its codec, each method's front a line that is
    /// named at its end. Configurations are named at the steps of the dense and of the learned front.
    ///
    /// - Parameter classes: the colour class of each method.
    init(_ report: FrontierReport, cost: FrontierCost, classes: [String: String]) {
        let marks = Self.marks(of: report)
        self.init(
            title: "accuracy against \(cost.title)", costTitle: "\(cost.title) a problem, mean",
            series: report.fronts.map { each in
                let front = ParetoFront(each.points, cost: cost).steps
                let corners = Set(front.map(\.point))
                let band = report.bands.first { $0.series == each.name && $0.cost == cost }
                return Series(
                    name: each.method, style: classes[each.method] ?? "",
                    labels: each.method == FrontierMethod.learned
                        ? .above : each.method == FrontierMethod.reference ? .below : .none,
                    dots: each.points.enumerated().map { index, point in
                        Dot(
                            cost: point.costs[cost], share: point.accuracy,
                            isLarge: corners.contains(index), tip: Self.tip(point, cost),
                            mark: marks[point.configuration.codec] ?? .circle)
                    },
                    steps: front.map { step in
                        Step(
                            cost: step.cost, share: step.accuracy,
                            label: each.points[step.point].configuration.label)
                    },
                    band: (band?.steps ?? []).map {
                        BandStep(
                            cost: $0.cost, low: $0.range.lowerBound, high: $0.range.upperBound)
                    })
            })
    }

    /// Accuracy against the measured compression at the longest length and the largest width with the first codec: a line
    /// from the dense cache, which is every method's compression of 1. Nil where nothing was measured.
    init?(compressionsOf report: FrontierReport, classes: [String: String]) {
        let points = report.points.filter {
            $0.configuration.codec == report.points.first?.configuration.codec
        }
        guard let length = points.map(\.configuration.length).max(),
            let width = points.map(\.configuration.width).max()
        else { return nil }
        func isShown(_ point: FrontierPoint) -> Bool {
            point.configuration.length == length && point.configuration.width == width
                && points.contains(point)
        }
        let dense = report.fronts.first { $0.method == FrontierMethod.reference }?.points
            .first(where: isShown)
        let series = report.fronts.compactMap { each -> Series? in
            var shown = each.points.filter(isShown).compactMap { point in
                point.measured.of(point.configuration.phase).map {
                    (point: point, ratio: max(1, $0))
                }
            }
            guard shown.contains(where: { $0.point.configuration.ratio > 1 }) else { return nil }
            if let dense { shown.append((dense, 1)) }
            shown.sort { $0.ratio < $1.ratio }
            return Series(
                name: each.method, style: classes[each.method] ?? "", labels: .none,
                dots: shown.map { point, ratio in
                    let asked = point.configuration.ratio
                    return Dot(
                        cost: ratio, share: point.accuracy, isLarge: true,
                        tip:
                            "\(point.configuration.method): \(Self.percent(point.accuracy)) at \(Self.short(ratio)) measured, \(Self.short(asked)) asked for"
                    )
                },
                steps: shown.map { Step(cost: $0.ratio, share: $0.point.accuracy, label: "") },
                isSloping: true)
        }
        guard !series.isEmpty else { return nil }
        self.init(
            title: "accuracy against measured compression",
            costTitle: "measured compression, \(length) tokens × \(width) chains",
            series: series)
    }

    /// The shape of each codec's dots, in the order in which codecs first come.
    static func marks(of report: FrontierReport) -> [String: Mark] {
        var marks: [String: Mark] = [:]
        for point in report.points where marks[point.configuration.codec] == nil {
            marks[point.configuration.codec] = Mark.allCases[marks.count % Mark.allCases.count]
        }
        return marks
    }

    private static func tip(_ point: FrontierPoint, _ cost: FrontierCost) -> String {
        "\(point.configuration.name): \(percent(point.accuracy)) at \(short(point.costs[cost] ?? 0)) \(cost.title)"
    }

    private static func percent(_ share: Double) -> String {
        let thousandths = Int((share * 1000).rounded())
        return "\(thousandths / 10).\(thousandths % 10) %"
    }
}

extension FrontierReport {
    /// The series of which fronts are drawn: each method with all its codecs.
    var fronts: [Series] { hasCodecs ? series.filter { $0.codec == nil } : series }
}
