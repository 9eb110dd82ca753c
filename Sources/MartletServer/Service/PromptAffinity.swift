/// The name of a conversation's beginning, by which a proxy sends what goes on with it to the server that knows it.

import MartletKernels
import MartletTemplates

/// The value of the header `x-martlet-prefix`: the same for every turn of a conversation, and for every prompt that begins
/// with the same tokens where there are no turns. A client that sends the header gets its own value back, so that a
/// conversation may have a name before it has a first answer.
enum PromptAffinity {
    static let header = "x-martlet-prefix"

    /// Tokens that name a prompt without turns.
    private static let tokens = 256
    /// Letters of a name that a client chose.
    private static let longest = 128

    /// The name of a conversation: everything up to the first message of its user.
    static func name(of messages: [Message], tools: [ToolDefinition]) -> String {
        var bytes: [UInt8] = []
        for tool in tools { bytes += Array(tool.name.utf8) + [0] }
        for message in messages {
            bytes += Array(message.role.rawValue.utf8) + [0] + Array(message.text.utf8) + [0]
            if message.role == .user { break }
        }
        return name(bytes)
    }

    /// The name of a prompt.
    static func name(of prompt: [Int32]) -> String {
        name(
            prompt.prefix(tokens).flatMap { token in
                (0..<4).map { UInt8(truncatingIfNeeded: token >> (8 * $0)) }
            })
    }

    private static func name(_ bytes: [UInt8]) -> String {
        SecureDigest.text(Array(SecureDigest.of(bytes, .sha256).prefix(8)))
    }

    /// The name that a client sent, where it may stand in a header.
    static func chosen(by request: ServerRequest) -> String? {
        guard let name = request.header(header), (1...longest).contains(name.utf8.count),
            name.utf8.allSatisfy({ (33...126).contains($0) })
        else { return nil }
        return name
    }
}
