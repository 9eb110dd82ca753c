/// Constraints over a model's tokens: how the engine reaches them.

import MartletConstraints
import MartletEngine
import MartletTemplates
import MartletTokenizers

/// A compiled constraint as the engine sees it.
struct ConstraintMask: TokenMask {
    let constraint: TokenConstraint
    /// Nil for a model whose tokens are bytes.
    let tokenizer: Tokenizer?

    private func state(_ state: TokenMaskState) -> TokenConstraint.State {
        TokenConstraint.State(rawValue: state.rawValue)
    }

    var start: TokenMaskState { TokenMaskState(rawValue: constraint.start.rawValue) }

    func allowed(after state: TokenMaskState) throws -> AllowedTokens {
        let set = try constraint.tokens(after: self.state(state))
        guard set.count > 0 else {
            throw ConstraintError(
                place: "the vocabulary",
                problem: "no token of this model can go on with the text; use another constraint")
        }
        return AllowedTokens(words: set.words, count: set.count)
    }

    func state(_ state: TokenMaskState, after token: Int32) -> TokenMaskState? {
        constraint.state(self.state(state), after: token).map {
            TokenMaskState(rawValue: $0.rawValue)
        }
    }

    func isFinished(_ state: TokenMaskState) -> Bool { constraint.isFinished(self.state(state)) }

    func forcedTokens(after token: Int32, in state: TokenMaskState) -> [Int32] {
        guard let tokenizer else { return [] }
        return constraint.forcedTokens(after: token, in: self.state(state)) { bytes in
            try? tokenizer.encode(
                utf8: bytes, addSpecialTokens: false, recognizeSpecialTokens: false)
        }
    }

    func completionBound(_ state: TokenMaskState) -> Int {
        constraint.shortestLength(self.state(state))
    }

    func completion(of state: TokenMaskState) -> [Int32] {
        constraint.completionTokens(self.state(state))
    }
}

extension Constraint {
    /// The constraint on what a model says, which may think before.
    func after(_ reasoning: ReasoningMarks?) -> Constraint {
        guard let reasoning else { return self }
        let body = Outline.matching(self)
        if reasoning.isOpen { return .outline(.after(reasoning.close, body)) }
        let opening = Outline.choice([.text(reasoning.open), .special(reasoning.open)])
        let thoughts = Outline.sequence([opening, .after(reasoning.close, .text(""))])
        return .outline(
            .sequence([.repetition(thoughts, least: 0, most: 1, separator: ""), body]))
    }
}
