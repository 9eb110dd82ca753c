/// The file in which sweeps lie beside the weights that they measured; knows its form, not what plans do with it.

import Foundation
import MartletFormats

/// What `martlet frontier` found of a model and its other forms, on one task or on several.
///
/// How right a form is depends on what is asked, and a plan sees of that how long the prompt is: it goes by the
/// sweep whose prompts were the nearest in length, on a logarithmic scale.
package struct MeasuredSweep: Sendable {
    /// The name that `martlet frontier` gives its file.
    package static let fileName = "frontier.json"

    private struct Line {
        /// The last part of the name.
        let model: Substring
        let method: String
        /// The mean of its problems; nil where that was not recorded.
        let promptTokens: Double?
        let point: MeasuredFrontier.Point
    }

    private let lines: [Line]

    /// Reads the file in a model's folder; nil where there is none, or none that can be read: a plan can do without.
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
            let accuracy = object["accuracy"]?.doubleValue, (0...1).contains(accuracy)
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

    /// What was measured of each form with prompts of one length; nil for a form without such points.
    func frontiers(of forms: [LoadedModel], promptTokens: Int) -> [MeasuredFrontier?] {
        frontiers(
            of: forms.map { (model: $0.name, method: String($0.policyText.prefix { $0 != "(" })) },
            promptTokens: promptTokens)
    }

    /// - Parameter forms: names as `martlet frontier` was given them, of which the last part counts, and cache
    ///   policies without parameters.
    func frontiers(
        of forms: [(model: String, method: String)], promptTokens: Int
    ) -> [MeasuredFrontier?] {
        let ofForms = forms.map { form in
            lines.filter { $0.method == form.method && $0.model == Self.last(form.model) }
        }
        // Forms are compared by what the same problems said of them.
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
