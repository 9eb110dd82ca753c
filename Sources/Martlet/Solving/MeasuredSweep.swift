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

    fileprivate struct Line {
        /// The last component of the model's path or name.
        let model: Substring
        let method: String
        /// The policy with all parameters; nil in sweeps that do not say it.
        let policy: String?
        /// How keys and values were stored; sweeps that do not say stored floats.
        let storage: Storage
        /// Mean tokens of the sweep's prompts; nil when the sweep did not record them.
        let promptTokens: Double?
        /// Tokens over tokens held and over tokens read, as measured; nil when the sweep did not record them.
        let held: Double?
        let read: Double?
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

    /// Reads the file that somebody named, or the one in a sweep's folder.
    ///
    /// Throws `fileNotFound`, `unreadableFile`, `malformedFile` for one that holds no points, and `invalidParameter` for one
    /// that measured other models.
    init(named path: String, of model: String) throws(MartletError) {
        let isFolder = FileSystem.kind(of: path) == .directory
        let file = isFolder ? path + "/" + Self.fileName : path
        guard FileSystem.kind(of: file) != .nothing else {
            throw MartletError(
                code: .fileNotFound, subject: file,
                message:
                    "\(file) is not there; name the folder of a sweep (martlet frontier --out FOLDER) or its \(Self.fileName)"
            )
        }
        let root: JSONObject
        do { root = try ConfigurationFile(path: file).root } catch {
            throw MartletError(any: error)
        }
        lines = (root["points"]?.arrayValue ?? []).compactMap { $0.objectValue.flatMap(Self.line) }
        guard !lines.isEmpty else {
            throw MartletError(
                code: .malformedFile, subject: file,
                message:
                    "\(file), points: got none, expected those of a sweep; name its \(Self.fileName)"
            )
        }
        guard lines.contains(where: { $0.model == Self.last(model) }) else {
            let others = Set(lines.map { String($0.model) }).sorted().joined(separator: ", ")
            throw MartletError(
                code: .invalidParameter, subject: "sweep",
                message:
                    "sweep: \(file) measured \(others), not \(Self.last(model)); name a sweep of the model that answers"
            )
        }
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
            model: last(model), method: method, policy: object["policy"]?.stringValue,
            storage: object["codec"]?.stringValue.map(Storage.init) ?? .floats,
            promptTokens: prompt.flatMap { $0 > 0 ? $0 : nil },
            held: ratio(object["measuredHeld"]), read: ratio(object["measuredRead"]),
            point: .init(
                width: width, length: length, accuracy: accuracy,
                tokens: object["tokens"]?.doubleValue.map { $0 / Double(width) }))
    }

    /// A compression that a chain can have; nil for anything else.
    private static func ratio(_ value: JSONValue?) -> Double? {
        value?.doubleValue.flatMap { $0 > 0 && $0 < 1e6 ? $0 : nil }
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

    /// The name that sweeps have for a form's method, where that is its policy's.
    private static func method(of form: LoadedModel) -> String {
        String(form.policyText.prefix { $0 != "(" && $0 != " " })
    }

    /// How much longer than the sweep's a prompt may be for which its policies are chosen.
    static let mostLonger = 1.5

    /// A policy that the sweep measured.
    struct Policy {
        /// With all parameters, and how it stores keys and values.
        let text: String
        /// Tokens over tokens held and over tokens read.
        let held: Double
        let read: Double
        /// The longest chains that it was measured with.
        let length: Int
    }

    /// The policies of other methods that the sweep measured a model with, in the sweep's order.
    func policies(besides form: LoadedModel) -> [Policy] {
        let own = Self.method(of: form)
        var order: [String] = []
        var groups: [String: [Line]] = [:]
        for line in lines where line.model == Self.last(form.name) && line.method != own {
            guard let text = line.policy else { continue }
            if groups[text] == nil { order.append(text) }
            groups[text, default: []].append(line)
        }
        return order.map { text in
            let group = groups[text] ?? []
            func mean(_ value: (Line) -> Double?) -> Double {
                let known = group.compactMap(value)
                return known.isEmpty ? 1 : max(1, known.reduce(0, +) / Double(known.count))
            }
            return Policy(
                text: text, held: mean(\.held), read: mean(\.read),
                length: group.map(\.point.length).max() ?? 1)
        }
    }

    /// The measured frontier of each form for a prompt of `promptTokens` tokens; nil for a form that was not measured.
    ///
    /// All frontiers come from one sweep, so that they compare the forms on the same problems. Which sweep that is does not
    /// depend on forms that only a sweep brought up, nor, where somebody named the sweep, on any but the first.
    func frontiers(
        of forms: [SolveForm], promptTokens: Int, isNamed: Bool = false
    ) -> [MeasuredFrontier?] {
        frontiers(
            forms.map { form in
                let model = Self.last(form.loaded.name)
                if let policy = form.measuredPolicy {
                    // A budget for such prompts says nothing of longer ones.
                    return lines.filter {
                        $0.model == model && $0.policy == policy
                            && Double(promptTokens) <= Self.mostLonger * ($0.promptTokens ?? 0)
                    }
                }
                let codec = form.loaded.policy.storage.map { String($0.prefix { $0 != " " }) }
                let storage = Storage(codec ?? form.loaded.cacheCodec.rawValue)
                let method = Self.method(of: form.loaded)
                return lines.filter {
                    $0.model == model && $0.method == method && $0.storage == storage
                }
            }, optional: forms.indices.map { forms[$0].isSweeps || (isNamed && $0 > 0) },
            promptTokens: promptTokens)
    }

    /// The frontiers of forms by the name of their cache policy without parameters.
    ///
    /// - Parameters:
    ///   - forms: the model's name or path, of which the last component counts, the policy's name, and how it stores keys and
    ///     values.
    ///   - optional: which forms need not be measured; nil for none.
    ///   - promptTokens: tokens of the prompt.
    func frontiers(
        of forms: [(model: String, method: String, storage: Storage)],
        optional: [Bool]? = nil, promptTokens: Int
    ) -> [MeasuredFrontier?] {
        frontiers(
            forms.map { form in
                lines.filter {
                    $0.method == form.method && $0.model == Self.last(form.model)
                        && $0.storage == form.storage
                }
            }, optional: optional ?? forms.map { _ in false }, promptTokens: promptTokens)
    }

    /// - Parameter optional: which forms need not be measured.
    private func frontiers(
        _ ofForms: [[Line]], optional: [Bool], promptTokens: Int
    ) -> [MeasuredFrontier?] {
        // Only prompt lengths at which every form was measured.
        var common = Set(ofForms.first?.map(\.promptTokens) ?? [])
        for (index, lines) in ofForms.enumerated() where !optional[index] {
            common.formIntersection(lines.map(\.promptTokens))
        }
        func distance(_ prompt: Double?) -> Double {
            prompt.map { abs(log($0 / Double(max(1, promptTokens)))) } ?? .infinity
        }
        let nearest = common.min {
            (distance($0), $0 ?? 0) < (distance($1), $1 ?? 0)
        }
        guard let nearest else { return ofForms.map { _ in nil } }
        return ofForms.map { lines in
            MeasuredFrontier(lines.filter { $0.promptTokens == nearest }.map(\.point))
        }
    }
}
