/// What a model's files advise for sampling.

import MartletFormats

extension Model {
    /// What its makers advise for sampling (`generation_config.json`); without advice a temperature of 1, as OpenAI's API
    /// has it.
    package var advisedOptions: GenerationOptions {
        var options = GenerationOptions()
        options.temperature = 1
        guard let advice = loaded.checkpoint?.generation else { return options }
        func number(_ key: String, in range: ClosedRange<Double>) -> Float? {
            guard advice.value(key) != nil else { return nil }
            return (try? advice.double(key, default: 1, in: range)).map { Float($0) }
        }
        if let value = number("temperature", in: 0...100) { options.temperature = value }
        if let value = number("top_p", in: 0...1) { options.topP = value }
        if let value = number("min_p", in: 0...1) { options.minP = value }
        if let value = number("repetition_penalty", in: 0.01...100) {
            options.repetitionPenalty = value
        }
        if advice.value("top_k") != nil,
            let value = try? advice.int("top_k", default: 0, in: 0...1 << 24)
        {
            options.topK = value
        }
        return options
    }
}
