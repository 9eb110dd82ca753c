/// Recorded requests as files hold them: tables of Azure's and Vidur's kind, lines of Mooncake's and LLMServingSim's.

import Foundation
public import Martlet
import MartletFormats

extension Workload {
    /// The most requests that a file may hold.
    static let mostRequests = 5_000_000
    /// The most tokens of a prompt or a completion.
    static let tokenRange = 1...mostTokens.upperBound
    /// Tokens of a prompt or a completion that a file or a server may tell of.
    static let mostTokens = 0...(1 << 24)

    /// Reads a file of recorded requests. Its form is told by its first line:
    ///
    /// - `TIMESTAMP,ContextTokens,GeneratedTokens` (Azure's traces of 2023, with dates),
    /// - `arrived_at,num_prefill_tokens,num_decode_tokens` (Vidur; without `arrived_at` lengths alone, all at 0),
    /// - objects with `timestamp` (milliseconds), `input_length`, `output_length` and `hash_ids` (Mooncake, whose blocks are
    ///   of 512 tokens),
    /// - objects with `arrival_time_ns`, `input_toks` and `output_toks` (LLMServingSim).
    ///
    /// Throws `fileNotFound`, `unreadableFile`, and `malformedFile` with the line that is wrong.
    public init(file path: String) throws(MartletError) {
        let data = try Self.bytes(of: path, wanted: "a file of recorded requests")
        let name = path.split(separator: "/").last.map(String.init) ?? path
        try self.init(bytes: data, name: name, path: path)
    }

    /// The bytes of a file of requests or of what became of them. Throws `fileNotFound` and `unreadableFile`.
    static func bytes(of path: String, wanted: String) throws(MartletError) -> [UInt8] {
        guard FileSystem.kind(of: path) != .nothing else {
            throw MartletError(
                code: .fileNotFound, subject: path,
                message: "\(path) is not there; name \(wanted)")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw MartletError(
                code: .unreadableFile, subject: path,
                message: "\(path) cannot be read; check its permissions")
        }
        return [UInt8](data)
    }

    /// Reads the bytes of a file.
    init(bytes: [UInt8], name: String, path: String) throws(MartletError) {
        func wrong(_ line: Int, _ reason: String) -> MartletError {
            MartletError(
                code: .malformedFile, subject: path, message: "\(path), line \(line): \(reason)")
        }
        var reader: LineReader?
        var requests: [Request] = []
        for (index, bytes) in bytes.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).enumerated() where !bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) {
            guard let reader else {
                guard let first = LineReader(bytes) else {
                    throw wrong(
                        index + 1,
                        "got neither a heading nor a request of a known kind, expected "
                            + "arrived_at,num_prefill_tokens,num_decode_tokens or an object with timestamp, input_length "
                            + "and output_length")
                }
                reader = first
                if first.isTable { continue }
                guard let request = first.request(bytes) else {
                    throw wrong(index + 1, Self.expectedNumbers)
                }
                requests.append(request)
                continue
            }
            guard let request = reader.request(bytes) else {
                throw wrong(index + 1, Self.expectedNumbers)
            }
            guard requests.count < Self.mostRequests else {
                throw wrong(index + 1, "expected at most \(Self.mostRequests) requests")
            }
            requests.append(request)
        }
        guard !requests.isEmpty else { throw wrong(1, "got no requests, expected at least one") }
        self.init(name: name, requests: requests)
    }

    private static let expectedNumbers =
        "expected a time of arrival and 1 to \(tokenRange.upperBound) tokens of prompt and completion; correct or remove it"
}

/// Reads the requests of one kind of file.
private enum LineReader {
    /// Places of the columns; no arrival where there is none.
    case table(arrival: Int?, prompt: Int, completion: Int, hasDates: Bool)
    case objects(arrival: String, secondsPerUnit: Double, prompt: String, completion: String)

