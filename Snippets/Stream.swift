// Print a response as it is generated, in a cache that never grows past a few hundred tokens.

import Martlet

let name = CommandLine.arguments.dropFirst().first ?? "random:tiny"
var loading = ModelOptions()
loading.cachePolicy = "window(sinks=4, recent=256)"
let model = try await Model.load(name, options: loading)

var options = GenerationOptions()
options.maximumTokens = 600
options.temperature = 0.8
options.topP = 0.95
options.seed = 7

for try await part in model.makeSession().stream("Once upon a time", options: options) {
    print(part.text, terminator: "")
    if let response = part.response {
        print("\n\(response.finishReason), peak \(response.usage.peakCacheBytes) bytes of cache")
    }
}
