// Defaults that give way in a small budget.

import Foundation
import MartletKernels
import Testing

@testable import MartletCache
@testable import MartletPolicies

@Suite struct BudgetShareTests {
    /// Policies with a budget, written without any number of protected tokens.
    static let policies = promptPolicies + ["rkv"]
    /// Those whose budget may be a ratio.
    static let promptPolicies = [
        "snapkv", "sagekv", "expected", "knorm", "keydiff", "lagkv", "random", "chelsea", "lookm",
        "h2o", "tova", "morphkv", "pyramidkv", "kvzip", "compactor",
    ]
    private static let budgets = [
        1, 2, 3, 7, 8, 15, 16, 31, 40, 65, 100, 130, 255, 256, 1000, 4000, 100_000,
    ]

    private func keeping(_ text: String) throws -> ScoredKeeping {
        try #require(CachePolicy(text).methods.first as? ScoredKeeping)
    }

    /// A constant where there is room, never more than the share where there is not.
    @Test func allowancesTakeAtMostTheirShare() {
        var random = CounterRandom(seed: 61)
        for _ in 0..<2000 {
            let tokens = 1 + Int(random.next() % 200)
            let (divisor, least) = (1 + Int(random.next() % 16), Int(random.next() % 3))
            let (divider, kept) = (1 + Int(random.next() % 20), Int(random.next() % 4000))
            let allowance = TokenAllowance.upTo(
                tokens, BudgetShare(divisor: divisor, least: least), dividedBy: divider)
            let got = allowance.of(kept)
            #expect(
                got <= tokens && got * divisor * divider <= max(kept, least * divisor * divider))
            if kept >= tokens * divisor * divider { #expect(got == tokens) }
            #expect(got >= min(tokens, least))
            #expect(TokenAllowance.stated(tokens).of(kept) == tokens)
        }
    }

    /// Whatever a policy protects by default is at most the shares together.
    @Test(arguments: policies) func protectedTokensLeaveRoom(name: String) throws {
        let share = ["h2o", "lookm"].contains(name) ? 0.625 : 0.375
        for budget in Self.budgets {
            let protected = try keeping("\(name)(budget=\(budget))").protectedTokens(of: budget)
            #expect(protected <= max(1, Int(Double(budget) * share)))
        }
    }

