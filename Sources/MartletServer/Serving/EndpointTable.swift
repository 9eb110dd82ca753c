/// The table of all endpoints. Routing and the OpenAPI document are made of it.

import MartletJSON

/// All that a server answers at.
package enum EndpointTable {
    /// Every endpoint.
    package static let all: [Endpoint] =
        ChatCompletions.endpoints + Completions.endpoints + ModelList.endpoints
        + Embeddings.endpoints + ResponsesEndpoints.endpoints + AnthropicMessages.endpoints
        + OllamaEndpoints.endpoints + OllamaEmbedding.endpoints + NativeCompletion.endpoints
        + LlamaCppTools.endpoints + StatusEndpoints.endpoints + SessionEndpoint.endpoints
        + PageEndpoints.endpoints + [openAPI]

    private static let openAPI = Endpoint(
        "GET", "/openapi.json", shape: .openAI, isPublic: true,
        summary: "This document, made of the table of endpoints."
    ) { (exchange, _) async throws(WireError) in
        try await exchange.reply(OpenAPIDocument.value(all))
    }
}
