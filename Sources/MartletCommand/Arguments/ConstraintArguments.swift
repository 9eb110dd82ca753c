/// What an answer must match.

import ArgumentParser
import Martlet

struct ConstraintArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The answer is JSON that the schema in this file allows; - is standard input.",
            valueName: "file"))
    var jsonSchema: String?

    @Flag(help: "The answer is a JSON object.")
    var jsonObject = false

    @Option(
        help: ArgumentHelp(
            "The whole answer matches this regular expression.", valueName: "expression"))
    var regex: String?

    @Option(
        help: ArgumentHelp(
            "The whole answer follows the GBNF grammar in this file, from its rule root on.",
            valueName: "file"))
    var grammar: String?

    @Option(
        help: ArgumentHelp("The answer is one of these texts. May be repeated.", valueName: "text"))
    var choice: [String] = []

    func validate() throws {
        var given: [String] = []
        if jsonSchema != nil { given.append("--json-schema") }
        if jsonObject { given.append("--json-object") }
        if regex != nil { given.append("--regex") }
        if grammar != nil { given.append("--grammar") }
        if !choice.isEmpty { given.append("--choice") }
        guard given.count < 2 else {
            throw ValidationError(
                "\(given.joined(separator: " and ")) exclude each other: an answer can be held to one."
            )
        }
    }

    /// The constraint that the arguments say; reads the schema's file.
    func constraint() throws(MartletError) -> Constraint? {
        if let jsonSchema {
            return .jsonSchema(String(decoding: try TextFile.read(jsonSchema), as: UTF8.self))
        }
        if jsonObject { return .jsonObject }
        if let grammar {
            return .grammar(String(decoding: try TextFile.read(grammar), as: UTF8.self))
        }
        if let regex { return .regex(regex) }
        return choice.isEmpty ? nil : .choice(choice)
    }
}
