// Several conversations at once share steps; cancelling one leaves the others as they are.

import Martlet

let model = try await Model.load("random:tiny")
var options = GenerationOptions()
options.maximumTokens = 64

async let first = model.makeSession().respond(to: "first", options: options)
async let second = model.makeSession().respond(to: "second", options: options)

// A cancelled response keeps what there was.
var endless = options
endless.maximumTokens = 100_000
let long = Task { [endless] in
    try await model.makeSession().respond(to: "on and on", options: endless)
}
try await Task.sleep(for: .milliseconds(20))
long.cancel()

print(try await first.tokens.count, "and", try await second.tokens.count, "tokens")
print("the long one:", try await long.value.finishReason)
