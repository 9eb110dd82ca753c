// What a server and those who measure it read: files of batches, forms, journals, records of a store, timelines.

import Foundation
import Martlet
import MartletJSON
import Testing

@testable import MartletEvaluation
@testable import MartletServer

extension UntrustedInput {
    private static let urls = ["/v1/chat/completions", "/v1/completions"]
    private static let requests = [
        #"{"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {"prompt": "Hi", "max_tokens": 2}}"#,
        #"{"custom_id": "é \" b", "method": "POST", "url": "/v1/chat/completions", "body": {"messages": [{"role": "user", "content": "\u00fc"}]}}"#,
    ]

    private static let form =
        "--a+b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--a+b\r\nContent-Type: text/plain\r\n"
        + "content-disposition: form-data; filename=\"x \\\" y.jsonl\"; name=file\r\n\r\n{\"a\":\r\n1}\r\n--a+b \r\n"
        + "Content-Disposition: form-data; name=\"expires_after[anchor]\"\r\n\r\ncreated_at\r\n--a+b--\r\n"

    private static let timelines = #"""
        {"arrival": 0.5, "tokens": [0.75, 0.8, 0.8, 1.25], "promptTokens": 40, "cachedTokens": 32, "ending": "answered", "ended": 1.25, "started": 0.6}
        {"arrival": 1, "tokens": [], "promptTokens": 7, "cachedTokens": 0, "ending": "refused", "ended": 1.01}

        {"arrival": 1.5, "tokens": [2], "promptTokens": 9, "cachedTokens": 9, "ending": "cancelled", "ended": 2.5}
        """#

    private static let workloads = [
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n2023-11-16 18:17:04,3180,8\n",
        "arrived_at,num_prefill_tokens,num_decode_tokens\n0,5,6\n1.5,10,11\n",
        #"{"timestamp": 0, "input_length": 600, "output_length": 5, "hash_ids": [0, 9]}"# + "\n"
            + #"{"timestamp": 3000, "input_length": 1100, "output_length": 5, "hash_ids": [0, 9, 12]}"#,
        #"{"arrival_time_ns": 1000000000, "input_toks": 9, "output_toks": 3}"# + "\n",
    ]

    /// A refusal as the front door says it.
    private static func refused(_ message: String) -> MartletError {
        MartletError(code: .malformedFile, subject: "input", message: message)
    }

    /// The requests of a file; throws its first fault.
    private static func batch(_ bytes: [UInt8]) throws -> [BatchRequest] {
        let read = BatchFile(bytes, urls: urls)
        if let fault = read.faults.first { throw refused(fault.message) }
        try #require(!read.requests.isEmpty)
        return read.requests
    }

    /// A journal with both requests' results.
    private static func journal() throws -> [UInt8] {
        let folder = try WorkFolder()
        let path = folder.path + "/seed"
        let journal = try BatchJournal(path, context: "c")
        for (number, request) in try batch(Array(requests.joined(separator: "\n").utf8))
            .enumerated()
        {
            try journal.add(result(of: request, status: 200 + number), of: request)
        }
        return [UInt8](try Data(contentsOf: URL(filePath: path)))
    }

    private static func result(of request: BatchRequest, status: Int) -> BatchResult {
        var usage = AnswerUsage()
        usage.promptTokens = 7
        return BatchResult(
            request, status: status, requestID: "r", body: ["text": "\",\"line\":{"], usage: usage)
    }

    /// A batch's record, as a store has it.
    private static func record() -> [UInt8] {
        var record = BatchRecord(
            tenant: "t", endpoint: urls[1], inputFile: "file-1", window: "24h", seconds: 86400,
            metadata: ["k": "v"], outputLifetime: 3600, at: 1_795_988_084)
        record.enter(.inProgress, at: 1_795_988_085)
        record.progress.total = 2
        record.faults = [BatchFault(code: "empty_file", message: "The file has no requests.")]
        return JSONValue.object(record.stored).serialized()
    }

    static let serving: [UntrustedInput] = [
        UntrustedInput(
            "file of a batch",
            seeds: { (requests + [requests.joined(separator: "\n")]).map { Array($0.utf8) } }
        ) { bytes, _ in _ = try batch(bytes) },
        UntrustedInput("form", seeds: { [Array(form.utf8)] }) { bytes, _ in
            let request = ServerRequest(
                "POST", "/v1/files",
                headers: [(name: "Content-Type", value: "multipart/form-data; boundary=\"a+b\"")],
                body: bytes)
            do throws(WireError) {
                let form = try Multipart(request)
                for part in form.parts { _ = (form.bytes(part), try form.text(part.name)) }
            } catch { throw refused(error.message) }
        },
        UntrustedInput(
            "type of a form", texts: ["multipart/form-data; boundary=\"a+b\"; charset=utf-8"]
        ) { text in
            // Headers have no control characters when they come here.
            let value = String(
                String.UnicodeScalarView(
                    text.unicodeScalars.filter { $0.value > 31 && $0.value != 127 }))
            do throws(WireError) {
                _ = try Multipart(
                    ServerRequest(
                        "POST", "/", headers: [(name: "content-type", value: value)],
                        body: Array(form.utf8)))
            } catch { throw refused(error.message) }
        },
        // Whatever it holds, what is noted in it afterwards is found again.
        UntrustedInput("journal of a batch", seeds: { [try journal(), []] }) { bytes, folder in
            let path = try folder.write("journal", bytes)
            let known = try batch(Array(requests.joined(separator: "\n").utf8))
            let added = BatchRequest(customID: "new", url: urls[0], body: Array("{}".utf8))
            do {
                let journal = try BatchJournal(path, context: "c")
                for request in known { _ = try journal.result(of: request) }
                try journal.add(result(of: added, status: 200), of: added)
            }
            let again = try BatchJournal(path, context: "c")
            let line = try #require(try again.result(of: added)).line
            _ = try JSONValue.parse(line)
        },
        UntrustedInput("record of a batch", texts: [String(decoding: record(), as: UTF8.self)]) {
            text in
            let object = try JSONValue.parse(Array(text.utf8)).objectValue
            guard let record = object.flatMap({ BatchRecord($0) }) else {
                throw refused("no record of a batch")
            }
            // What was read is written, and read again, as the same.
            let again = try #require(BatchRecord(record.stored))
            #expect(again.stored == record.stored)
        },
        UntrustedInput("timelines", seeds: { [Array(timelines.utf8)] }) { bytes, folder in
            let read = try RequestTimeline.read(folder.write("timelines.jsonl", bytes))
            let report = ServingReport(read, target: FluidityTarget(first: 1, gap: 0.2)) {
                Double($0) / 100
            }
            #expect(report.requests == read.count)
            _ = read.map(\.request)
        },
        UntrustedInput("recorded requests", seeds: { workloads.map { Array($0.utf8) } }) {
            bytes, folder in
            let read = try Workload(file: folder.write("requests", bytes))
            #expect(read.requests.allSatisfy { $0.promptTokens >= 1 && $0.arrival.isFinite })
        },
    ]
}
