/// The file in which a sweep lies beside the weights that it measured; knows its form, not what plans do with it.

import MartletFormats

/// What `martlet frontier` found of a model and its other forms.
package struct MeasuredSweep: Sendable {
    /// The name that `martlet frontier` gives its file.
    package static let fileName = "frontier.json"

    private let lines: [JSONObject]

    /// Reads the sweep in a model's folder; nil where there is none, or none that can be read: a plan can do without.
    package init?(folder: String) {
        guard let file = try? ConfigurationFile(path: folder + "/" + Self.fileName),
            let points = file.root["points"]?.arrayValue
        else { return nil }
        lines = points.compactMap(\.objectValue)
    }

    /// The points of one form; nil without any.
    ///
    /// - Parameters:
    ///   - model: a name as `martlet frontier` was given it, of which the last part counts.
    ///   - method: the cache policy's name without parameters.
    func frontier(model: String, method: String) -> MeasuredFrontier? {
        func last(_ path: String) -> Substring { path.split(separator: "/").last ?? "" }
        return MeasuredFrontier(
            lines.compactMap { point in
                guard point["method"]?.stringValue == method,
                    last(point["model"]?.stringValue ?? "") == last(model),
                    let width = point["width"]?.intValue, width >= 1,
                    let length = point["length"]?.intValue, length >= 1,
                    let accuracy = point["accuracy"]?.doubleValue, (0...1).contains(accuracy)
                else { return nil }
                let tokens = point["tokens"]?.doubleValue.map { $0 / Double(width) }
                return .init(width: width, length: length, accuracy: accuracy, tokens: tokens)
            })
    }
}
