/// Cache methods as a sweep names them, and the policy that each becomes at a compression.

import Foundation
public import Martlet
import MartletFormats
import MartletPolicies

/// A method that a sweep sets up at several compressions.
public struct FrontierMethod: Sendable, Hashable {
    /// Its name, such as `tova`.
    public let name: String
    /// The part of the model's work that it thins out.
    public let phase: CompressionPhase
    private let share: SweepForm.Share
    /// The policy's text with placeholders for numbers; see ``SweepForm/template``.
    private let template: String
    /// How the text itself says that keys and values are stored; nil where that is left to the sweep.
    let ownCodec: String?

    private init(
        _ name: String, _ share: SweepForm.Share, _ template: String,
        _ phase: CompressionPhase = .both
    ) {
        self.name = name
        self.phase = phase
        self.share = share
        self.template = template
        ownCodec = template.firstMatch(of: /(?:^|[^a-z])kv\(\s*([a-z0-9]+)/).map { String($0.1) }
    }

    /// The methods that are compared unless others are named: the policies' own forms for a sweep.
    public static let known: [FrontierMethod] = CachePolicyRegistry.entries
        .flatMap { entry in entry.sweep.map { (entry, $0) } }
        .sorted { $0.1.place < $1.1.place }
        .map { entry, form in
            FrontierMethod(
                form.name ?? entry.name, form.share, form.template, phase(of: entry, form.share))
        }

    /// The method under which nothing is compressed, with which others are compared.
    package static let reference = known.first(where: \.isDense)?.name ?? ""
    /// The method with a model of its own for each compression.
    package static let learned = known.first(where: \.hasOwnModels)?.name ?? ""
    /// The series of a model that was trained as retrofits are and compresses nothing.
    package static let control = "control"

    private static func phase(
        of entry: CachePolicyEntry, _ share: SweepForm.Share
    ) -> CompressionPhase {
        if share == .none || share == .model || entry.phases.contains(.decode) { return .both }
        return share == .prompt ? .prompt : .steps
    }

    /// Reads the name of a known method, or a policy's text with `{budget}` or `{cut}` in it. A budget is a share of
    /// prompt and completion together; of the prompt alone when the text begins with `prompt:`. A text that begins with
    /// `steps:` is reported as a method that thins out what decoding reads.
    ///
    /// Throws `invalidParameter` for any other text.
    public init(_ text: String) throws(MartletError) {
        if let known = Self.known.first(where: { $0.name == text }) {
            self = known
            return
        }
        guard text.contains("{budget}") || text.contains("{cut}") else {
            throw MartletError(
                code: .invalidParameter, subject: "policies",
                message: "policies: got \(quoted(text)), expected "
                    + Self.known.map(\.name).joined(separator: ", ")
                    + ", or a policy with {budget} in it, after prompt: or steps: where it thins out only these; "
                    + "correct or remove it")
        }
        let phase = CompressionPhase.allCases.first { text.hasPrefix($0.rawValue + ":") }
        let policy = phase.map { String(text.dropFirst($0.rawValue.count + 1)) } ?? text
        self.init(text, phase == .prompt ? .prompt : .all, policy, phase ?? .both)
    }

    /// Whether each compression ratio needs a model of its own.
    public var hasOwnModels: Bool { share == .model }
    /// Whether the method compresses nothing, and so is measured once instead of at each ratio.
    public var isDense: Bool { share == .none }

    /// The policy's text at a compression ratio.
    ///
    /// - Parameters:
    ///   - ratio: tokens over tokens that stay.
    ///   - promptTokens: tokens of the longest prompt.
    ///   - length: the most tokens of a completion.
    ///   - codec: how keys and values are stored; nil and `f32` leave the text as it is.
    public func policy(
        ratio: Double, promptTokens: Int, length: Int, codec: String? = nil
    ) -> String {
        let (sum, overflow) = promptTokens.addingReportingOverflow(length)
        let tokens = share == .prompt ? promptTokens : overflow ? .max : sum
        // With fewer than eight tokens the methods have nothing to choose.
        let budget = max(8, Int(exactly: (Double(tokens) / ratio).rounded(.up)) ?? .max)
        let text =
            template
            .replacingOccurrences(of: "{budget}", with: "\(budget)")
            .replacingOccurrences(of: "{half}", with: "\(max(1, budget / 2))")
            .replacingOccurrences(of: "{rest}", with: "\(max(1, budget - 4))")
            .replacingOccurrences(of: "{cut}", with: String(format: "%.4f", 1 - 1 / ratio))
        guard ownCodec == nil, let codec, codec != Self.plainCodec else { return text }
        return text + " + kv(\(codec))"
    }

    /// The codec of a cache that no policy says anything of.
    static let plainCodec = "f32"
}
