/// Tools as Swift types.

import Foundation
import MartletJSON
public import MartletTemplates

/// A parameter of a tool.
public struct ToolParameter: Sendable, Hashable {
    /// A kind of value.
    public enum Kind: String, Sendable, Hashable {
        /// Text.
        case string
        /// A whole number.
        case integer
        /// A number.
        case number
        /// True or false.
        case boolean
        /// A list.
        case array
        /// Values by name.
        case object
    }

    /// Its name, as the type that the arguments are decoded into has it.
    public var name: String
    /// The kind of its values.
    public var kind: Kind
    /// What it is for.
    public var description: String
    /// Whether it may be left out.
    public var isOptional: Bool

    /// A parameter.
    public init(_ name: String, _ kind: Kind, _ description: String, isOptional: Bool = false) {
        self.name = name
        self.kind = kind
        self.description = description
        self.isOptional = isOptional
    }
}

extension ToolDefinition {
    /// A tool with parameters, whose arguments a call gives as a `Decodable` type: see `ToolCall.decode(_:)`.
    public init(name: String, description: String, parameters: [ToolParameter]) {
        var properties = JSONObject()
        for parameter in parameters {
            properties = properties.setting(
                parameter.name,
                to: [
                    "type": .string(parameter.kind.rawValue),
                    "description": .string(parameter.description),
                ])
        }
        let required = parameters.filter { !$0.isOptional }.map { JSONValue.string($0.name) }
        self.init(
            name: name, description: description,
            parameters: JSONObject().setting("type", to: "object")
                .setting("properties", to: .object(properties))
                .setting("required", to: .array(required)))
    }
}

extension ToolCall {
    /// The arguments as a type of yours.
    ///
    /// - Throws: `invalidParameter` when the model gave others than the type wants.
    public func decode<Arguments: Decodable>(
        _ type: Arguments.Type = Arguments.self
    ) throws(MartletError) -> Arguments {
        do { return try JSONDecoder().decode(type, from: Data(arguments.utf8)) } catch {
            throw MartletError(
                code: .invalidParameter, subject: name,
                message: "the call of \(name) has other arguments than \(type) takes: "
                    + "\(arguments.prefix(200)); tell the model so in the tool's result",
                underlying: error)
        }
    }
}
