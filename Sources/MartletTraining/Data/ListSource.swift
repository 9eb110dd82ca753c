// Examples that are all there from the beginning, as those of a file of conversations or answers are.

import MartletKernels

/// Examples of a file. Those of its last lines are held out for measuring: answers to one prompt stay together.
struct ListSource: ExampleSource {
    private let examples: [TrainingExample]
    private let range: Range<Int>

    /// - Parameters:
    ///   - lines: the examples of each line of the file.
    ///   - name: the file's name in errors.
    ///   - isHeldOut: true gives the held-out examples, false those before them.
    ///   - part: which part of what is not held out.
    init(
        _ lines: [[TrainingExample]], name: String, isHeldOut: Bool, part: TrainingPart
    ) throws(TrainingError) {
        let examples = lines.flatMap(\.self)
        let held = max(1, Int(Double(lines.count) * TextSource.heldOutShare))
        let trainingCount = lines.dropLast(held).reduce(0) { $0 + $1.count }
        range = isHeldOut ? trainingCount..<examples.count : part.range(of: trainingCount)
        guard !range.isEmpty else {
            throw .data(
                source: name,
                reason:
                    "got \(examples.count) examples, expected enough to learn from and to measure with; "
                    + "give a longer file")
        }
        self.examples = examples
    }

    /// An example of the list; a row that has less room cuts its end.
    func example(seed: UInt64, index: Int, room: Int) -> TrainingExample {
        var random = CounterRandom(seed: seed, stream: UInt64(truncatingIfNeeded: index))
        return examples[range.lowerBound + Int(random.next() % UInt64(range.count))]
    }
}
