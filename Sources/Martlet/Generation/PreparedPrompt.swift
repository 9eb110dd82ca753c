/// Prompts that are tokens already, and the answers to them: what a server asks of a model.

import MartletCache
package import MartletEngine
package import MartletTemplates

/// A prompt as the model reads it, and how the answer to it is read.
package struct PreparedPrompt: Sendable {
    /// The tokens.
    package let tokens: [Int32]
    /// The text that they were made of; nil where tokens were given.
    package let text: String?
    /// Reads the parts of an answer; nil where the model continues text.
    let parser: ResponseParser?
    /// The marks around what the model thinks; nil where there are none.
    let reasoning: ReasoningMarks?

    /// A text to be continued, or tokens of one.
    package init(tokens: [Int32], text: String? = nil) {
        self.tokens = tokens
        self.text = text
        parser = nil
        reasoning = nil
    }

    init(
        tokens: [Int32], text: String, parser: ResponseParser, reasoning: ReasoningMarks? = nil
    ) {
        self.tokens = tokens
        self.text = text
        self.parser = parser
        self.reasoning = reasoning
    }
}

extension Model {
    /// The prompt of a conversation: through a chat template, or else the messages' texts one after another.
    ///
    /// - Parameters:
    ///   - format: the template; nil for a model without one.
    ///   - continues: whether the answer goes on with the last message, which is the model's.
    ///   - addsPrefix: whether the tokens that begin every text come first where the template does not write them: for a
    ///     template that was not made for the model.
    /// - Throws: `refusedConversation`, `invalidTemplate`, `missingTokenizer`.
    package func prepare(
        _ messages: [Message], tools: [ToolDefinition] = [], options: PromptOptions,
        format: ChatFormat?, continues: Bool = false, addsPrefix: Bool = false
    ) throws(MartletError) -> PreparedPrompt {
        guard let format else {
            let text = messages.map(\.text).joined()
            return PreparedPrompt(
                tokens: try loaded.text.encode(utf8: Array(text.utf8)), text: text)
        }
        let (asked, opened) =
            continues ? (messages.dropLast(), messages.last) : (messages[...], nil)
        var rendered: RenderedPrompt
        do throws(TemplateError) {
            rendered = try format.prompt(Array(asked), tools: tools, options: options)
        } catch { throw MartletError(error) }
        if let opened { rendered = rendered.followed(byInput: opened.text) }
        var tokens = try loaded.text.encode(rendered)
        if addsPrefix, let prefix = tokenizer?.prefixTokens, !tokens.starts(with: prefix) {
            tokens = prefix + tokens
        }
        return PreparedPrompt(
            tokens: tokens, text: rendered.text,
            parser: format.parser(answering: rendered, tools: tools),
            reasoning: format.reasoning(answering: rendered))
    }

    /// Starts to answer a prompt with one or more chains, once what they must match is compiled. The first event says that
    /// the engine has taken it.
    ///
    /// - Parameter watch: where glances at what the cache holds for it are left.
    /// - Throws: `promptTooLong`, `contextExceeded`, `invalidParameter`, `cancelled`; reading the stream throws what else the
    ///   prompt is refused for.
    package func answers(
        to prompt: PreparedPrompt, options: GenerationOptions, chainCount: Int = 1,
        watch: CacheWatch? = nil
    ) async throws(MartletError) -> AnswerStream {
        var options = options
        options.constraint = options.constraint?.after(prompt.reasoning)
        var compiled: CompiledConstraint?
        if let constraint = options.constraint { compiled = try await compile(constraint) }
        let stream = try generate(
            prompt.tokens, options: options, chainCount: chainCount, watch: watch,
            compiled: compiled)
        return AnswerStream(
            base: stream, chainCount: chainCount,
            reader: prompt.parser.map { AnswerReader($0, options: options, text: loaded.text) })
    }
}

/// The pieces of all chains of an answer, told apart into what the model thinks, says and calls.
package struct AnswerStream: AsyncSequence, Sendable {
    /// What it yields.
    package typealias Element = ChainPart
    /// How it fails.
    package typealias Failure = MartletError

    let base: ChainStream
    let chainCount: Int
    let reader: AnswerReader?

    /// Ends generation within one step. The chains' last pieces still come, with what there is.
    package func cancel() { base.cancel() }

    /// Reads the pieces in order.
    package struct AsyncIterator: AsyncIteratorProtocol {
        var base: ChainStream.AsyncIterator
        var readers: [AnswerReader?]

        /// Waits until the engine has taken the prompt. Throws when it refuses it.
        package mutating func begin() async throws(MartletError) { try await base.begin() }

        /// The next piece, or nil at the end. Throws when the prompt is refused or the model fails.
        package mutating func next() async throws(MartletError) -> ChainPart? {
            try await next(isolation: nil)
        }

        /// The next piece, or nil at the end. Throws when the prompt is refused or the model fails.
        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(MartletError) -> ChainPart? {
            guard let piece = try await base.next(isolation: actor) else { return nil }
            guard let part = readers[piece.chain]?.read(piece.part) else { return piece }
            return ChainPart(chain: piece.chain, part: part)
        }
    }

    /// Starts reading; there is one reader.
    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(
            base: base.makeAsyncIterator(), readers: Array(repeating: reader, count: chainCount))
    }
}
