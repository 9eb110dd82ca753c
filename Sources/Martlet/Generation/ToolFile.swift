/// Tools as files: JSON in the form in which APIs of chat models take them.

import MartletJSON
import MartletTemplates

/// Reads the tools that a model is told of.
package enum ToolFile {
    /// The tools of a text: an array of objects with a name, a description and a JSON schema of `parameters`, by themselves or
    /// as the `function` of an object. `name` is what errors call it.
    ///
    /// Throws `malformedFile` for anything else.
    package static func tools(
        _ bytes: [UInt8], name: String
    ) throws(MartletError) -> [ToolDefinition] {
        guard let elements = (try? JSONValue.parse(bytes))?.arrayValue else {
            throw .malformed(name, "the text", no: "tool", expected: "an array of tools in JSON")
        }
        var tools: [ToolDefinition] = []
        for (index, element) in elements.enumerated() {
            let place = "tool \(index + 1)"
            let object = element.objectValue?["function"]?.objectValue ?? element.objectValue
            guard let object, let tool = object["name"]?.stringValue, !tool.isEmpty else {
                throw .malformed(name, place, no: "tool", expected: "an object with a name")
            }
            let parameters = object["parameters"] ?? .object(JSONObject())
            guard let schema = parameters.objectValue else {
                throw .malformed(
                    name, place, no: "tool", expected: "parameters that are a JSON schema")
            }
            guard !tools.contains(where: { $0.name == tool }) else {
                throw .malformed(
                    name, place, no: "tool", expected: "another name than the tools before it")
            }
            tools.append(
                ToolDefinition(
                    name: tool, description: object["description"]?.stringValue ?? "",
                    parameters: schema))
        }
        return tools
    }
}
