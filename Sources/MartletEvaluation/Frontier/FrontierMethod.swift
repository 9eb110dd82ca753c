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
    /// The policy's text with placeholders for numbers of tokens: `{budget}`, `{half}` (half the budget), `{rest}` (the
    /// budget less four).
    private let template: String

    private init(
        _ name: String, _ share: SweepForm.Share, _ template: String,
        _ phase: CompressionPhase = .both
    ) {
        self.name = name
        self.phase = phase
        self.share = share
        self.template = template
    }

    /// The methods that are compared unless others are named: the policies' own forms for a sweep.
    public static let known: [FrontierMethod] = CachePolicyRegistry.entries
        .compactMap { entry in entry.sweep.map { (entry, $0) } }
        .sorted { $0.1.place < $1.1.place }
        .map { entry, form in
            FrontierMethod(entry.name, form.share, form.template, phase(of: entry, form.share))
        }

    /// The method under which nothing is compressed, with which others are compared.
    static let reference = known.first(where: \.isDense)?.name ?? ""
    /// The method with a model of its own for each compression.
    package static let learned = known.first(where: \.hasOwnModels)?.name ?? ""

    private static func phase(
        of entry: CachePolicyEntry, _ share: SweepForm.Share
    ) -> CompressionPhase {
        if share == .none || entry.phases.contains(.decode) { return .both }
        return entry.phases.contains(.prefill) ? .prompt : .steps
    }

    /// Reads the name of a known method, or a policy's text with `{budget}` in it. The budget is a share of prompt and
    /// completion together; of the prompt alone when the text begins with `prompt:`. A text that begins with `steps:`
    /// is reported as a method that thins out what decoding reads.
    ///
    /// Throws `invalidParameter` for any other text.
    public init(_ text: String) throws(MartletError) {
        if let known = Self.known.first(where: { $0.name == text }) {
            self = known
            return
        }
        guard text.contains("{budget}") else {
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
    public func policy(ratio: Double, promptTokens: Int, length: Int) -> String {
        let tokens = share == .prompt ? promptTokens : promptTokens + length
        // With fewer than eight tokens the methods have nothing to choose.
        let budget = max(8, Int((Double(tokens) / ratio).rounded(.up)))
        return
            template
            .replacingOccurrences(of: "{budget}", with: "\(budget)")
            .replacingOccurrences(of: "{half}", with: "\(max(1, budget / 2))")
            .replacingOccurrences(of: "{rest}", with: "\(max(1, budget - 4))")
    }
}
