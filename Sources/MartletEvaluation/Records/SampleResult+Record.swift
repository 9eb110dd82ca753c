/// A problem's result as a line of a file, and back.

import Martlet
public import MartletFormats
import MartletTasks

extension SampleResult {
    /// The line: the problem, the answer that won and its score, costs, and every chain.
    public var record: JSONObject {
        var members: [JSONObject.Member] = [
            .init(key: "index", value: .integer(index)),
            .init(key: "task", value: .string(sample.task)),
            .init(key: "difficulty", value: .integer(sample.difficulty)),
            .init(key: "prompt", value: .string(sample.prompt)),
            .init(key: "reference", value: .string(sample.answer)),
            .init(key: "answer", value: answer.map { .string($0) } ?? .null),
            .init(key: "score", value: .number(score)),
            .init(key: "tokens", value: .integer(tokens)),
            .init(key: "kvReads", value: .number(kvReads)),
            .init(key: "bytesMoved", value: bytesMoved.map { .integer($0) } ?? .null),
            .init(key: "peakTokens", value: .number(peakTokens)),
            .init(key: "bytes", value: .integer(bytes)),
            .init(key: "cacheBytes", value: .integer(cacheBytes)),
            .init(key: "seed", value: .seed(seed)),
            .init(key: "chains", value: .array(chains.map(\.record))),
        ]
        if !leadingBytes.isEmpty {
            let widths = leadingBytes.sorted { $0.key < $1.key }.map {
                JSONObject.Member(key: "\($0.key)", value: .integer($0.value))
            }
            members.append(.init(key: "leadingBytes", value: .object(JSONObject(widths))))
        }
        if let refusal { members.append(.init(key: "refusal", value: .string(refusal))) }
        return JSONObject(members)
    }

    /// The result that a line tells of, given the problem that it answered; nil when the line is no such record or
    /// tells of another problem.
    init?(record: JSONObject, index: Int, sample: TaskSample, seed: UInt64) {
        guard record["index"]?.intValue == index, record["prompt"]?.stringValue == sample.prompt,
            let bytes = record["bytes"]?.intValue, let cacheBytes = record["cacheBytes"]?.intValue,
            bytes >= 0, cacheBytes >= 0,
            let lines = record["chains"]?.arrayValue, !lines.isEmpty
        else { return nil }
        let chains = lines.compactMap { $0.objectValue.flatMap(ChainResult.init(record:)) }
        guard chains.count == lines.count else { return nil }
        var leading: [Int: Int] = [:]
        for member in record["leadingBytes"]?.objectValue?.members ?? [] {
            guard let width = Int(member.key), width > 0, let held = member.value.intValue,
                held >= 0
            else { return nil }
            leading[width] = held
        }
        self.init(
            index: index, sample: sample, seed: seed, chains: chains, bytes: bytes,
            cacheBytes: cacheBytes, leadingBytes: leading, refusal: record["refusal"]?.stringValue)
    }
}

extension ChainResult {
    fileprivate var record: JSONValue {
        [
            "text": .string(text), "answer": answer.map { .string($0) } ?? .null,
            "score": .number(score), "tokens": .integer(tokens), "kvReads": .number(kvReads),
            "bytesMoved": bytesMoved.map { .integer($0) } ?? .null,
            "peakTokens": .number(peakTokens), "finishReason": .string(finishReason.rawValue),
        ]
    }

    fileprivate init?(record: JSONObject) {
        guard let text = record["text"]?.stringValue, let score = record["score"]?.doubleValue,
            let tokens = record["tokens"]?.intValue, let reads = record["kvReads"]?.doubleValue,
            let peak = record["peakTokens"]?.doubleValue,
            let reason = record["finishReason"]?.stringValue.flatMap(FinishReason.init(rawValue:)),
            // Sums of many must stay numbers.
            (0...1).contains(score), (0...1_000_000_000_000).contains(tokens),
            RunRecords.costs.contains(reads), RunRecords.costs.contains(peak),
            let moved = RunRecords.cost("bytesMoved", of: record)
        else { return nil }
        self.init(
            text: text, answer: record["answer"]?.stringValue, score: score, tokens: tokens,
            kvReads: reads, bytesMoved: moved.map { Int($0) }, peakTokens: peak,
            finishReason: reason)
    }
}
