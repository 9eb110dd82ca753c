/// Which adapters are loaded, and which of them is used.

import ArgumentParser
import Martlet

/// Adapters: one that is merged into the weights, others beside them, and the choice among these.
struct AdapterArguments: ParsableArguments {
    @Option(
        name: .customLong("adapter"),
        help: ArgumentHelp(
            "A low-rank adapter (PEFT), a directory or owner/name that was pulled: merged into the weights, or, as "
                + "NAME=DIRECTORY, kept beside them for --use-adapter. The latter may be repeated.",
            valueName: "adapter"), transform: AdapterArgument.init(parsing:))
    private var arguments: [AdapterArgument] = []

    @Option(
        name: .customLong("use-adapter"),
        help: ArgumentHelp(
            "Which adapter of --adapter NAME=DIRECTORY to use. Default: none.", valueName: "name"))
    var chosen: String?

    /// The directory of the adapter that is merged.
    var merged: String? { arguments.first { $0.name == nil }?.path }
    /// The directories of the others, by name.
    var named: [String: String] {
        Dictionary(
            arguments.compactMap { argument in argument.name.map { ($0, argument.path) } },
            uniquingKeysWith: { first, _ in first })
    }

    func validate() throws {
        let names = arguments.map { $0.name ?? "" }
        guard Set(names).count == names.count else {
            throw ValidationError(
                "--adapter is given twice under one name, or twice without; give each another NAME=."
            )
        }
        guard let chosen, named[chosen] == nil else { return }
        throw ValidationError(
            named.isEmpty
                ? "--use-adapter \(chosen): no adapter is loaded; add --adapter \(chosen)=DIRECTORY."
                : "--use-adapter \(chosen): there is no such adapter, expected "
                    + "\(named.keys.sorted().joined(separator: " or ")).")
    }

    /// Refuses adapters where a verb measures models as they are.
    func refuseNamed(_ verb: String) throws {
        guard named.isEmpty else {
            throw ValidationError(
                "\(verb) measures a model as it is: give --adapter DIRECTORY, which merges one, without a NAME=."
            )
        }
    }
}

/// An adapter: a directory, with a name where requests choose it.
struct AdapterArgument: Sendable {
    let name: String?
    let path: String

    init(parsing text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].contains("/") else {
            (name, path) = (nil, text)
            return
        }
        guard !parts[0].isEmpty, !parts[1].isEmpty else {
            throw ValidationError("--adapter \(text): expected NAME=DIRECTORY.")
        }
        (name, path) = (String(parts[0]), String(parts[1]))
    }
}
