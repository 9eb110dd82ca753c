// Words of a schema that no dialect knows, such as a misspelt keyword.

package import MartletJSON

/// Finds words in a schema that say nothing by any dialect. The standard has readers take no notice of them; whoever wrote
/// `minLenght` wants to know.
package enum UnknownKeywords {
    /// The paths of unknown words under the schema's own, such as `properties.name.minLenght`, in the order of the text.
    ///
    /// Names that begin with `x-` are extensions and not listed.
    ///
    /// - Parameters:
    ///   - schema: the whole schema.
    ///   - limit: how many are listed at most.
    package static func paths(in schema: JSONValue, limit: Int = 32) -> [String] {
        var found: [String] = []
        collect(schema, "", limit, &found)
        return found
    }

    /// Keywords whose members are schemas by name.
    private static let named: Set<String> = [
        "properties", "patternProperties", "$defs", "definitions", "dependentSchemas",
        "dependencies",
    ]
    /// Keywords whose value is a schema or a list of schemas.
    private static let nested: Set<String> = [
        "items", "prefixItems", "additionalItems", "additionalProperties", "propertyNames",
        "anyOf", "oneOf", "allOf", "not", "if", "then", "else", "contains", "unevaluatedItems",
        "unevaluatedProperties", "contentSchema",
    ]
    /// Words that say something to people and programs, and nothing about which values are valid.
    private static let annotations: Set<String> = [
        "title", "description", "default", "examples", "example", "$comment", "$schema", "$id",
        "id", "$anchor", "readOnly", "writeOnly", "deprecated", "contentEncoding",
        "contentMediaType",
        // Of OpenAPI.
        "discriminator", "externalDocs", "xml",
    ]

    private static func collect(
        _ schema: JSONValue, _ path: String, _ limit: Int, _ found: inout [String]
    ) {
        func inside(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
        guard let object = schema.objectValue else {
            for (index, element) in (schema.arrayValue ?? []).enumerated()
            where found.count < limit {
                collect(element, inside("\(index)"), limit, &found)
            }
            return
        }
        for member in object.members where found.count < limit {
            if named.contains(member.key) {
                for each in member.value.objectValue?.members ?? [] {
                    guard each.value.objectValue != nil else { continue }
                    collect(each.value, inside(member.key) + "." + each.key, limit, &found)
                }
            } else if nested.contains(member.key) {
                collect(member.value, inside(member.key), limit, &found)
            } else if SchemaKeywords.isAnnotation(member.key),
                !annotations.contains(member.key), !member.key.hasPrefix("x-")
            {
                found.append(inside(member.key))
            }
        }
    }
}
