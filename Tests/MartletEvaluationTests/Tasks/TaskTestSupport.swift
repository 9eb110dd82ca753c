/// What the tests of tasks share: settings worth testing, and a generator of their own.

import MartletEvaluation
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
