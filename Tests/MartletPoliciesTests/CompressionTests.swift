/// Budgets and choices: sums, floors, ties, and the texts that name them.

import Foundation
import MartletKernels
import Testing

@testable import MartletCache
@testable import MartletPolicies

@Suite struct CompressionTests {
    @Test func largestAgreesWithSorting() {
        var random = CounterRandom(seed: 61)
        for count in [1, 2, 17, 100] {
            for levels: UInt64 in [2, 5, 1 << 20] {
                let values = (0..<count).map { _ in Float(random.next() % levels) - 1 }
                for wanted in [0, 1, count / 2, count - 1, count] {
                    let order = values.indices.sorted {
                        (values[$0], $0) > (values[$1], $1)
                    }
                    let expected = order.prefix(wanted).sorted().map { Int32($0) }
                    #expect(Ranking.largest(wanted, of: values) == expected)
                }
            }
        }
        #expect(Ranking.largest(2, of: [.nan, -.infinity, 3, .infinity]) == [2, 3])
        #expect(Ranking.largest(3, of: [.nan, -.infinity, 3, .infinity]) == [1, 2, 3])
        #expect(Ranking.largest(1, of: [0, -0.0]) == [1])
    }

    /// Ada-KV: exactly the layer's budget, and each head at least its floor.
    @Test(arguments: [0, 0.2, 0.5, 1]) func headsShareALayersBudget(floor: Double) {
        var random = CounterRandom(seed: 62)
        for heads in [1, 2, 5] {
            for count in [40, 333] {
                let scores = (0..<heads).map { head in
                    random.floats(count).map { $0 * Float(head + 1) }
                }
                for budget in [4, count / 4, count - 1] {
                    let kept = BudgetRule.adaptive(floor: floor, within: .uniform)
                        .select(scores, budget: budget)
                    let sizes = kept.map { $0?.count ?? count }
                    #expect(sizes.reduce(0, +) == heads * budget)
                    #expect(sizes.allSatisfy { $0 >= Int(Double(budget) * floor) })
                    for slots in kept.compactMap(\.self) {
                        #expect(slots == slots.sorted() && Set(slots).count == slots.count)
                    }
                }
            }
        }
    }

    /// PyramidKV's layers sum to the budget within a rounding each, and never rise.
    @Test(arguments: [2, 16, 28, 80]) func pyramidsKeepTheSum(layers: Int) {
        let rule = BudgetRule.pyramid(beta: 20, window: .stated(32))
        for (kept, count) in [(1024, 8192), (2048, 4096), (700, 1000)] {
            let budgets = (0..<layers).map {
                rule.layerBudget(kept, of: count, ratio: nil, layer: $0, layerCount: layers)
            }
            #expect(abs(budgets.reduce(0, +) - layers * kept) <= layers)
            #expect(zip(budgets, budgets.dropFirst()).allSatisfy { $0 >= $1 })
            #expect(budgets.allSatisfy { $0 >= 32 && $0 <= count })
        }
    }

    @Test func budgetsInTokensRatiosAndBytes() {
        let shape = KVShape(
            layerCount: 2, keyValueHeadCount: 2, headDimension: 8, codec: .f16, pageBytes: 512)
        #expect(TokenBudget.tokens(10).kept(of: 7, shape: shape) == 7)
        #expect(TokenBudget.ratio(0.75).kept(of: 67, shape: shape) == 16)
        #expect(TokenBudget.ratio(0.9).kept(of: 5, shape: shape) == 1)
        #expect(TokenBudget.bytes(4 * 576 * 3 + 100).kept(of: 100, shape: shape) == 48)
    }

    @Test(arguments: [
        (
            "snapkv(budget=1024) + kv(q8)",
            "snapkv(budget=1024, sinks=0, recent=0, window=64, kernel=5, pooling=mean) + kv(q8, by=channel, residual=0)"
        ),
        ("kv(q4)", "dense + kv(q4, by=channel, residual=0)"),
        ("knorm(ratio=0)", "knorm(ratio=0.0, sinks=auto, recent=1)"),
        ("random(bytes=64MB, seed=3)", "random(bytes=64MB, sinks=auto, recent=1, seed=3)"),
        (
            "adakv(knorm(ratio=0.5), alpha=1)",
            "adakv(knorm(ratio=0.5, sinks=auto, recent=1), alpha=1.0)"
        ),
    ]) func canonicalTexts(text: String, canonical: String) throws {
        let policy = try CachePolicy(text)
        #expect(policy.description == canonical)
        #expect(try CachePolicy(policy.description) == policy)
    }

