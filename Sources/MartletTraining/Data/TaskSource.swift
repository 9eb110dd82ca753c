// Problems with worked-out solutions, as training examples.

package import MartletTasks
package import MartletTokenizers

/// One split of a task.
public struct TaskSource: ExampleSource {
    private let task: any EvaluationTask
    private let tokenizer: Tokenizer
    private let endToken: Int32
    private let promptWeight: Float
    private let split: TaskSplit
    private let part: TrainingPart
    /// The distance between the places that are tried for one example: odd, and far from any sum of neighbours.
    private static let stride = Int(truncatingIfNeeded: 0x9E37_79B9_7F4A_7C15 as UInt64)

    /// - Parameters:
    ///   - promptWeight: the weight in the loss of a token of the problem; a token of the solution has weight 1.
    ///   - endToken: the token after every solution.
    ///   - split: training problems or held-out ones.
    package init(
        _ task: any EvaluationTask, tokenizer: Tokenizer, endToken: Int32, promptWeight: Float,
        split: TaskSplit = .training
    ) {
        self.init(
            task, tokenizer: tokenizer, endToken: endToken, promptWeight: promptWeight,
            split: split, part: .all)
    }

    /// - Parameter part: which part of the problems to train on.
    init(
        _ task: any EvaluationTask, tokenizer: Tokenizer, endToken: Int32, promptWeight: Float,
        split: TaskSplit, part: TrainingPart
    ) {
        self.split = split
        self.part = split == .training ? part : .all
        self.task = task
        self.tokenizer = tokenizer
        self.endToken = endToken
        self.promptWeight = promptWeight
    }

    /// Characters of the longest solution, an upper bound of its tokens.
    public var longestCompletion: Int? { task.maximumCompletionLength }

    /// The problem at a place, its solution and the end token.
    public func example(seed: UInt64, index: Int, room: Int) -> TrainingExample {
        var sample = task.sample(seed: seed, index: index, split: split)
        // Tries further places until one belongs to the part. This ends, because each part has at least a fifth of all.
        var place = index
        while !part.contains(fingerprint: sample.fingerprint) {
            place &+= Self.stride
            sample = task.sample(seed: seed, index: place, split: split)
        }
        let prompt = tokenizer.promptTokens(sample.prompt)
        let completion = tokenizer.continuation(sample.completion, of: sample.prompt, prompt)
        return TrainingExample(
            tokens: prompt + completion + [endToken],
            weights: prompt.map { _ in promptWeight } + completion.map { _ in 1 } + [1])
    }
}
