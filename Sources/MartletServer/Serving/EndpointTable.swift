/// The table of all endpoints. Routing and the OpenAPI document are made of it.

import MartletJSON

/// All that a server answers at.
package enum EndpointTable {
    /// Every endpoint.
    package static let all: [Endpoint] =
        answering + FileEndpoints.endpoints + BatchEndpoints.endpoints(for: batchURLs)
        + ModelList.endpoints + AnthropicMessages.endpoints + OllamaEndpoints.endpoints
        + OllamaEmbedding.endpoints + NativeCompletion.endpoints
        + LlamaCppTools.endpoints + StatusEndpoints.endpoints + SessionEndpoint.endpoints
        + PageEndpoints.endpoints + [openAPI]

    /// Those of OpenAI's API that answer.
    private static let answering =
        ChatCompletions.endpoints + Completions.endpoints + Embeddings.endpoints
        + ResponsesEndpoints.endpoints

    /// The paths that requests of a batch may ask.
    package static let batchURLs = answering.filter { $0.asks != nil }.map(\.path)

    private static let openAPI = Endpoint(
        "GET", "/openapi.json", shape: .openAI, isPublic: true,
        summary: "This document, made of the table of endpoints."
    ) { (exchange, _) async throws(WireError) in
        try await exchange.reply(OpenAPIDocument.value(all))
    }
}
