/// How requests share a model.

import ArgumentParser
import Foundation
import Martlet

/// In which order requests are served, how long a step may take, and what stays of prompts.
struct SchedulingArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Seconds that should pass at most between two tokens of an answer while prompts of others are computed; 0 fills "
                + "every step.",
            valueName: "seconds"))
    var targetGap = 0.2

    @Option(
        help: ArgumentHelp(
            "Who goes first among equal priorities: arrival, shortest (prompt, with ageing), or deadline (of the first "
                + "token).",
            valueName: "order"))
    var order = Order.arrival

    @Option(
        help: ArgumentHelp(
            "Seconds in which a first token should be there, for --order deadline. Default: 5.",
            valueName: "seconds"))
    var targetFirst: Double?

    @Option(
        help: ArgumentHelp(
            "The most answers that run at once, each of which gets a token of every step; others wait. Default: 64.",
            valueName: "count"))
    var sequences: Int?

    @Flag(
        help:
            "Compute every prompt anew, rather than go on with what earlier requests of a key computed."
    )
    var noReuse = false

    @Option(
        help: ArgumentHelp(
            "A folder, of this user alone, in which computed prompts outlive the process.",
            valueName: "folder"))
    var prompts: String?

    @Option(
        help: ArgumentHelp("The most bytes of --prompts. Default: 4GiB.", valueName: "bytes"),
        transform: ByteCount.init(parsing:))
    var promptBytes: ByteCount?

    /// Orders by name.
    enum Order: String, ExpressibleByArgument, CaseIterable { case arrival, shortest, deadline }

    func validate() throws {
        guard targetGap.isFinite, (0...3600).contains(targetGap) else {
            throw ValidationError("--target-gap is \(targetGap), expected 0 to 3600 seconds.")
        }
        if let targetFirst, !(targetFirst.isFinite && (0.001...86_400).contains(targetFirst)) {
            throw ValidationError(
                "--target-first is \(targetFirst), expected 0.001 to 86400 seconds.")
        }
        if noReuse, prompts != nil {
            throw ValidationError("--no-reuse and --prompts exclude each other.")
        }
        if promptBytes != nil, prompts == nil {
            throw ValidationError("--prompt-bytes needs --prompts.")
        }
    }

    /// Writes the settings into a model's.
    func apply(to options: inout ModelOptions) {
        options.targetGap = targetGap > 0 ? .seconds(targetGap) : nil
        options.order =
            switch order {
            case .arrival: .arrival
            case .shortest: .shortestPrompt()
            case .deadline: .deadline(usual: .seconds(targetFirst ?? 5))
            }
        if let sequences { options.maximumBatchSequences = sequences }
        guard !noReuse else { return options.promptReuse = nil }
        var reuse = PromptReuse()
        reuse.folder = prompts
        if let promptBytes { reuse.folderBytes = promptBytes.bytes }
        options.promptReuse = reuse
    }
}
