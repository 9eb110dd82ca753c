/// The tools that a model is told of.

import ArgumentParser
import Martlet
import MartletFormats

struct ToolArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Tools that the model may call: a file with an array of JSON schemas, as APIs take them.",
            valueName: "file"))
    var tools: String?

    /// The tools of the file; none without one.
    func definitions() throws(MartletError) -> [ToolDefinition] {
        guard let tools else { return [] }
        return try ToolFile.tools(try TextFile.read(tools), name: tools)
    }
}

extension [ToolCall] {
    /// Calls as JSON.
    var json: JSONValue {
        .array(
            map { call in
                var line = JSONLine()
                line.set("id", call.id)
                line.set("name", call.name)
                line.set("arguments", call.arguments)
                return line.value
            })
    }
}
