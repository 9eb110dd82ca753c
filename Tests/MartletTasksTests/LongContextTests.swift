/// What holds for every long-context task: lengths, splits, references, refusals.

import Foundation
import MartletTasks
import Testing

@Suite struct LongContextTests {
    static let names = [
        "niah", "common-words", "variable-tracking", "story-retrieval", "story-filtering",
        "story-multihop", "ruler-niah-single-1", "ruler-niah-single-2", "ruler-niah-single-3",
        "ruler-niah-multikey-1", "ruler-niah-multikey-2", "ruler-niah-multikey-3",
        "ruler-niah-multivalue", "ruler-niah-multiquery", "ruler-vt", "ruler-cwe", "ruler-fwe",
    ]

    private func failure(_ text: String) -> String? {
        do {
            _ = try TaskRegistry.task(text)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func everyRowIsTested() {
        for name in Self.names {
            #expect(TaskRegistry.all.contains { $0.name == name })
            #expect(longContextTexts.contains { $0.hasPrefix("\(name)(") })
        }
    }

    /// The least length is what the refusal of a smaller one names, and it is itself accepted.
    @Test(arguments: names) func lengthsAreKept(name: String) throws {
        let message = try #require(failure("\(name)(length=512)"))
        #expect(message.hasPrefix("task \(name), length: got 512, expected at least "))
        let after = try #require(message.range(of: "at least ")).upperBound
        let least = try #require(Int(message[after...].prefix { $0.isNumber }))
        #expect(failure("\(name)(length=\(least - 1))") != nil)
        for length in [least, least + 1, least + 377, 2 * least, 40_000] {
            let task = try TaskRegistry.task("\(name)(length=\(length))")
            #expect(task.maximumPromptLength == length)
            for seed in [UInt64(1), 2, 3] {
                let sample = task.sample(seed: seed, index: 0, split: .training)
                let count = sample.prompt.utf8.count
                #expect(count <= length && count * 10 >= length * 9, "\(length): \(count)")
                #expect(sample.difficulty == length && sample.parameters["length"] == length)
            }
        }
    }

    /// The longest settings take no more than seconds even without optimisation.
    @Test(arguments: names) func aMillionCharactersAreWritten(name: String) throws {
        let task = try TaskRegistry.task("\(name)(length=1000000)")
        let sample = task.sample(seed: 1, index: 0, split: .training)
        #expect((900_000...1_000_000).contains(sample.prompt.utf8.count))
        #expect(task.score(sample.completion, sample) == 1)
    }

    @Test(arguments: longContextTexts) func referencesScoreOneAndOthersLess(text: String) throws {
        let task = try TaskRegistry.task(text)
        let drawn = samples(task, 12, split: .heldOut)
        for (place, sample) in drawn.enumerated() {
            let completion = sample.completion
            #expect(sample.layout.answer(in: completion) == sample.answer)
            #expect(task.score(completion, sample) == 1)
            #expect(task.score(completion + "\nA:1+1=#2\n", sample) == 1)
            // A generation ends before its stop, and may end with the model's end token alone.
            for stop in sample.layout.stop {
                let unended = completion.replacingOccurrences(of: stop, with: "")
                #expect(task.score(unended, sample) == 1)
            }
            #expect(task.isVerified(completion, prompt: sample.prompt) == nil)
            // Without its tags an answer is none.
            if sample.layout == .tags { #expect(task.score(sample.answer, sample) == 0) }
            for wrong in ["", "?", "0. ?", "\n\n", "none of them"] {
                #expect(task.score(wrong, sample) == 0)
                #expect(task.score("<answer>\(wrong)</answer>", sample) == 0)
            }
            let other = drawn[(place + 1) % drawn.count]
            // Two of a few chapters may be the same.
            guard other.answer != sample.answer else { continue }
            #expect(task.score(other.completion, sample) < 1)
        }
    }

    @Test(arguments: longContextTexts) func heldOutFactsAreNeverTrainedOn(text: String) throws {
        let task = try TaskRegistry.task(text)
        let training = Set(samples(task, 40).map(\.fingerprint))
        let heldOut = Set(samples(task, 10, split: .heldOut).map(\.fingerprint))
        #expect(training.count == 40 && heldOut.count == 10)
        #expect(training.isDisjoint(with: heldOut))
        #expect(training.allSatisfy { TaskSplit(fingerprint: $0) == .training })
    }

    @Test(arguments: [
        ("niah(length=1000)", "length: got 1000, expected at least"),
        ("niah(length=5000,queries=64)", "for 64 queries"),
        ("common-words(length=3500)", "for 10 words that occur 30 times"),
        ("common-words(frequency=3)", "rare-frequency: got 3, expected less than frequency"),
        ("common-words(length=1000000,rare-frequency=1)", "there are only 28800 words"),
        ("ruler-cwe(length=1000000,rare-frequency=2)", "expected less, or a greater rare-freq"),
        ("variable-tracking(length=1500)", "for 8 x 5 assignments"),
        ("story-retrieval(length=8000)", "for 16 questions"),
        ("story-filtering(length=3000)", "for 3 chapters without a purchase"),
        ("story-multihop(length=2000)", "for two chapters"),
        ("ruler-niah-multikey-1(length=2000,keys=64)", "for 64 needles"),
        ("ruler-niah-single-1(keys=2)", "got an unknown parameter, expected one of length"),
        ("ruler-fwe(length=600)", "for three words without ties"),
        ("ruler-vt(length=1000001)", "from 512 to 1000000"),
    ])
    func refusals(text: String, expected: String) throws {
        let message = try #require(failure(text))
        #expect(message.contains(expected), "\(message)")
    }

    /// Ranges reach the samples, each value about as often.
    @Test func countsAreDrawn() throws {
        for (text, key, range) in [
            ("niah(length=3000,queries=1..4)", "queries", 1...4),
            ("ruler-niah-multikey-1(length=2000,keys=2..5)", "keys", 2...5),
            ("variable-tracking(length=4000,chains=2..4)", "chains", 2...4),
        ] {
            let drawn = samples(try TaskRegistry.task(text), 60).compactMap { $0.parameters[key] }
            #expect(Set(drawn) == Set(range))
        }
    }
}
