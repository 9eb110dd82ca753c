/// Recorded and drawn requests: what files say, what is drawn, what is refused.

import Foundation
import Martlet
import MartletTestSupport
import Testing

@testable import MartletEvaluation

@Suite struct WorkloadTests {
    private static func read(_ text: String) throws -> Workload {
        try Workload(bytes: Array(text.utf8), name: "trace", path: "trace")
    }

    @Test func readsTablesAndObjects() throws {
        let azure = try Self.read(
            "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-12-31 23:59:59.5000000,4808,10\r\n"
                + "2024-03-01 00:00:00.2500000,34,12\r\n")
        #expect(azure.requests.map(\.promptTokens) == [4808, 34])
        #expect(azure.requests.map(\.completionTokens) == [10, 12])
        // January and the February of a leap year.
        let gap = azure.requests[1].arrival - azure.requests[0].arrival
        #expect(abs(gap - (60 * 86_400 + 0.75)) < 1e-6)
        let vidur = try Self.read(
            "arrived_at,num_prefill_tokens,num_decode_tokens\n0.5,7,1\n0.25,8,2\n")
        // In the order of arrivals.
        #expect(vidur.requests.map(\.promptTokens) == [8, 7])
        let lengths = try Self.read(
            "num_prefill_tokens,num_decode_tokens,num_total_tokens,pd_ratio\n74,918,992,0.08\n")
        #expect(lengths.requests == [.init(arrival: 0, promptTokens: 74, completionTokens: 918)])
        let mooncake = try Self.read(
            #"{"timestamp": 3000, "input_length": 600, "output_length": 5, "hash_ids": [0, 9]}"#)
        #expect(
            mooncake.requests
                == [.init(arrival: 3, promptTokens: 600, completionTokens: 5, blocks: [0, 9])])
        let ids = try Self.read(
            #"{"input_toks": 3, "output_toks": 2, "arrival_time_ns": 1500000000, "input_tok_ids": [1]}"#
        )
        #expect(ids.requests == [.init(arrival: 1.5, promptTokens: 3, completionTokens: 2)])
    }

    @Test(arguments: [
        ("", 1), ("a,b\n1,2\n", 1), ("{\"x\": 1}\n", 1),
        ("arrived_at,num_prefill_tokens,num_decode_tokens\n", 1),
        ("arrived_at,num_prefill_tokens,num_decode_tokens\n0,1,1\n0,0,1\n", 3),
        ("arrived_at,num_prefill_tokens,num_decode_tokens\nnan,1,1\n", 2),
        ("arrived_at,num_prefill_tokens,num_decode_tokens\n0,99999999999,1\n", 2),
        ("arrived_at,num_prefill_tokens,num_decode_tokens\n0,1\n", 2),
        ("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-13-01 00:00:00,1,1\n", 2),
        ("{\"timestamp\": 0, \"input_length\": 1, \"output_length\": 1, \"hash_ids\": [\"a\"]}", 1),
    ])
    func saysWhichLineIsWrong(text: String, line: Int) throws {
        let error = #expect(throws: MartletError.self) { try Self.read(text) }
        #expect(error?.code == .malformedFile)
        #expect(error?.message.contains("line \(line)") == true, "\(error?.message ?? "")")
    }

    private static let traces =
        URL(filePath: #filePath).pathComponents.dropLast(4).dropFirst()
        .reduce("") { $0 + "/" + $1 } + "/../shared/data/traces/"

    /// The published traces, where they are: as many requests as their descriptions say.
    @Test(
        .enabled(if: FileManager.default.fileExists(atPath: traces)),
        arguments: [
            ("azure-llm-2023/AzureLLMInferenceTrace_code.csv", 8819),
            ("lengths-vidur-etalon/splitwise_code.csv", 8819),
            ("mooncake/conversation_trace.jsonl", 12_031),
            ("sharegpt-llmservingsim/sharegpt-llama-3.1-8b-300-sps10.jsonl", 300),
        ])
    func readsPublishedTraces(file: String, count: Int) throws {
        let read = try Workload(file: Self.traces + file)
        #expect(read.requests.count == count)
        #expect(try #require(read.rate) > 0)
        // Azure's two files are the same requests.
        if count == 8819 { #expect(read.requests[1].promptTokens == 3180) }
    }

    /// Whatever bytes there are, they are read or refused.
    @Test func mutantsAreReadOrRefused() throws {
        let seeds = [
            "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.97,4808,10\n",
            #"{"timestamp": 3000, "input_length": 600, "output_length": 5, "hash_ids": [0, 9]}"#,
        ]
        for (stream, text) in seeds.enumerated() {
            var mutator = Mutator(seed: UInt64(stream))
            for _ in 0..<300 {
                let bytes = mutator.mutate(Array(text.utf8), with: Array(seeds[1 - stream].utf8))
                guard let read = try? Workload(bytes: bytes, name: "m", path: "m") else { continue }
                #expect(read.requests.allSatisfy { $0.promptTokens >= 1 && $0.arrival.isFinite })
            }
        }
    }

    @Test func arrivalsHaveTheirRateAndBurstiness() throws {
        let plain = Workload(
            name: "many",
            requests: (0..<20_000).map { _ in
                .init(arrival: 0, promptTokens: 1, completionTokens: 1)
            })
        for burstiness in [0, 0.5, 1, 3] {
            let drawn = plain.arriving(.random(rate: 4, burstiness: burstiness), seed: 3)
            #expect(drawn == plain.arriving(.random(rate: 4, burstiness: burstiness), seed: 3))
            let times = drawn.requests.map(\.arrival)
            let gaps = zip(times.dropFirst(), times).map { $0 - $1 }
            let mean = gaps.reduce(0, +) / Double(gaps.count)
            let deviation =
                (gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count))
                .squareRoot()
            #expect(times[0] == 0)
            #expect(abs(mean - 0.25) < 0.02)
            #expect(abs(deviation - 0.25 * burstiness) < 0.05 * max(0.3, burstiness))
        }
        let recorded = Workload(
            name: "two",
            requests: [5, 9].map { .init(arrival: $0, promptTokens: 1, completionTokens: 1) }
        ).arriving(.recorded(speed: 2), seed: 0)
        #expect(recorded.requests.map(\.arrival) == [0, 2] && recorded.rate == 0.5)
    }

    /// Prompts that begin with the same blocks begin with the same tokens, and with no others.
    @Test func blocksAreSharedPrefixes() {
        let workload = Workload(
            name: "shared",
            requests: [[1, 2], [1, 3], []].map {
                .init(arrival: 0, promptTokens: 25, completionTokens: 1, blocks: $0)
            }, blockTokens: 10)
        let prompts = (0..<3).map { workload.tokens(of: $0, vocabulary: 5..<900, seed: 4) }
        #expect(prompts.allSatisfy { $0.count == 25 && $0.allSatisfy { (5..<900).contains($0) } })
        #expect(prompts[0][..<10] == prompts[1][..<10])
        #expect(prompts[0][10..<20] != prompts[1][10..<20])
        #expect(prompts[0][20...] != prompts[1][20...])
        #expect(prompts[2][..<10] != prompts[0][..<10])
        let cut = workload.limited(to: 2, prompt: 7)
        #expect(cut.requests.map(\.promptTokens) == [7, 7])
        #expect(cut.tokens(of: 0, vocabulary: 5..<900, seed: 4) == Array(prompts[0][..<7]))
    }
}
