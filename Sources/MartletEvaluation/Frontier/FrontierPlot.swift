/// A sweep against one cost as a plot: which dots and lines it has.

import MartletPictures

extension StepPlot {
    /// Accuracy against a cost: every configuration a dot, each method's front a line. Configurations are named at
    /// the steps of the dense and of the learned front.
    ///
    /// - Parameter classes: the colour class of each method.
    init(_ report: FrontierReport, cost: FrontierCost, classes: [String: String]) {
        self.init(
            title: "accuracy against \(cost.title)", costTitle: "\(cost.title) a problem, mean",
            series: report.series.map { each in
                let front = ParetoFront(each.points, cost: cost).steps
                let corners = Set(front.map(\.point))
                return Series(
                    name: each.method, style: classes[each.method] ?? "",
                    labels: each.method == FrontierMethod.learned
                        ? .above : each.method == FrontierMethod.reference ? .below : .none,
                    dots: each.points.enumerated().map { index, point in
                        Dot(
                            cost: point.costs[cost], share: point.accuracy,
                            isLarge: corners.contains(index), tip: Self.tip(point, cost))
                    },
                    steps: front.map { step in
                        Step(
                            cost: step.cost, share: step.accuracy,
                            label: each.points[step.point].configuration.label)
                    })
            })
    }

    private static func tip(_ point: FrontierPoint, _ cost: FrontierCost) -> String {
        let accuracy = Int((point.accuracy * 1000).rounded())
        return "\(point.configuration.method) \(point.configuration.label): "
            + "\(accuracy / 10).\(accuracy % 10) % at \(short(point.costs[cost] ?? 0)) \(cost.title)"
    }
}
