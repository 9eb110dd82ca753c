// The sampler against brute force, known vectors and known answers.

import Foundation
import Testing

@testable import MartletEngine

@Suite struct SamplerTests {
    static let sizes = [1, 2, 15, 16, 17, 255, 256, 257, 1000, 5003]

    func row(_ count: Int, seed: UInt64, scale: Float = 8) -> [Float] {
        var random = Seeded(seed)
        return (0..<count).map { _ in Float.random(in: -scale...scale, using: &random) }
    }

    func sample(
        _ row: [Float], _ parameters: SamplingParameters, seed: UInt64 = 1, position: Int = 0,
        history: PenaltyHistory? = nil
    ) throws -> SampledToken {
        var sampler = Sampler(vocabularySize: row.count)
        return try row.withUnsafeBufferPointer {
            try sampler.sample(
                $0, parameters: parameters, history: history,
                random: RandomStream(seed: seed, chain: 0), position: position)
        }
    }

    @Test(arguments: sizes) func greedyIsTheFirstLargest(count: Int) throws {
        for seed in 0..<5 as Range<UInt64> {
            var values = row(count, seed: seed).map { ($0 * 4).rounded() }
            #expect(
                try sample(values, .greedy).token == Int32(values.firstIndex(of: values.max()!)!))
            values = values.map { _ in 3 }
            #expect(try sample(values, .greedy).token == 0)
        }
    }

    @Test func refusesWhatIsNotANumber() {
        for (bad, error) in [
            (Float.nan, SamplingError.notANumber(token: 700)),
            (.infinity, .notANumber(token: 700)),
        ] {
            var values = row(1000, seed: 1)
            values[700] = bad
            for parameters in [SamplingParameters.greedy, SamplingParameters()] {
                #expect(throws: error) { try sample(values, parameters) }
            }
        }
        #expect(throws: SamplingError.nothingToChoose) {
            try sample(Array(repeating: -.infinity, count: 40), .greedy)
        }
    }

    @Test func exponentialIsAccurate() {
        for step in 0...870 {
            let x = -Float(step) / 10
            let got = LogitRow.exponential(SIMD16(repeating: x))[3]
            #expect(abs(Double(got) / exp(Double(x)) - 1) < 3e-7, "exp(\(x))")
        }
        #expect(LogitRow.exponential(SIMD16(repeating: -.infinity))[0] == 0)
        #expect(LogitRow.exponential(SIMD16(repeating: -88))[0] == 0)
        #expect(LogitRow.exponential(SIMD16(repeating: 0))[0] == 1)
    }

    @Test(arguments: sizes) func logprobsAreLogSoftmax(count: Int) throws {
        let values = row(count, seed: 5)
        var parameters = SamplingParameters()
        parameters.logprobs = min(5, count)
        parameters.temperature = 0.3
        parameters.logitBias = [0: 2]
        let sampled = try sample(values, parameters)
        let offset = log(values.reduce(0) { $0 + exp(Double($1)) })
        let exact = values.map { Double($0) - offset }
        #expect(abs(Double(try #require(sampled.logprob)) - exact[Int(sampled.token)]) < 1e-5)
        let best = exact.indices.sorted { (exact[$0], -$0) > (exact[$1], -$1) }
        #expect(sampled.top.map(\.token) == best.prefix(min(5, count)).map(Int32.init))
        for entry in sampled.top {
            #expect(abs(Double(entry.logprob) - exact[Int(entry.token)]) < 1e-5)
        }
    }

    @Test(
        arguments: [(0, 1, 0), (7, 1, 0), (0, 0.6, 0), (20, 0.8, 0), (0, 1, 0.1), (50, 0.95, 0.02)]
            as [(Int, Float, Float)], [0, 0.7] as [Float])
    func probabilitiesOfTheDrawAreThoseOfWhatFiltersKeep(
        filters: (Int, Float, Float), temperature: Float
    ) throws {
        var parameters = SamplingParameters()
        (parameters.topK, parameters.topP, parameters.minP) = filters
        parameters.temperature = temperature
        parameters.logitBias = [3: 1.5, 4: -.infinity]
        parameters.logprobs = 300
        var values = row(300, seed: 8, scale: 4)
        let plain = try sample(values, parameters, position: 2)
        parameters.describesDraw = true
        let sampled = try sample(values, parameters, position: 2)
        #expect(sampled.token == plain.token)
        for (token, bias) in parameters.logitBias { values[Int(token)] += bias }
        let greedy = parameters.isGreedy
        let kept =
            greedy
            ? [Int32(values.firstIndex(of: values.max()!)!)] : bruteForce(values, parameters)
        let scale = greedy ? 1 : Double(temperature)
        let weights = values.map { exp(Double($0) / scale) }
        let mass = kept.reduce(0) { $0 + weights[Int($1)] }
        // All but the one that nothing can choose.
        #expect(sampled.top.count == 299)
        var total = 0.0
        for entry in sampled.top {
            let exact = kept.contains(entry.token) ? weights[Int(entry.token)] / mass : 0
            #expect(abs(exp(Double(entry.logprob)) - exact) < 1e-6)
            total += exp(Double(entry.logprob))
        }
        #expect(abs(total - 1) < 1e-5)
        #expect(sampled.logprob == sampled.top.first { $0.token == sampled.token }?.logprob)
    }

    @Test func whatWasNotDrawnIsCertain() throws {
        var parameters = SamplingParameters()
        parameters.logprobs = 2
        parameters.describesDraw = true
        let values = row(100, seed: 1)
        var sampler = Sampler(vocabularySize: 100)
        let only = try values.withUnsafeBufferPointer {
            try sampler.sample(
                $0, parameters: parameters, history: nil, random: RandomStream(seed: 1, chain: 0),
                position: 0, allowed: AllowedTokens(words: [1 << 9], count: 1))
        }
        #expect(only.token == 9 && only.logprob == 0)
        #expect(only.top == [TokenLogprob(token: 9, logprob: 0)])
    }

    /// The filters, on sorted lists in f64.
    func bruteForce(_ row: [Float], _ parameters: SamplingParameters) -> Set<Int32> {
        let scaled = row.map { Double($0) / Double(parameters.temperature) }
        let largest = scaled.max()!
        var kept = row.indices.map { (id: Int32($0), weight: exp(scaled[$0] - largest)) }
            .sorted { ($0.weight, -$0.id) > ($1.weight, -$1.id) }
        if parameters.topK > 0 { kept = Array(kept.prefix(parameters.topK)) }
        if parameters.topP < 1 {
            let needed = Double(parameters.topP) * kept.reduce(0) { $0 + $1.weight }
            var mass = 0.0
            var count = 0
            while count < kept.count && (count == 0 || mass < needed) {
                mass += kept[count].weight
                count += 1
            }
            kept = Array(kept.prefix(count))
        }
        return Set(kept.filter { $0.weight >= Double(parameters.minP) }.map(\.id))
    }

    @Test(
        arguments: [
            (0, 1, 0), (1, 1, 0), (7, 1, 0), (0, 0.5, 0), (0, 0.9, 0), (20, 0.8, 0), (0, 1, 0.1),
            (50, 0.95, 0.02), (0, 0, 0), (100_000, 0.7, 0.3), (0, 0.999, 0),
        ] as [(Int, Float, Float)])
    func filtersKeepWhatBruteForceKeeps(topK: Int, topP: Float, minP: Float) throws {
        for (count, scale) in [(3, 4), (40, 2), (300, 6), (400, 0.01)] as [(Int, Float)] {
            for temperature in [0.5, 1.7] as [Float] {
                let values = row(count, seed: UInt64(count), scale: scale)
                var parameters = SamplingParameters()
                parameters.topK = topK
                parameters.topP = topP
                parameters.minP = minP
                parameters.temperature = temperature
                let kept = bruteForce(values, parameters)
                var seen: Set<Int32> = []
                for position in 0..<(kept.count < 10 ? 150 : 30) {
                    seen.insert(try sample(values, parameters, position: position).token)
                }
                #expect(seen.isSubset(of: kept))
                let scaled = values.map { exp(Double(($0 - values.max()!) / temperature)) }
                let mass = kept.reduce(0) { $0 + scaled[Int($1)] }
                // What is likely must come up: missing a fifth in 150 draws has odds of 1e-14.
                if kept.count < 10 {
                    for token in kept where scaled[Int(token)] / mass > 0.2 {
                        #expect(seen.contains(token))
                    }
                }
            }
        }
    }

    @Test func drawsFollowTheDistribution() throws {
        let values: [Float] = (0..<600).map { $0 % 300 == 7 ? 5 : $0 == 599 ? 6 : -3 }
        let weights = values.map { exp(Double($0)) }
        let total = weights.reduce(0, +)
        var counts: [Int32: Int] = [:]
        let draws = 3000
        for position in 0..<draws {
            counts[
                try sample(values, SamplingParameters(), position: position).token, default: 0] += 1
        }
        for token in [7, 307, 599] {
            let p = weights[token] / total
            let deviation = sqrt(p * (1 - p) / Double(draws))
            #expect(abs(Double(counts[Int32(token)] ?? 0) / Double(draws) - p) < 5 * deviation)
        }
    }

    @Test func nucleusOfManyEqualsSortsByID() {
        var candidates = (0..<10_000).map { Candidate(logit: 1, id: Int32(9_999 - $0), weight: 1) }
        candidates.keepNucleus(reaching: 2500)
        #expect(Set(candidates.map(\.id)) == Set(0..<2500))
    }

    @Test(arguments: [1, 2, 5, 100, 999, 1000, 2000]) func largestAreTheLargest(limit: Int) {
        for seed in 0..<2 as Range<UInt64> {
            let values = row(1000, seed: seed).map { $0.rounded() }
            var selected: [Candidate] = []
            values.withUnsafeBufferPointer {
                LogitRow($0).selectLargest(limit, into: &selected)
            }
            let best = values.indices.sorted { (values[$0], -$0) > (values[$1], -$1) }
            #expect(Set(selected.map(\.id)) == Set(best.prefix(limit).map(Int32.init)))
        }
    }

    @Test func penaltiesAndBias() throws {
        var parameters = SamplingParameters.greedy
        parameters.repetitionPenalty = 2
        var history = PenaltyHistory(prompt: [0, 1])
        // 4 / 2 and -1 * 2 for the prompt's tokens; the third wins.
        #expect(try sample([4, -1, 3], parameters, history: history).token == 2)
        #expect(try sample([-1, -1.5, -1.9], parameters, history: history).token == 2)
        parameters.repetitionPenalty = 1
        parameters.presencePenalty = 1
        // The prompt does not count for presence and frequency.
        #expect(try sample([4, -1, 3.5], parameters, history: history).token == 0)
        history.append(0)
        #expect(try sample([4, -1, 3.5], parameters, history: history).token == 2)
        parameters.presencePenalty = 0
        parameters.frequencyPenalty = 0.3
        #expect(try sample([4, -1, 3.5], parameters, history: history).token == 0)
        history.append(0)
        #expect(try sample([4, -1, 3.5], parameters, history: history).token == 2)
        // Bias comes before the penalties: (4 + 4) / 2 < 5.
        parameters = .greedy
        parameters.repetitionPenalty = 2
        parameters.logitBias = [0: 4]
        #expect(try sample([4, 0, 5], parameters, history: PenaltyHistory(prompt: [0])).token == 2)
        parameters.logitBias = [2: -.infinity]
        parameters.repetitionPenalty = 1
        #expect(try sample([4, 0, 5], parameters).token == 0)
    }

    /// The known answers that Random123 ships for philox4x32-10.
    @Test func philoxVectors() {
        #expect(
            RandomStream.philox(counter: SIMD4(repeating: 0), key: SIMD2(repeating: 0))
                == SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
        #expect(
            RandomStream.philox(counter: SIMD4(repeating: .max), key: SIMD2(repeating: .max))
                == SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD))
        #expect(
            RandomStream.philox(
                counter: SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344),
                key: SIMD2(0xA409_3822, 0x299F_31D0))
                == SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1))
    }

    @Test func validation() throws {
        func check(_ change: (inout SamplingParameters) -> Void) throws -> String? {
            var parameters = SamplingParameters()
            change(&parameters)
            do {
                try parameters.validate(vocabularySize: 100)
                return nil
            } catch .invalidParameter(let name, _, _) { return name }
        }
        #expect(try check { _ in } == nil)
        #expect(try check { $0.temperature = -1 } == "temperature")
        #expect(try check { $0.temperature = .nan } == "temperature")
        #expect(try check { $0.topK = -1 } == "topK")
        #expect(try check { $0.topP = 1.1 } == "topP")
        #expect(try check { $0.minP = -0.1 } == "minP")
        #expect(try check { $0.repetitionPenalty = 0 } == "repetitionPenalty")
        #expect(try check { $0.presencePenalty = .infinity } == "presencePenalty")
        #expect(try check { $0.frequencyPenalty = .nan } == "frequencyPenalty")
        #expect(try check { $0.logprobs = 101 } == "logprobs")
        #expect(try check { $0.logitBias = [100: 1] } == "logitBias token")
        #expect(try check { $0.logitBias = [3: .infinity] } == "logitBias of token 3")
        #expect(try check { $0.stop = [""] } == "stop")
        #expect(try check { $0.maximumTokens = -1 } == "maximumTokens")
    }
}
