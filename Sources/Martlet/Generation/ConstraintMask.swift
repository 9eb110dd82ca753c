/// Constraints over a model's tokens: how the engine reaches them.

import MartletConstraints
import MartletEngine
import MartletTemplates
import MartletTokenizers
import Synchronization

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

/// The constraints of one model, each compiled once for those who ask for it at the same time or soon after.
final class ConstraintMasks: Sendable {
    private struct State {
        var vocabulary: TokenVocabulary?
        /// The latest last.
        var known: [(constraint: Constraint, mask: ConstraintMask)] = []
    }

    private let text: TextCodec
    private let endTokens: Set<Int32>
    private let vocabularySize: Int
    private let state = Mutex(State())
    /// How many constraints are kept.
    private static let maximumKnown = 8
    /// A constraint that has made so many states is compiled anew for later requests.
    private static let maximumStates = 100_000

    init(_ text: TextCodec, endTokens: Set<Int32>, vocabularySize: Int) {
        self.text = text
        self.endTokens = endTokens
        self.vocabularySize = vocabularySize
    }

    /// The mask of a constraint. Throws `invalidParameter` for one that is wrong or not supported, and
    /// `missingTokenizer`.
    func mask(_ constraint: Constraint) throws(MartletError) -> ConstraintMask {
        let known: (mask: ConstraintMask?, vocabulary: TokenVocabulary?) = state.withLock { state in
            let index = state.known.firstIndex { $0.constraint == constraint }
            return (index.map { state.known[$0].mask }, state.vocabulary)
        }
        if let mask = known.mask, !mask.constraint.hasFailed,
            mask.constraint.stateCount < Self.maximumStates
        {
            return mask
        }
        let vocabulary: TokenVocabulary
        if let ready = known.vocabulary {
            vocabulary = ready
        } else {
            vocabulary = try makeVocabulary()
        }
        let mask: ConstraintMask
        do {
            mask = ConstraintMask(
                constraint: try TokenConstraint(constraint, vocabulary: vocabulary),
                tokenizer: text.tokenizer)
        } catch { throw MartletError(error) }
        state.withLock { state in
            state.vocabulary = vocabulary
            state.known.removeAll { $0.constraint == constraint }
            if state.known.count == Self.maximumKnown { state.known.removeFirst() }
            state.known.append((constraint, mask))
        }
        return mask
    }

    private func makeVocabulary() throws(MartletError) -> TokenVocabulary {
        switch text {
        case .tokenizer(let tokenizer):
            var special: [Int32: String] = [:]
            var tokens: [[UInt8]?] = []
            for id in 0..<Int32(vocabularySize) {
                let bytes = tokenizer.token(for: id)
                let isSpecial = tokenizer.isSpecial(id) || endTokens.contains(id)
                tokens.append(isSpecial ? nil : bytes)
                if isSpecial, !endTokens.contains(id), let bytes {
                    special[id] = String(decoding: bytes, as: UTF8.self)
                }
            }
            return TokenVocabulary(tokens: tokens, endTokens: endTokens, special: special)
        case .bytes:
            let tokens: [[UInt8]?] = (0..<vocabularySize).map { $0 < 256 ? [UInt8($0)] : nil }
            return TokenVocabulary(tokens: tokens, endTokens: endTokens)
        case .none(let name): throw .missingTokenizer(name)
        }
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

extension TextCodec {
    fileprivate var tokenizer: Tokenizer? {
        if case .tokenizer(let tokenizer) = self { tokenizer } else { nil }
    }
}
