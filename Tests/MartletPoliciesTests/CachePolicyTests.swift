/// Policies: the registry's ranges and messages, visibility and distances against brute force.

import Testing

@testable import MartletCache
@testable import MartletPolicies

@Suite struct CachePolicyTests {
    @Test func textAndValueAgree() throws {
        #expect(try CachePolicy("dense") == .dense)
        #expect(try CachePolicy("dense()").description == "dense")
        let window = try CachePolicy(" window( recent = 256 ) ")
        #expect(window.description == "window(sinks=4, recent=256, positions=reindex)")
        #expect(try CachePolicy(window.description) == window)
        let clamped = try CachePolicy("window(positions=clamp,recent=1,sinks=0)")
        #expect(clamped.description == "window(sinks=0, recent=1, positions=clamp)")
        #expect(clamped == (try CachePolicy(clamped.description)) && clamped != window)
    }

    @Test(arguments: [
        ("window", "recent", "nothing", "an integer from 1 to 2147483647"),
        ("window(recent=0)", "recent", "0", "an integer from 1 to 2147483647"),
        ("window(recent=-5)", "recent", "-5", "an integer from 1 to 2147483647"),
        ("window(recent=1.5)", "recent", "1.5", "an integer from 1 to 2147483647"),
        ("window(recent=64KB)", "recent", "64KB", "an integer from 1 to 2147483647"),
        ("window(recent=9, sinks=49)", "sinks", "49", "an integer from 0 to 48"),
        ("window(recent=9, positions=far)", "positions", "far", "one of clamp, reindex"),
        (
            "window(recent=9, size=3)", "size", "an unknown parameter",
            "one of sinks, recent, positions"
        ),
        ("dense(size=3)", "size", "an unknown parameter", "none"),
        (
            "window(dense, recent=9)", "first argument", "dense",
            "parameter=value, because it wraps no policy"
        ),
    ]) func namesTheBadParameter(
        _ text: String, _ parameter: String, _ got: String, _ expected: String
    ) {
        let policy = String(text.prefix { $0.isLetter })
        #expect(
            throws: CacheError.badPolicyParameter(
                policy: policy, parameter: parameter, got: got, expected: expected)
        ) { try CachePolicy(text) }
    }

    @Test func listsWhatIsAvailable() {
        let names = CachePolicyRegistry.entries.map(\.name)
        #expect(throws: CacheError.unknownPolicy(name: "h3o", available: names)) {
            try CachePolicy("h3o(heavy=0.1)")
        }
        #expect(
            throws: CacheError.policiesDoNotCombine(
                first: "dense", second: "window", decision: "which tokens stay")
        ) {
            try CachePolicy("dense + window(recent=4)")
        }
    }

    @Test func registryIsConsistent() throws {
        let names = CachePolicyRegistry.entries.map(\.name)
        #expect(Set(names).count == names.count && names.prefix(2) == ["dense", "window"])
        #expect(CachePolicy.dense.entry.isExact && CachePolicy.dense.entry.phases.isEmpty)
        let window = try CachePolicy("window(recent=8)").entry
        #expect(!window.isExact && window.sharesPrefix && window.phases == [.prefill, .decode])
        for entry in CachePolicyRegistry.entries {
            for parameter in entry.parameters {
                guard let value = parameter.defaultValue else { continue }
                #expect(parameter.domain.accept(value) == value)
            }
        }
    }

    @Test func mergesTheModelsWindow() throws {
        let policy = try CachePolicy("window(sinks=4, recent=32)").traits
        let dense = CachePolicy.dense.traits
        #expect(policy.visibility(modelWindow: nil) == Visibility(sinks: 4, window: 32))
        #expect(policy.visibility(modelWindow: 64) == Visibility(sinks: 4, window: 32))
        #expect(policy.visibility(modelWindow: 32) == Visibility(sinks: 0, window: 32))
        #expect(policy.visibility(modelWindow: 8) == Visibility(sinks: 0, window: 8))
        #expect(dense.visibility(modelWindow: nil) == .causal)
        #expect(dense.visibility(modelWindow: 8) == Visibility(sinks: 0, window: 8))
    }

    @Test(arguments: [
        (0, Int?.none), (0, 1), (4, 1), (4, 20), (17, 33), (48, 16), (0, 64),
    ]) func countsFollowFromWhatIsSeen(_ sinks: Int, _ window: Int?) {
        let visibility = Visibility(sinks: sinks, window: window)
        for query in 0..<150 {
            let seen = (0...query).filter { visibility.sees($0, from: query) }
            #expect(visibility.visibleCount(from: query) == seen.count)
            #expect(!visibility.sees(query + 1, from: query))
            for rows in [query..<(query + 1), query..<(query + 20)] {
                let pages = Set(
                    rows.flatMap { row in
                        (0...row).filter { visibility.sees($0, from: row) }.map { $0 / 16 }
                    })
                #expect(visibility.pageCount(rows: rows) == pages.count)
            }
        }
        #expect(visibility.pageCount(rows: 5..<5) == 0)
    }

    /// Both conventions equal the model's own distances while everything is visible, and bound them
    /// by what a full window needs afterwards. Under re-indexing the distances of a row's visible
    /// keys are those of a contiguous sequence.
    @Test func distancesStayWithinTheWindow() throws {
        let reindex = SinkWindow(sinks: 4, recent: 12, positions: .reindex)
        let clamp = SinkWindow(sinks: 4, recent: 12, positions: .clamp)
        var traits = CacheTraits()
        reindex.describe(&traits)
        for query in 0..<60 {
            for sink in 0..<min(4, query + 1) {
                let near = reindex.sinkDistance(query: query, sink: sink)
                let far = clamp.sinkDistance(query: query, sink: sink)
                if query < 16 { #expect(near == query - sink && far == query - sink) }
                #expect(near >= 0 && near <= 15 && far >= 0 && far <= 15)
            }
            let visibility = traits.visibility(modelWindow: nil)
            let distances = (0...query).filter { visibility.sees($0, from: query) }.map {
                $0 < 4 ? reindex.sinkDistance(query: query, sink: $0) : query - $0
            }
            #expect(distances == Array((0..<distances.count).reversed()))
        }
        #expect(clamp.sinkDistance(query: 1000, sink: 3) == 15)
        #expect(reindex.sinkDistance(query: 1000, sink: 3) == 12)
    }
}
