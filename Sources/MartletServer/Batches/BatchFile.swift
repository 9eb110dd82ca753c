/// The file of a batch: a request on each line, as OpenAI's API takes it.

import MartletJSON

/// What is wrong with a line of a batch's file.
package struct BatchFault: Sendable, Hashable, Error {
    /// A word for programs.
    package let code: String
    /// One sentence.
    package let message: String
    /// The field.
    package var param: String?
    /// The line, from 1; nil where it is the whole file.
    package var line: Int?

    var json: JSONValue {
        [
            "code": .string(code), "message": .string(message),
            "param": param.map { .string($0) } ?? .null,
            "line": line.map { .integer($0) } ?? .null,
        ]
    }
}

/// The requests of a file, or what is wrong with it.
package struct BatchFile: Sendable {
    /// The requests in their order.
    package private(set) var requests: [BatchRequest] = []
    /// What is wrong: the first faults. A file with any is not run.
    package private(set) var faults: [BatchFault] = []

    /// The most requests of a batch.
    package static let mostRequests = 50_000
    /// The most faults that are told.
    private static let mostFaults = 100
    /// The most letters of a `custom_id`.
    private static let longestID = 512

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - bytes: its content.
    ///   - urls: the endpoints that a batch may ask.
    ///   - endpoint: the one that all requests must ask; nil where each says its own.
    package init(_ bytes: [UInt8], urls: [String], endpoint: String? = nil) {
        var known: Set<String> = []
        var line = 0
        var start = 0
        while start < bytes.count {
            // One line after another: a file may be nothing but line breaks.
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            let text = bytes[start..<end]
            start = end + 1
            line += 1
            // The byte order mark that some editors begin a file with.
            let content =
                line == 1 && text.starts(with: [0xEF, 0xBB, 0xBF]) ? text.dropFirst(3) : text
            if content.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            guard requests.count < Self.mostRequests else {
                faults.append(
                    BatchFault(
                        code: "too_many_requests",
                        message:
                            "The file has more than \(Self.mostRequests) requests, the most of a batch; divide it."
                    ))
                return
            }
            do throws(BatchFault) {
                let request = try Self.request(content, urls, endpoint)
                guard known.insert(request.customID).inserted else {
                    throw BatchFault(
                        code: "duplicate_custom_id",
                        message:
                            "The custom_id \(quoted(request.customID)) is that of an earlier line too; "
                            + "each request needs its own.", param: "custom_id")
                }
                requests.append(request)
            } catch {
                var fault = error
                fault.line = line
                faults.append(fault)
                guard faults.count < Self.mostFaults else { return }
            }
        }
        guard requests.isEmpty, faults.isEmpty else { return }
        faults.append(
            BatchFault(
                code: "empty_file",
                message: "The file has no requests; it takes one object in JSON on each line."))
    }

    private static func request(
        _ text: ArraySlice<UInt8>, _ urls: [String], _ endpoint: String?
    ) throws(BatchFault) -> BatchRequest {
        let value: JSONValue
        do {
            value = try JSONValue.parse(
                Array(text), file: "the line", maximumValues: 2_000_000)
        } catch {
            throw BatchFault(
                code: "invalid_json_line",
                message:
                    "This line is not valid JSON at byte \(error.offset), got \(error.got), expected "
                    + "\(error.expected).")
        }
        guard let object = value.objectValue else {
            throw BatchFault(
                code: "invalid_json_line",
                message: "This line is \(value.summary), expected an object.")
        }
        func word(_ key: String) throws(BatchFault) -> String {
            guard let found = object[key], !found.isNull else {
                throw BatchFault(
                    code: "missing_required_parameter", message: "\(key): it is missing; add it.",
                    param: key)
            }
            guard let text = found.stringValue, !text.isEmpty else {
                throw BatchFault(
                    code: "invalid_value",
                    message: "\(key): got \(found.summary), expected a text.",
                    param: key)
            }
            return text
        }
        let customID = try word("custom_id")
        guard customID.utf8.count <= longestID else {
            throw BatchFault(
                code: "invalid_value",
                message:
                    "custom_id: got \(customID.utf8.count) bytes, expected at most \(longestID).",
                param: "custom_id")
        }
        let method = try word("method")
        guard method == "POST" else {
            throw BatchFault(
                code: "invalid_method",
                message: "method: got \(quoted(method)), expected POST.", param: "method")
        }
        let url = try word("url")
        guard urls.contains(url) else {
            throw BatchFault(
                code: "invalid_url",
                message:
                    "url: got \(quoted(url)), expected one of \(urls.joined(separator: ", ")).",
                param: "url")
        }
        if let endpoint, url != endpoint {
            throw BatchFault(
                code: "mismatched_endpoint",
                message: "url: got '\(url)', expected \(endpoint), the batch's endpoint.",
                param: "url")
        }
        guard let body = object["body"], let fields = body.objectValue else {
            throw BatchFault(
                code: "missing_required_parameter",
                message: "body: it is missing or no object; add the request's body.", param: "body")
        }
        if fields["stream"]?.boolValue == true {
            throw BatchFault(
                code: "invalid_value",
                message: "body.stream: got true, expected false; nobody reads a batch's stream.",
                param: "body.stream")
        }
        return BatchRequest(customID: customID, url: url, body: body.serialized())
    }
}
