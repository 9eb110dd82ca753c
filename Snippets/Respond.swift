// Load a model and ask it something.
//
// The first argument names the model; without one it is a tiny one with random weights, whose tokens
// print as numbers.

import Martlet

let name = CommandLine.arguments.dropFirst().first ?? "random:tiny"
let model = try await Model.load(name)
let session = model.makeSession(instructions: "A story.\n")

var options = GenerationOptions()
options.maximumTokens = 32
let response = try await session.respond(to: "Once upon a time", options: options)

print(response.text)
print(
    "\(response.tokens.count) tokens, \(response.finishReason), \(response.usage.peakCacheBytes) bytes"
)
