/// JSON files: mapped, read whole, and refused with the errors of this module.

public import MartletJSON

extension JSONValue {
    /// Maps the file at `path` and reads it as one JSON text.
    ///
    /// - Throws: ``FormatError`` when the file cannot be read or is not JSON.
    public static func parse(
        contentsOf path: String, maximumValues: Int = JSONValue.defaultMaximumValues
    ) throws(FormatError) -> JSONValue {
        let file = try MappedFile(path: path)
        return try file.withSpan { (bytes: Span<UInt8>) throws(FormatError) -> JSONValue in
            do throws(JSONError) {
                return try parse(bytes, file: path, maximumValues: maximumValues)
            } catch { throw FormatError(error) }
        }
    }
}

extension FormatError {
    /// From a text that is not JSON.
    package init(_ error: JSONError) {
        self = .malformedJSON(
            file: error.file, offset: error.offset, got: error.got, expected: error.expected)
    }
}
