/// Reads `frontier.json`, the file of sweeps beside a model's weights; knows its form, not what plans do with it.

import Foundation
import MartletFormats
import MartletKernels
import MartletPolicies

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
        /// How keys and values were stored; sweeps that do not say stored floats.
        let storage: Storage
        /// Mean tokens of the sweep's prompts; nil when the sweep did not record them.
        let promptTokens: Double?
        let point: MeasuredFrontier.Point
    }

    private let lines: [Line]

    /// How keys and values are stored, as far as accuracies differ by it: floats of any width are one and the same, because
    /// what 16 bits lose is less than a sweep of some hundred problems can tell.
    package enum Storage: Sendable, Hashable {
        case floats
        /// A codec of integers, or a method of sealing, by its name.
        case named(String)

        /// Reads the name of a codec.
        init(_ name: String) {
            switch CacheCodec(rawValue: name) {
            case .f32, .f16, .bf16: self = .floats
            default: self = .named(name)
            }
        }
    }

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
            model: last(model), method: method,
            storage: object["codec"]?.stringValue.map(Storage.init) ?? .floats,
            promptTokens: prompt.flatMap { $0 > 0 ? $0 : nil },
            point: .init(
                width: width, length: length, accuracy: accuracy,
                tokens: object["tokens"]?.doubleValue.map { $0 / Double(width) }))
    }

    private static func last(_ path: String) -> Substring {
        path.split(separator: "/").last ?? ""
    }

    /// The codecs of integers that the sweep measured a form with, the one that changes least first.
    func codecs(of form: LoadedModel) -> [CacheCodec] {
        let method = Self.method(of: form)
        return CacheCodec.allCases.filter { codec in
            let storage = Storage(codec.rawValue)
            return storage != .floats
                && lines.contains {
                    $0.storage == storage && $0.method == method
                        && $0.model == Self.last(form.name)
                }
        }
    }

    private static func method(of form: LoadedModel) -> String {
        String(form.policyText.prefix { $0 != "(" && $0 != " " })
    }

    /// The measured frontier of each form for a prompt of `promptTokens` tokens; nil for a form that was not measured.
    ///
    /// All frontiers come from one sweep, so that they compare the forms on the same problems. Which sweep that is does not
    /// depend on forms that only a sweep's codecs brought up.
    func frontiers(of forms: [SolveForm], promptTokens: Int) -> [MeasuredFrontier?] {
        frontiers(
            of: forms.map { form in
                let codec = form.loaded.policy.storage.map { $0.prefix { $0 != " " } }
                return (
                    model: form.loaded.name, method: Self.method(of: form.loaded),
                    storage: Storage(codec.map(String.init) ?? form.loaded.cacheCodec.rawValue)
                )
            },
            optional: forms.map(\.isStoredAnew), promptTokens: promptTokens)
    }

    /// - Parameters:
    ///   - forms: the model's name or path, of which the last component counts, the name of the cache policy without
    ///     parameters, and how it stores keys and values.
    ///   - optional: which forms need not be measured; nil for none.
    ///   - promptTokens: tokens of the prompt.
    func frontiers(
        of forms: [(model: String, method: String, storage: Storage)],
        optional: [Bool]? = nil, promptTokens: Int
    ) -> [MeasuredFrontier?] {
        let ofForms = forms.map { form in
            lines.filter {
                $0.method == form.method && $0.model == Self.last(form.model)
                    && $0.storage == form.storage
            }
        }
        // Only prompt lengths at which every form was measured.
        var common = Set(ofForms.first?.map(\.promptTokens) ?? [])
        for (index, lines) in ofForms.enumerated() where optional?[index] != true {
            common.formIntersection(lines.map(\.promptTokens))
        }
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
