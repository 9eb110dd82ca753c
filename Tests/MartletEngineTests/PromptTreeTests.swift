/// The tree of a batch's prompts: what it counts, its order, and what prompts under way hold together.

import MartletTestSupport
import Testing

@testable import MartletEngine

@Suite struct PromptTreeTests {
    private static func tokens(_ count: Int, seed: Int32) -> [Int32] {
        (0..<Int32(count)).map { $0 &* 7 &+ seed &* 1000 }
    }

    /// Tokens that each prompt of an order goes on with, by comparing it with all before it.
    private static func shared(_ prompts: [PromptTree.Prompt], _ order: [Int]) -> [Int] {
        order.indices.map { place in
            let prompt = prompts[order[place]]
            let common =
                order[..<place].filter { prompts[$0].namespace == prompt.namespace }
                .map { other in
                    zip(prompts[other].tokens, prompt.tokens).prefix { $0 == $1 }.count
                }.max() ?? 0
            return common < 16 ? 0 : min(common, prompt.tokens.count - 1)
        }
    }

    private static func random(_ generator: inout SeededGenerator) -> [PromptTree.Prompt] {
        var prompts: [PromptTree.Prompt] = []
        for _ in 0..<(1 + generator.below(30)) {
            var tokens: [Int32] = []
            if generator.below(4) > 0, let base = prompts.randomElement(using: &generator) {
                tokens = Array(base.tokens.prefix(generator.below(base.tokens.count + 1)))
            }
            let more = generator.below(60) + (tokens.isEmpty ? 1 : 0)
            tokens += (0..<more).map { _ in Int32(generator.below(3)) }
            prompts.append(
                PromptTree.Prompt(
                    tokens: tokens, namespace: generator.below(5) == 0 ? "other" : "",
                    answerTokens: generator.below(50)))
        }
        return prompts
    }

    @Test func everyBeginningIsComputedOnce() {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<300 {
            let prompts = Self.random(&generator)
            let places = PromptTree(prompts).order()
            #expect(places.map(\.prompt).sorted() == Array(prompts.indices))
            #expect(places.map(\.sharedTokens) == Self.shared(prompts, places.map(\.prompt)))
            var seen: Set<Int> = []
            for place in places {
                #expect((place.leader != nil) == (place.sharedTokens > 0))
                if let leader = place.leader {
                    #expect(seen.contains(leader))
                    #expect(
                        prompts[leader].tokens.prefix(place.sharedTokens)
                            == prompts[place.prompt].tokens.prefix(place.sharedTokens))
                }
                seen.insert(place.prompt)
            }
            // No order computes less: a tree's runs are computed by somebody.
            let shuffled = Array(prompts.indices).shuffled(using: &generator)
            #expect(
                places.reduce(0) { $0 + $1.sharedTokens }
                    >= Self.shared(prompts, shuffled).reduce(0, +))
        }
    }

    /// Everything below a beginning comes together, and what has many tokens to choose for each one to compute first.
    @Test func groupsAreOrderedByWhatTheyChoose() {
        let long = Self.tokens(200, seed: 1)
        let short = Self.tokens(40, seed: 2)
        let prompts = [
            PromptTree.Prompt(tokens: long + [1], answerTokens: 10),
            PromptTree.Prompt(tokens: short + [1], answerTokens: 30),
            PromptTree.Prompt(tokens: long + [2], answerTokens: 10),
            PromptTree.Prompt(tokens: Self.tokens(100, seed: 3), answerTokens: 1),
            PromptTree.Prompt(tokens: short + [2], answerTokens: 30),
        ]
        let tree = PromptTree(prompts)
        #expect(tree.order().map(\.prompt) == [1, 4, 0, 2, 3])
        #expect(tree.order().map(\.sharedTokens) == [0, 40, 0, 200, 0])
        #expect(tree.order().map(\.leader) == [nil, 1, nil, 0, nil])
        #expect(tree.promptTokens == 201 + 41 + 201 + 100 + 41)
    }

    @Test func thousandsOfNestedPromptsAreOrdered() {
        let all = Self.tokens(40_000, seed: 5)
        let prompts = stride(from: 16, through: all.count, by: 16).map {
            PromptTree.Prompt(tokens: Array(all.prefix($0)))
        }
        let places = PromptTree(Array(prompts.reversed())).order()
        // Whoever is the beginning of another goes first.
        #expect(
            places.map(\.sharedTokens)
                == prompts.indices.map { $0 == 0 ? 0 : prompts[$0 - 1].tokens.count })
    }

    @Test func residentPromptsCountEachRunOnce() {
        var generator = SeededGenerator(seed: 9)
        for _ in 0..<100 {
            let prompts = Self.random(&generator)
            let tree = PromptTree(prompts)
            var resident = ResidentPrompts(tree)
            var held: [Int] = []
            for _ in 0..<60 {
                if generator.below(3) > 0 || held.isEmpty {
                    let prompt = generator.below(prompts.count)
                    let before = resident.tokens
                    let added = resident.additional(prompt)
                    resident.hold(prompt)
                    #expect(resident.tokens == before + added)
                    held.append(prompt)
                } else {
                    resident.letGo(held.remove(at: generator.below(held.count)))
                }
                let chosen = Set(held).map { prompts[$0] }
                let order = PromptTree(chosen).order()
                // Equal prompts are one run here, and the last token counts once.
                let distinct = Set(chosen.map { $0.namespace + "\($0.tokens)" }).count
                let all = chosen.reduce(0) { $0 + $1.tokens.count }
                let shared = order.reduce(0) { $0 + $1.sharedTokens }
                #expect(
                    resident.tokens <= all - shared
                        && resident.tokens >= all - shared - (chosen.count - distinct))
            }
            for prompt in held { resident.letGo(prompt) }
            #expect(resident.tokens == 0)
        }
    }
}
