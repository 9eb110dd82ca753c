// Which of some texts is nearest to a question.

import Martlet

let arguments = CommandLine.arguments.dropFirst()
let model = try await EmbeddingModel.load(arguments.first ?? "random:tiny")
let texts = [
    "A martlet is a bird without feet.", "Bread is baked in an oven.", "Swallows migrate.",
]
let query = try await model.embed([arguments.dropFirst().first ?? "What flies south?"])
let vectors = try await model.embed(texts)
for (text, cosine) in zip(texts, vectors.similarities(to: query.vectors[0])) {
    print(cosine, text)
}
