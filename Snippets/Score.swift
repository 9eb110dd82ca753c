// How likely a model finds a text, with exact and with 4-bit weights.

import Martlet

let name = CommandLine.arguments.dropFirst().first ?? "random:tiny"
for weights in [nil, WeightType.q4] {
    var options = ModelOptions()
    options.weights = weights
    let model = try await Model.load(name, options: options)
    let result = try await model.score(try model.encode("Once upon a time there was a girl."))
    let methods = model.lossyMethods.isEmpty ? "exact" : model.lossyMethods.joined(separator: ", ")
    print("\(methods): perplexity \(result.perplexity ?? .nan)")
}