    /// A codec that does not say along what it scales keys does so along channels where full pages may be sealed, and
    /// along tokens beside what writes to them or looks into them.
    @Test(arguments: [
        ("kv(q4)", "by=channel, residual=0"), ("dense + kv(q8)", "by=channel, residual=0"),
        ("snapkv(budget=64, window=8) + kv(q4)", "by=channel, residual=0"),
        ("h2o(budget=64) + kv(q4)", "by=token"), ("dms + kv(q8)", "by=token"),
        ("quest(budget=64) + kv(q8)", "by=token"), ("window(recent=64) + kv(q4)", "by=token"),
        ("snapkv(bytes=64MB) + kv(q8)", "by=token"),
    ]) func aCodecFitsWhatStandsBesideIt(text: String, storage: String) throws {
        let policy = try CachePolicy(text)
        #expect(policy.description.contains(storage), "\(policy)")
        #expect(try CachePolicy(policy.description) == policy)
        let named = try CachePolicy(text.replacing(#/\ \+\ kv\(q.\)/#, with: ""))
        if named.storage == nil {
            #expect(try named.storing(text.contains("q4") ? .q4 : .q8) == policy)
        }
    }

    @Test(arguments: [
        ("knorm", "budget, ratio, bytes", "none", "exactly one of them"),
        (
            "knorm(budget=9, ratio=0.5)", "budget, ratio, bytes", "budget and ratio",
            "exactly one of them"
        ),
        ("knorm(budget=4, sinks=4)", "budget", "4", "at least 5, the tokens that always stay"),
        (
            "snapkv(budget=40, window=64)", "budget", "40",
            "at least 64, the tokens that always stay"
        ),
        ("knorm(ratio=1)", "ratio", "1", "a number from 0.0 to 0.9999"),
        ("h2o(budget=99, average=2)", "average", "2", "true or false"),
        ("knorm(bytes=9)", "bytes", "9", "bytes with a unit, as in 64MB"),
        ("adakv", "first argument", "nothing", "a policy, as in adakv(snapkv(budget=1024))"),
        (
            "adakv(dense)", "first argument", "dense",
            "a policy that scores tokens, as in adakv(snapkv(budget=1024))"
        ),
        (
            "kv", "first argument", "nothing",
            "one of f32, f16, bf16, q8, q4, kivi, zipcache, mixed, as in kv(q8)"
        ),
        (
            "kv(q3)", "first argument", "q3",
            "one of f32, f16, bf16, q8, q4, kivi, zipcache, mixed, as in kv(q8)"
        ),
    ]) func namesWhatIsWrong(_ text: String, _ parameter: String, _ got: String, _ expected: String)
    {
        #expect(
            throws: CacheError.badPolicyParameter(
                policy: String(text.prefix { $0.isLetter || $0 == "2" }), parameter: parameter,
                got: got, expected: expected)
        ) { try CachePolicy(text) }
    }

    @Test func refusesWhatDoesNotCombine() {
        for text in ["snapkv(ratio=0.5) + knorm(ratio=0.5)", "dense + window(recent=4)"] {
            #expect(throws: CacheError.self) { try CachePolicy(text) }
        }
        for text in ["kv(q8) + kv(q4)", "adakv(adakv(knorm(ratio=0.5)))"] {
            #expect(throws: CacheError.self) { try CachePolicy(text) }
        }
    }

    @Test func aBudgetOfBytesMustHoldWhatAlwaysStays() throws {
        let shape = KVShape(
            layerCount: 2, keyValueHeadCount: 2, headDimension: 8, codec: .f16, pageBytes: 512)
        #expect(throws: CacheError.self) {
            try KVCache(
                shape: shape, budgetBytes: 1 << 20, policy: CachePolicy("knorm(bytes=1KB)"))
        }
        _ = try KVCache(
            shape: shape, budgetBytes: 1 << 20, policy: CachePolicy("knorm(bytes=5KB)"))
    }

    @Test func refusesModelsWithSlidingWindows() throws {
        let shape = KVShape(
            layerCount: 2, keyValueHeadCount: 2, headDimension: 8, codec: .f16, pageBytes: 512)
        let policy = try CachePolicy("knorm(ratio=0.5)")
        #expect(
            throws: CacheError.policyNeedsFullAttention(
                policy: "knorm(ratio=0.5, sinks=auto, recent=1)", window: 16)
        ) {
            try KVCache(
                shape: shape, budgetBytes: 1 << 20, policy: policy, layerWindows: [nil, 16])
        }
    }

    /// Expected Attention's closed form is the mean of e^(q·k/√d) over Gaussian queries.
    @Test func closedFormEqualsMonteCarlo() {
        let d = 6
        var random = CounterRandom(seed: 208)
        func normal() -> Double {
            (-2 * log(max(random.unit(), 1e-12))).squareRoot() * cos(2 * .pi * random.unit())
        }
        let mean = (0..<d).map { _ in normal() * 0.5 }
        let factor = (0..<d * d).map { _ in normal() * 0.4 }
        var covariance = [Double](repeating: 0, count: d * d)
        for i in 0..<d {
            for j in 0..<d {
                for k in 0..<d { covariance[i * d + j] += factor[i * d + k] * factor[j * d + k] }
            }
        }
        let keys = (0..<3 * d).map { _ in Float(normal()) }
        let expected = ExpectedAttention(
            future: 1, sinks: .stated(0), covariance: true, valueNorm: false, epsilon: 0)
        let closed = expected.logits(
            keys[...], mean.map { Float($0) }, covariance.map { Float($0) }, d)
        var sums = [Double](repeating: 0, count: 3)
        let count = 60_000
        for _ in 0..<count {
            let z = (0..<d).map { _ in normal() }
            let q = (0..<d).map { i in
                mean[i] + (0..<d).reduce(0) { $0 + factor[i * d + $1] * z[$1] }
            }
            for key in 0..<3 {
                let dot = (0..<d).reduce(0) { $0 + q[$1] * Double(keys[key * d + $1]) }
                sums[key] += exp(dot / Double(d).squareRoot())
            }
        }
        for key in 0..<3 {
            let ratio = sums[key] / Double(count) / exp(Double(closed[key]))
            #expect(abs(ratio - 1) < 0.03, "key \(key): \(ratio)")
        }
    }
}
