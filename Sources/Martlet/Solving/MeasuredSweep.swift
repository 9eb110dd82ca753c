/// Reads `frontier.json`, the file of sweeps beside a model's weights; knows its form, not what plans do with it.

import Foundation
import MartletFormats

/// The points that `martlet frontier` measured of a model and its other forms, on one task or on several.
///
/// Accuracy depends on the task, and all that a plan knows of the task is the length of the prompt. So it uses the
/// sweep whose mean prompt length is nearest to the prompt's, on a logarithmic scale.
package struct MeasuredSweep: Sendable {
    /// The name that `martlet frontier` gives its file.
    package static let fileName = "frontier.json"

    private struct Line {
        /// The last component of the model's path or name.
        let model: Substring
        let method: String
        /// Mean tokens of the sweep's prompts; nil when the sweep did not record them.
        let promptTokens: Double?
        let point: MeasuredFrontier.Point
    }

    private let lines: [Line]

    /// Reads the file in a model's folder; nil when there is none or it cannot be read. A plan works without it.
    package init?(folder: String) {
        guard let file = try? ConfigurationFile(path: folder + "/" + Self.fileName),
            let points = file.root["points"]?.arrayValue
        else { return nil }
        lines = points.compactMap { $0.objectValue.flatMap(Self.line) }
    }

    private static func line(_ object: JSONObject) -> Line? {
        guard let method = object["method"]?.stringValue, let model = object["model"]?.stringValue,
            let width = object["width"]?.intValue, width >= 1,
            let length = object["length"]?.intValue, length >= 1,
            let accuracy = object["accuracy"]?.doubleValue, (0...1).contains(accuracy),
            // What chains wrote is not negative; a number that no chain wrote would make the plan's arithmetic none.
            (0...1e12).contains(object["tokens"]?.doubleValue ?? 0)
        else { return nil }
        let prompt = object["promptTokens"]?.doubleValue
        return Line(
            model: last(model), method: method, promptTokens: prompt.flatMap { $0 > 0 ? $0 : nil },
            point: .init(
                width: width, length: length, accuracy: accuracy,
                tokens: object["tokens"]?.doubleValue.map { $0 / Double(width) }))
    }

    private static func last(_ path: String) -> Substring {
        path.split(separator: "/").last ?? ""
    }

    /// The measured frontier of each form for a prompt of `promptTokens` tokens; nil for a form that was not measured.
    ///
    /// All frontiers come from one sweep, so that they compare the forms on the same problems.
    func frontiers(of forms: [LoadedModel], promptTokens: Int) -> [MeasuredFrontier?] {
        frontiers(
            of: forms.map { (model: $0.name, method: String($0.policyText.prefix { $0 != "(" })) },
            promptTokens: promptTokens)
    }

    /// - Parameters:
    ///   - forms: the model's name or path, of which the last component counts, and the name of the cache policy
    ///     without parameters.
    ///   - promptTokens: tokens of the prompt.
    func frontiers(
        of forms: [(model: String, method: String)], promptTokens: Int
    ) -> [MeasuredFrontier?] {
        let ofForms = forms.map { form in
            lines.filter { $0.method == form.method && $0.model == Self.last(form.model) }
        }
        // Only prompt lengths at which every form was measured.
        var common = Set(ofForms.first?.map(\.promptTokens) ?? [])
        for lines in ofForms { common.formIntersection(lines.map(\.promptTokens)) }
        func distance(_ prompt: Double?) -> Double {
            prompt.map { abs(log($0 / Double(max(1, promptTokens)))) } ?? .infinity
        }
        let nearest = common.min {
            (distance($0), $0 ?? 0) < (distance($1), $1 ?? 0)
        }
        guard let nearest else { return forms.map { _ in nil } }
        return ofForms.map { lines in
            MeasuredFrontier(lines.filter { $0.promptTokens == nearest }.map(\.point))
        }
    }
}
