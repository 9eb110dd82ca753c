/// What the endpoints of sessions take and answer.

import MartletJSON

/// The schemas of sessions' endpoints, by method and path.
enum SessionSchemas {
    static let all: [String: OperationSchema] = [
        "GET /v1/sessions": OperationSchema(needsBody: false, upgrades: true),
        "POST /v1/sessions": told,
        "POST /v1/sessions/{id}": told,
        "DELETE /v1/sessions/{id}": .reading(OpenAISchemas.deleted("session")),
    ]

    /// Both fields may be left out: a session is opened before anything is known, and told what changes.
    private static let told = OperationSchema(
        fields: ["session": Schemas.anyObject, "text": Schemas.text],
        answers: [
            OperationSchema.json: Schemas.object([
                "id": Schemas.text, "object": Schemas.word("session"), "tokens": Schemas.count,
                "cached_tokens": Schemas.count,
            ])
        ])
}
