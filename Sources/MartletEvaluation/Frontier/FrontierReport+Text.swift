/// A report as a table and as JSON.

package import MartletFormats

extension FrontierReport {
    /// One line for each point, with a heading.
    public var csv: String {
        var text =
            "method,model,policy,length,width,ratio,samples,accuracy,lower,upper,"
            + costs.map(\.rawValue).joined(separator: ",") + ",codec,measuredHeld,measuredRead\n"
        for point in points {
            let (c, interval) = (point.configuration, AccuracyInterval(scores: point.scores))
            var cells = [c.method, c.model, c.policy].map {
                "\"\($0.replacing("\"", with: "\"\""))\""
            }
            cells += ["\(c.length)", "\(c.width)", "\(c.ratio)", "\(point.scores.count)"]
            cells += ["\(point.accuracy)", "\(interval.lower)", "\(interval.upper)"]
            cells += costs.map { "\(point.costs[$0] ?? .nan)" }
            cells += [c.codec]
            cells += [point.measured.held, point.measured.read].map { $0.map { "\($0)" } ?? "" }
            text += cells.joined(separator: ",") + "\n"
        }
        return text
    }

    /// Everything, for programs.
    package var json: JSONValue {
        [
            "points": .array(points.map(Self.json)),
            "improvements": .array(
                comparisons.map { .object(JSONObject(Self.members(of: $0))) }),
            "safeRatios": .array(safeRatios.map(\.json)),
            "missingCosts": .array(missingCosts.map { .string($0.cost.rawValue) }),
            "bootstrap": [
                "draws": .integer(draws.count), "seeds": .integer(draws.seedCount),
                "sharesProblems": .bool(draws.sharesProblems), "seed": .seed(draws.seed),
            ],
        ]
    }

    private static func json(_ point: FrontierPoint) -> JSONValue {
        let interval = AccuracyInterval(scores: point.scores)
        let c = point.configuration
        func number(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
        return [
            "method": .string(c.method), "model": .string(c.model), "policy": .string(c.policy),
            "length": .integer(c.length), "width": .integer(c.width), "ratio": .number(c.ratio),
            "samples": .integer(point.scores.count), "accuracy": .number(point.accuracy),
            "interval": interval.json, "promptTokens": number(point.promptTokens),
            "tokens": .number(point.tokens),
            "costs": .object(
                JSONObject(
                    FrontierCost.allCases.map { cost in
                        .init(key: cost.rawValue, value: number(point.costs[cost]))
                    })),
            "codec": .string(c.codec), "phase": .string(c.phase.rawValue),
            "models": .integer(point.replicas.count),
            "measuredHeld": number(point.measured.held),
            "measuredRead": number(point.measured.read),
        ]
    }

    private static func members(of each: Comparison) -> [JSONObject.Member] {
        func range(_ range: ClosedRange<Double>) -> JSONValue {
            [.number(range.lowerBound), .number(range.upperBound)]
        }
        func estimate(_ estimate: FrontierEstimate) -> JSONValue {
            ["improvement": .number(estimate.value), "interval": range(estimate.interval)]
        }
        return [
            .init(key: "method", value: .string(each.method)),
            .init(key: "over", value: .string(each.over)),
            .init(key: "cost", value: .string(each.cost.rawValue)),
            .init(key: "improvement", value: .number(each.result.improvement)),
            .init(key: "interval", value: range(each.result.interval)),
            .init(key: "withDense", value: .bool(each.withDense)),
            .init(key: "budgets", value: range(each.result.range)),
            .init(key: "linear", value: estimate(each.result.linear)),
            .init(key: "thirds", value: .array(each.result.thirds.map(estimate))),
            .init(
                key: "fullLength", value: each.result.fullLength.map { .number($0) } ?? .null),
            .init(
                key: "beyondFullLength",
                value: each.result.beyondFullLength.map(estimate) ?? .null),
        ]
    }
}