    /// The kind of file that begins with this line; nil for none that is known.
    init?(_ line: ArraySlice<UInt8>) {
        if let object = Self.object(line) {
            if object["input_length"] != nil {
                self = .objects(
                    arrival: "timestamp", secondsPerUnit: 1e-3, prompt: "input_length",
                    completion: "output_length")
            } else if object["input_toks"] != nil {
                self = .objects(
                    arrival: "arrival_time_ns", secondsPerUnit: 1e-9, prompt: "input_toks",
                    completion: "output_toks")
            } else {
                return nil
            }
            return
        }
        let names = Self.cells(line)
        func place(_ name: String) -> Int? { names.firstIndex(of: name) }
        if let prompt = place("ContextTokens"), let completion = place("GeneratedTokens"),
            let arrival = place("TIMESTAMP")
        {
            self = .table(arrival: arrival, prompt: prompt, completion: completion, hasDates: true)
        } else if let prompt = place("num_prefill_tokens"),
            let completion = place("num_decode_tokens")
        {
            self = .table(
                arrival: place("arrived_at"), prompt: prompt, completion: completion,
                hasDates: false)
        } else {
            return nil
        }
    }

    var isTable: Bool {
        if case .table = self { true } else { false }
    }

    /// Nil for a line that is none.
    func request(_ line: ArraySlice<UInt8>) -> Workload.Request? {
        var (time, tokens): (Double?, [Int?])
        var blocks: [Int] = []
        switch self {
        case .table(let arrival, let prompt, let completion, let hasDates):
            let cells = Self.cells(line)
            func cell(_ place: Int) -> String? { place < cells.count ? cells[place] : nil }
            time =
                arrival.map { place in
                    cell(place).flatMap { hasDates ? Self.seconds(ofDate: $0) : Double($0) }
                } ?? 0
            tokens = [cell(prompt), cell(completion)].map { $0.flatMap { Int($0) } }
        case .objects(let arrival, let unit, let prompt, let completion):
            guard let object = Self.object(line) else { return nil }
            time = object[arrival]?.doubleValue.map { $0 * unit }
            tokens = [object[prompt]?.intValue, object[completion]?.intValue]
            let names = object["hash_ids"]?.arrayValue ?? []
            blocks = names.compactMap(\.intValue)
            guard blocks.count == names.count else { return nil }
        }
        guard let time, time.isFinite, abs(time) < 1e12, let prompt = tokens[0],
            let completion = tokens[1], Workload.tokenRange.contains(prompt),
            Workload.tokenRange.contains(completion)
        else { return nil }
        return Workload.Request(
            arrival: time, promptTokens: prompt, completionTokens: completion, blocks: blocks)
    }

    private static func object(_ line: ArraySlice<UInt8>) -> JSONObject? {
        guard line.first(where: { $0 != 0x20 }) == UInt8(ascii: "{") else { return nil }
        return (try? JSONValue.parse(Array(line)))?.objectValue
    }

    private static func cells(_ line: ArraySlice<UInt8>) -> [String] {
        String(decoding: line, as: UTF8.self).split(
            separator: ",", omittingEmptySubsequences: false
        )
        .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
    }

    /// The seconds since 1970 of `2023-11-16 18:17:03.9799600`; the zone does not matter for gaps.
    private static func seconds(ofDate text: String) -> Double? {
        let parts = text.split { $0 == " " || $0 == "T" }
        guard parts.count == 2 else { return nil }
        let date = parts[0].split(separator: "-").compactMap { Int($0) }
        let clock = parts[1].split(separator: ":")
        guard date.count == 3, clock.count == 3, let hour = Int(clock[0]),
            let minute = Int(clock[1]), let second = Double(clock[2]),
            (1970...9999).contains(date[0]), (1...12).contains(date[1]),
            (1...31).contains(date[2]), (0..<24).contains(hour), (0..<60).contains(minute),
            (0..<61).contains(second)
        else { return nil }
        // Days since 1 March of year 0, after which the day that leap years add comes last.
        let year = date[1] > 2 ? date[0] : date[0] - 1
        let month = (date[1] + 9) % 12
        let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + date[2]
        return Double(days - 719_469) * 86_400 + Double(hour * 3600 + minute * 60) + second
    }
}
