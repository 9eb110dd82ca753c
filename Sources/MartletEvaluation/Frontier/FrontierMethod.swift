/// Cache methods as a sweep names them, and the policy that each becomes at a compression.

import Foundation
public import Martlet

/// A method that a sweep sets up at several compressions.
public struct FrontierMethod: Sendable, Hashable {
    /// The tokens that a compression ratio divides.
    private enum Share: Sendable, Hashable {
        /// Nothing is compressed.
        case none
        /// Prompt and completion together, held while generating.
        case all
        /// The prompt alone, chosen when it is complete.
        case prompt
        /// A model of its own for each compression.
        case model
    }

    /// Its name, such as `tova`.
    public let name: String
    /// The part of the model's work that it thins out.
    public let phase: CompressionPhase
    private let share: Share
    /// The policy's text with placeholders for numbers of tokens: `{budget}`, `{half}` (half the budget), `{window}`
    /// (half the budget, at most 16), `{rest}` (the budget less four).
    private let template: String

    private init(
        _ name: String, _ share: Share, _ template: String, _ phase: CompressionPhase = .both
    ) {
        self.name = name
        self.phase = phase
        self.share = share
        self.template = template
    }

    /// The methods that have names of their own.
    public static let known: [FrontierMethod] = [
        FrontierMethod("dense", .none, "dense"),
        FrontierMethod("dms", .model, "dms"),
        FrontierMethod("tova", .all, "tova(budget={budget})"),
        FrontierMethod("h2o", .all, "h2o(budget={budget}, recent={half})"),
        FrontierMethod("window", .all, "window(sinks=4, recent={rest})"),
        FrontierMethod("quest", .all, "quest(budget={budget}, dense=0)", .steps),
        FrontierMethod("snapkv", .prompt, "snapkv(budget={budget}, window={window})", .prompt),
    ]

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
                message: "policies: got '\(text)', expected "
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
            .replacingOccurrences(of: "{window}", with: "\(max(1, min(16, budget / 2)))")
            .replacingOccurrences(of: "{rest}", with: "\(max(1, budget - 4))")
    }
}
