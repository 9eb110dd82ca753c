/// The one place that knows which status an error of the library has.

import Martlet
import MartletJSON

extension WireError {
    /// From an error of the library.
    init(_ error: MartletError) {
        let kind: Kind =
            switch error.code {
            case .invalidParameter, .invalidPolicy, .tokenOutOfRange, .emptyPrompt, .invalidText,
                .refusedConversation, .contextExceeded, .missingTemplate, .missingTokenizer,
                .budgetTooSmall, .deadlineTooShort, .outOfPages:
                .invalidRequest
            case .promptTooLong: .promptTooLong
            case .unsupportedArchitecture, .unsupportedFormat, .unsupportedDType,
                .unsupportedTokenizer:
                .notSupported
            case .fileNotFound, .unknownModel: .notFound
            case .accessDenied: .permission
            case .shutDown: .unavailable
            case .cancelled: .clientGone
            case .busy: .rateLimited
            default: .failure
            }
        self.init(
            kind, error.message,
            code: kind == .promptTooLong
                ? "context_length_exceeded" : error.code.description)
    }

    /// From anything that was thrown without a type.
    init(any error: any Error) {
        switch error {
        case let error as WireError: self = error
        case let error as MartletError: self.init(error)
        default: self.init(.failure, "an unexpected error: \(error); please report it.")
        }
    }

    /// The prompt does not fit. The words are those that clients of OpenAI's API look for, and of llama.cpp's.
    static func promptTooLong(tokens: Int, context: Int, at path: String) -> WireError {
        WireError(
            .promptTooLong,
            "This model's maximum context length is \(context) tokens. However, your messages resulted in "
                + "\(tokens) tokens: the request exceeds the available context size. Please reduce the length of "
                + "the messages.", param: path, code: "context_length_exceeded",
            details: .init(present: [
                "n_prompt_tokens": .integer(tokens), "n_ctx": .integer(context),
            ]))
    }
}
