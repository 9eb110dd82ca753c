// The tokens of a prompt and of what follows it, as a model meets them when it answers.

import MartletTokenizers

extension Tokenizer {
    /// The tokens of a prompt, with those that the model wants around a text. Whatever it spells, it holds no special ones.
    func promptTokens(_ text: String) -> [Int32] {
        encode(text, recognizeSpecialTokens: false)
    }

    /// The tokens of what follows a prompt, without any that would begin or end it.
    ///
    /// Some tokenizers mark the beginning of a text, which an answer has not: so it is read behind its prompt, where that
    /// leaves the prompt's tokens as they are, and by itself where the two grow together.
    ///
    /// - Parameter tokens: the prompt's.
    func continuation(_ text: String, of prompt: String, _ tokens: [Int32]) -> [Int32] {
        let whole = encode(prompt + text, recognizeSpecialTokens: false)
        if whole.starts(with: tokens) { return Array(whole.dropFirst(tokens.count)) }
        return encode(text, addSpecialTokens: false, recognizeSpecialTokens: false)
    }
}
