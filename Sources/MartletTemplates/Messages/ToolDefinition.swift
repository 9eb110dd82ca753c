/// A tool that a model may call.

public import MartletJSON

/// A tool as a model is told of it.
public struct ToolDefinition: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// What it is for.
    public var description: String
    /// A JSON schema of the object that it takes.
    public var parameters: JSONObject

    /// A tool that takes an object of a JSON schema.
    public init(name: String, description: String, parameters: JSONObject) {
        self.name = name
        self.description = description
        self.parameters = parameters
    }

    /// The JSON schema of one parameter.
    func schema(of parameter: String) -> JSONObject? {
        parameters["properties"]?.objectValue?[parameter]?.objectValue
    }

    /// As templates are told of it.
    var templateValue: JSONValue {
        [
            "type": "function",
            "function": [
                "name": .string(name), "description": .string(description),
                "parameters": .object(parameters),
            ],
        ]
    }
}
