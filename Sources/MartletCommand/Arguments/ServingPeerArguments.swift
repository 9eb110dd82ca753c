/// Who answers the requests of a measurement.

import ArgumentParser
import Martlet

/// A model in this process, a server somewhere, or a file of what happened.
struct ServingPeerArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A model that answers in this process, without a wire: as for generate.",
            valueName: "model"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "A server that speaks OpenAI's completions: http://127.0.0.1:8080/v1.",
            valueName: "address"))
    var url: String?

    @Option(
        help: ArgumentHelp("A file that --timelines wrote, to be counted again.", valueName: "file")
    )
    var from: String?

    @Option(help: "The name of the model that requests to --url carry.")
    var name = Self.usualName

    static let usualName = "default"

    @Option(
        name: .customLong("api-key"),
        help: ArgumentHelp("The key that requests to --url carry.", valueName: "key"))
    var apiKey: String?

    func validate() throws {
        guard [model, url, from].count(where: { $0 != nil }) == 1 else {
            throw ValidationError("Give one of --model, --url and --from.")
        }
        if let url, !url.hasPrefix("http://"), !url.hasPrefix("https://") {
            throw ValidationError(
                "--url is \(url), expected an address such as http://127.0.0.1:8080/v1.")
        }
    }
}
