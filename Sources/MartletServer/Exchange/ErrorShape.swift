/// The shapes of errors: each API has its own, and clients read no other.

package import MartletJSON

/// Whose shape an answer has.
package enum WireShape: String, Sendable, CaseIterable {
    /// OpenAI's.
    case openAI
    /// Anthropic's.
    case anthropic
    /// Ollama's.
    case ollama
    /// That of llama.cpp's server.
    case llamaCpp
}

extension WireError {
    /// The body of an answer in an API's shape.
    package func body(_ shape: WireShape, requestID: String) -> JSONValue {
        switch shape {
        case .openAI:
            var error = JSONObject()
                .setting("message", to: .string(message))
                .setting("type", to: .string(Self.openAIType(kind)))
                .setting("param", to: param.map { .string($0) } ?? .null)
                .setting("code", to: code.map { .string($0) } ?? .null)
            for member in details.members { error = error.setting(member.key, to: member.value) }
            return ["error": .object(error)]
        case .llamaCpp:
            var error = JSONObject()
                .setting("code", to: .integer(kind.status))
                .setting("message", to: .string(message))
                .setting("type", to: .string(Self.llamaCppType(kind)))
            for member in details.members { error = error.setting(member.key, to: member.value) }
            return ["error": .object(error)]
        case .anthropic:
            return [
                "type": "error",
                "error": [
                    "type": .string(Self.anthropicType(kind)), "message": .string(message),
                ],
                "request_id": .string(requestID),
            ]
        case .ollama: return ["error": .string(message)]
        }
    }

    private static func openAIType(_ kind: Kind) -> String {
        switch kind {
        case .invalidRequest, .promptTooLong, .methodNotAllowed, .tooLarge, .upgradeRequired:
            "invalid_request_error"
        case .notFound: "not_found_error"
        case .authentication: "authentication_error"
        case .permission: "permission_error"
        case .rateLimited: "rate_limit_error"
        case .notSupported: "not_supported_error"
        case .unavailable: "unavailable_error"
        case .clientGone, .failure: "server_error"
        }
    }

    private static func llamaCppType(_ kind: Kind) -> String {
        kind == .promptTooLong ? "exceed_context_size_error" : openAIType(kind)
    }

    private static func anthropicType(_ kind: Kind) -> String {
        switch kind {
        case .invalidRequest, .promptTooLong, .methodNotAllowed, .notSupported, .upgradeRequired:
            "invalid_request_error"
        case .authentication: "authentication_error"
        case .permission: "permission_error"
        case .notFound: "not_found_error"
        case .tooLarge: "request_too_large"
        case .rateLimited: "rate_limit_error"
        case .unavailable: "overloaded_error"
        case .clientGone, .failure: "api_error"
        }
    }
}