    /// A ratio's budget is known with the prompt, and the numbers are those of a budget in tokens.
    @Test(arguments: promptPolicies) func ratiosGiveWayAlike(name: String) throws {
        let relative = try keeping("\(name)(ratio=0.5)")
        for budget in Self.budgets {
            let stated = try keeping("\(name)(budget=\(budget))")
            #expect(
                relative.protectedTokens(of: budget) == stated.protectedTokens(of: budget))
        }
    }

    /// The published constants, where there is room.
    @Test(arguments: [
        ("snapkv", 64, 256), ("morphkv", 32, 128), ("rkv", 8, 32), ("sagekv", 68, 256),
        ("h2o", 68, 128), ("chelsea", 36, 128), ("compactor", 12, 64), ("expected", 5, 32),
        ("pyramidkv", 64, 64 * 4 * 20),
    ]) func constantsArePublished(name: String, tokens: Int, room: Int) throws {
        for budget in [room, 1_000_000] {
            let policy = try keeping("\(name)(budget=\(budget))")
            #expect(policy.protectedTokens(of: budget) == tokens)
        }
    }

    /// Budgets are held exactly, however small.
    @Test(arguments: [
        "snapkv", "sagekv", "knorm", "keydiff", "lagkv", "expected", "random", "chelsea", "lookm",
        "h2o(%, steps=false)", "tova(%, steps=false)", "morphkv", "compactor", "chunkkv(snapkv)",
        "scope(snapkv)", "adakv(snapkv)",
    ])
    func budgetsAreHeldExactly(form: String) throws {
        var random = CounterRandom(seed: 62)
        for round in 0..<12 {
            let count = 20 + Int(random.next() % 150)
            let budget = 1 + Int(random.next() % UInt64(count - 1))
            let ratio = Double(1 + random.next() % 95) / 100
            let size = round % 2 == 0 ? "budget=\(budget)" : "ratio=\(ratio)"
            let kept = round % 2 == 0 ? budget : max(1, Int(Double(count) * (1 - ratio)))
            let policy =
                form.contains("%")
                ? form.replacingOccurrences(of: "%", with: size)
                : form.hasSuffix(")")
                    ? form.dropLast() + "(\(size)))" : "\(form)(\(size))"
            let stream = LayerStream(count: count, seed: 63 + UInt64(round))
            let held = try stream.held(String(policy), prompt: count, chunk: 50)[0]
            let total = held.reduce(0) { $0 + $1.count }
            // Under a ratio whole chunks stay, as many as that says.
            if form != "chunkkv(snapkv)" || round % 2 == 0 {
                #expect(total == kept * held.count, "\(policy) of \(count)")
            }
        }
    }

    /// Half of a prompt of 130 tokens is as long as SnapKV's window: most of what stays lies before it.
    @Test(arguments: ["snapkv(ratio=0.5)", "snapkv(budget=65)", "adakv(snapkv(ratio=0.5))"])
    func aShortPromptKeepsMoreThanItsEnd(policy: String) throws {
        let stream = LayerStream(count: 130, seed: 64)
        for held in try stream.held(policy, prompt: 130, chunk: 130)[0] {
            #expect(held.filter { $0 < 130 - 65 }.count >= 16)
            #expect(held.suffix(16) == Array(114..<130))
        }
        // What the window says: 16 queries' attention, as if it had been stated.
        let stated = policy.replacingOccurrences(of: "snapkv(", with: "snapkv(window=16, ")
        let (got, expected) = (
            try stream.held(policy, prompt: 130, chunk: 7),
            try stream.held(stated, prompt: 130, chunk: 130)
        )
        #expect(got == expected)
    }

    /// What a text states is taken as it is, and refused where it does not fit.
    @Test func statedNumbersDoNotGiveWay() throws {
        let stream = LayerStream(count: 130, seed: 65)
        for policy in ["snapkv(budget=65, window=64)", "snapkv(ratio=0.5, window=64)"] {
            for held in try stream.held(policy, prompt: 130, chunk: 130)[0] {
                #expect(held.count == 65 && held.suffix(64) == Array(66..<130))
            }
        }
        #expect(throws: CacheError.self) { try CachePolicy("snapkv(budget=9, window=10)") }
        #expect(throws: CacheError.self) { try CachePolicy("h2o(budget=9, recent=10)") }
        #expect(throws: CacheError.self) {
            try CachePolicy("scope(knorm(budget=9), window=8, recent=9)")
        }
    }

    /// The canonical text has the number where it is known, and says that it is open where it is not.
    @Test(arguments: [
        (
            "snapkv(budget=100)",
            "snapkv(budget=100, sinks=0, recent=0, window=25, kernel=5, pooling=mean)"
        ),
        (
            "snapkv(budget=100, window=auto)",
            "snapkv(budget=100, sinks=0, recent=0, window=25, kernel=5, pooling=mean)"
        ),
        (
            "snapkv(ratio=0.5)",
            "snapkv(ratio=0.5, sinks=0, recent=0, window=auto, kernel=5, pooling=mean)"
        ),
        ("sagekv(bytes=4MB)", "sagekv(bytes=4MB, sinks=auto, recent=auto)"),
        (
            "pyramidkv(budget=1000, beta=10)",
            "pyramidkv(budget=1000, sinks=0, recent=0, window=25, kernel=5, pooling=mean, beta=10)"
        ),
        (
            "threshold(snapkv(), below=1, steps=false)",
            "threshold(snapkv(sinks=0, recent=0, window=64, kernel=5, pooling=mean), below=1.0, window=128, steps=false)"
        ),
        (
            "scope(knorm(budget=9), window=100)",
            "scope(knorm(budget=9, sinks=1, recent=1), mode=slide, window=100, recent=50, pace=15)"
        ),
    ])
    func textsSayWhatIsResolved(text: String, canonical: String) throws {
        let policy = try CachePolicy(text)
        #expect(policy.description == canonical)
        #expect(try CachePolicy(policy.description) == policy)
    }
}
