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
        let result = file.withSpan { (bytes: Span<UInt8>) -> Result<JSONValue, FormatError> in
            do throws(JSONError) {
                return .success(try parse(bytes, file: path, maximumValues: maximumValues))
            } catch { return .failure(FormatError(error)) }
        }
        try file.checkIntact()
        return try result.get()
    }
}

extension FormatError {
    /// From a text that is not JSON.
    package init(_ error: JSONError) {
        self = .malformedJSON(
            file: error.file, offset: error.offset, got: error.got, expected: error.expected)
    }
}
