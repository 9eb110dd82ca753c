/// How requests of an API are answered where they do not say, whether they come over a socket or from a file.

import ArgumentParser
import Martlet
import MartletServer

/// Lengths, temperature, chat template and vectors.
struct AnsweringArguments: ParsableArguments {
    @Option(help: "Tokens of a prompt and its answer together. Default: the model's context.")
    var context: Int?

    @Option(help: "The most tokens of an answer. Default: what is left of the context.")
    var maxTokens: Int?

    @Option(
        help: "Divides logits where a request does not say. Default: as the model's files advise.")
    var temperature: Float?

    @Option(
        help: "A chat template in place of the model's: a file, chatml, or the template's text.")
    var chatTemplate: String?

    @Option(
        help: ArgumentHelp(
            "Seconds in which what answers must match (a schema, a grammar) is compiled, or refused. Default: 10.",
            valueName: "seconds"))
    var constraintTime: Double?

    @Option(help: "A second model, for vectors of texts.")
    var embeddings: String?

    func validate() throws {
        for (name, value) in [("--context", context), ("--max-tokens", maxTokens)] {
            if let value, value < 1 {
                throw ValidationError("\(name) is \(value), expected at least 1.")
            }
        }
        if let constraintTime, !(0.001...3600).contains(constraintTime) {
            throw ValidationError(
                "--constraint-time is \(constraintTime), expected 0.001 to 3600 seconds.")
        }
    }

    /// Writes the settings into a server's. Throws for a template's file that cannot be read.
    func apply(to configuration: inout ServerConfiguration) throws {
        configuration.contextLength = context
        configuration.maximumTokens = maxTokens
        configuration.temperature = temperature
        configuration.chatTemplate = try chatTemplate.map(ServerArguments.template)
    }

    /// Writes the settings into a model's.
    func apply(to options: inout ModelOptions) {
        if let constraintTime { options.constraintTime = .seconds(constraintTime) }
    }
}
