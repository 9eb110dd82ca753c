/// Several tasks taken in turn; knows nothing of what they ask.

/// Sample `i` is made by component `i mod n`, as its sample `i div n`, so that any run of samples
/// has all components in equal parts. A component that is listed twice counts twice.
///
/// Judging goes to the component that made the sample, found by its name.
struct TaskMixture: EvaluationTask {
    let name: String
    /// Never empty.
    let components: [any EvaluationTask]

    var answerLengthBound: Int { components.map(\.answerLengthBound).max() ?? 0 }
    var maximumCompletionLength: Int { components.map(\.maximumCompletionLength).max() ?? 0 }
    var maximumPromptLength: Int { components.map(\.maximumPromptLength).max() ?? 0 }

    func sample(seed: UInt64, index: Int, split: TaskSplit) -> TaskSample {
        var (turn, place) = index.quotientAndRemainder(dividingBy: components.count)
        if place < 0 {
            place += components.count
            turn -= 1
        }
        // A seed for each place keeps a component that is listed twice from repeating itself.
        var seeds = TaskRandom(seed: seed, stream: UInt64(place))
        return components[place].sample(seed: seeds.bits(), index: turn, split: split)
    }

    func score(_ text: String, _ sample: TaskSample) -> Double {
        guard let task = component(sample.task) else {
            return sample.layout.answer(in: text) == sample.answer ? 1 : 0
        }
        return task.score(text, sample)
    }

    func isVerified(_ text: String, prompt: String) -> Bool? {
        for component in components {
            if let verdict = component.isVerified(text, prompt: prompt) { return verdict }
        }
        return nil
    }

    private func component(_ name: String) -> (any EvaluationTask)? {
        for component in components {
            if let mixture = component as? TaskMixture {
                if let found = mixture.component(name) { return found }
            } else if component.name == name {
                return component
            }
        }
        return nil
    }
}
