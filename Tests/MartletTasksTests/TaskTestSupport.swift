/// What the tests of tasks share: settings worth testing, and a generator of their own.

import Foundation
import MartletTasks
import Testing

/// Settings that reach every branch of every task: defaults, smallest, and awkward ones.
let taskTexts = [
    "addition", "addition(digits=2)", "addition(digits=15,terms=8)",
    "multiplication", "multiplication(digits=2,by=1)", "multiplication(digits=2..4,by=3)",
    "multiplication(digits=9,by=9)", "chain", "chain(steps=2,modulus=10)",
    "chain(steps=25,modulus=10..9999)", "countdown", "countdown(numbers=3,thought=0)",
    "countdown(numbers=3,maximum=20,largest=9)", "countdown(numbers=4..6,maximum=99,thought=200)",
    "countdown(numbers=5,maximum=20,largest=60,thought=100)", "variables",
    "variables(count=4,hops=1..3)", "variables(count=26..40,hops=12)",
    "variables(length=128..1000,hops=1..5)", "variables(length=4000)", "sorting",
    "sorting(count=3)", "sorting(count=64)", "permutation", "permutation(size=4,count=2)",
    "permutation(size=4..9,count=2..9)", "recall", "recall(pairs=2,queries=64,filler=0)",
    "recall(pairs=2..4,queries=1,length=32..64)", "recall(pairs=64,queries=8,length=2000)",
    "passkey", "passkey(length=32,keys=1)", "passkey(length=600,depth=50,keys=64)", "copy",
    "copy(length=8)", "copy(length=1000)", "reasoning", "memory",
    "mixture(chain,mixture(copy,sorting(count=5)),chain)",
]

/// Settings of the Sparse Frontier's tasks and of RULER's, in prompts short enough for many samples.
let longContextTexts = [
    "niah(length=2500..4000)", "niah(length=12000,queries=1..9)",
    "common-words(length=5800..9000)",
    "common-words(length=3000,common=1..5,frequency=9..20,rare-frequency=1..4)",
    "variable-tracking(length=4500..6000)",
    "variable-tracking(length=3000,chains=1..3,hops=1..9)", "story-retrieval(length=30000)",
    "story-retrieval(length=5000..9000,questions=1..2)", "story-filtering(length=9000..14000)",
    "story-filtering(length=6000,missing=1)", "story-multihop(length=5000..20000)",
    "ruler-niah-single-1(length=1000..4000)", "ruler-niah-single-2(length=1500..3000)",
    "ruler-niah-single-3(length=2000)", "ruler-niah-multikey-1(length=3000,keys=2..8)",
    "ruler-niah-multikey-2(length=1000..3000)", "ruler-niah-multikey-3(length=4000)",
    "ruler-niah-multivalue(length=3000,values=2..5)",
    "ruler-niah-multiquery(length=2000..5000,queries=2..6)", "ruler-vt(length=1500..3000)",
    "ruler-vt(length=3000,chains=2..4,hops=1..6)", "ruler-cwe(length=5000..8000)",
    "ruler-cwe(length=2000,common=3,frequency=20,rare-frequency=1..2)",
    "ruler-fwe(length=1200..5000)",
]

/// What stands in the context of a long prompt, and what is asked about it.
func contextAndQuestion(_ sample: TaskSample) -> (context: Substring, question: Substring) {
    func between(_ opening: String, _ closing: String) -> Substring {
        guard let start = sample.prompt.range(of: opening)?.upperBound,
            let end = sample.prompt.range(of: closing)?.lowerBound, start <= end
        else { return "" }
        return sample.prompt[start..<end]
    }
    if sample.layout == .tags {
        let tag = sample.prompt.contains("<questions>") ? "questions" : "question"
        return (between("<context>\n", "\n</context>"), between("<\(tag)>\n", "\n</\(tag)>"))
    }
    guard let first = sample.prompt.firstIndex(of: "\n"),
        let last = sample.prompt.lastIndex(of: "\n"), first < last
    else { return ("", "") }
    return (
        sample.prompt[sample.prompt.index(after: first)..<last],
        sample.prompt[sample.prompt.index(after: last)...]
    )
}

/// The first samples of a stream.
func samples(
    _ task: any EvaluationTask, _ count: Int, seed: UInt64 = 7, split: TaskSplit = .training
) -> [TaskSample] {
    (0..<count).map { task.sample(seed: seed, index: $0, split: split) }
}

/// The scratch-pad of a reference completion.
func scratchPad(_ sample: TaskSample) -> Substring {
    sample.completion.prefix { $0 != "#" }
}

/// A generator that owes nothing to the one that draws the samples.
struct TaskTestRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        var word = state
        word ^= word >> 33
        word = word &* 0xFF51_AFD7_ED55_8CCD
        return word ^ (word >> 29)
    }
}
