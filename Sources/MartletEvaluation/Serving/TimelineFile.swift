/// Timelines as lines of a file, so that a run can be counted again, and one that another program made beside it.

import Foundation
package import Martlet
package import MartletFormats

extension RequestTimeline {
    /// What was asked, as far as the timeline tells.
    package var request: Workload.Request {
        Workload.Request(
            arrival: arrival, promptTokens: promptTokens, completionTokens: max(1, tokens.count))
    }

    /// One line of a file; times in seconds.
    package var json: JSONValue {
        var members: [JSONObject.Member] = [
            .init(key: "arrival", value: .number(arrival)),
            .init(key: "tokens", value: .array(tokens.map { .number($0) })),
            .init(key: "promptTokens", value: .integer(promptTokens)),
            .init(key: "cachedTokens", value: .integer(cachedTokens)),
            .init(key: "ending", value: .string(ending.rawValue)),
            .init(key: "ended", value: .number(ended)),
        ]
        if let started { members.append(.init(key: "started", value: .number(started))) }
        return .object(JSONObject(members))
    }

    /// Reads a line; nil for one that is none.
    init?(_ line: some Collection<UInt8>) {
        guard let object = (try? JSONValue.parse(Array(line)))?.objectValue,
            let arrival = object["arrival"]?.doubleValue,
            let times = object["tokens"]?.arrayValue,
            let prompt = object["promptTokens"]?.intValue, Workload.mostTokens.contains(prompt),
            let ending = object["ending"]?.stringValue.flatMap(Ending.init(rawValue:)),
            let ended = object["ended"]?.doubleValue
        else { return nil }
        let tokens = times.compactMap(\.doubleValue)
        let started = object["started"]?.doubleValue
        let all = [arrival, ended] + tokens + (started.map { [$0] } ?? [])
        guard tokens.count == times.count, all.allSatisfy({ $0.isFinite && abs($0) < 1e12 }) else {
            return nil
        }
        self.init(
            arrival: arrival, started: started, tokens: tokens, promptTokens: prompt,
            cachedTokens: min(max(0, object["cachedTokens"]?.intValue ?? 0), prompt),
            ending: ending, ended: ended)
    }

    /// Reads a file of timelines. Throws `fileNotFound`, `unreadableFile`, and `malformedFile` with the line that is wrong.
    package static func read(_ path: String) throws(MartletError) -> [RequestTimeline] {
        let data = try Workload.bytes(of: path, wanted: "a file that --timelines wrote")
        var timelines: [RequestTimeline] = []
        for (index, line) in data.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).enumerated() where !line.isEmpty {
            guard let timeline = RequestTimeline(line) else {
                throw MartletError(
                    code: .malformedFile, subject: path,
                    message:
                        "\(path), line \(index + 1): expected an object with arrival, tokens (times), promptTokens, "
                        + "ending and ended; correct or remove it")
            }
            timelines.append(timeline)
        }
        return timelines
    }
}
