/// What the library's parameters are called on the command line.

import Martlet

enum OptionNames {
    private static let options: [String: String] = [
        "maximumTokens": "--max-tokens", "temperature": "--temperature", "topK": "--top-k",
        "topP": "--top-p", "minP": "--min-p", "repetitionPenalty": "--repetition-penalty",
        "presencePenalty": "--presence-penalty", "frequencyPenalty": "--frequency-penalty",
        "logprobs": "--logprobs", "stop": "--stop", "stopTokens": "--stop-token",
        "logitBias token": "--logit-bias",
        "chainCount": "--chains", "topCount": "--top", "chunk": "--chunk",
        "tokens of a step": "--chunk", "chains at once": "--sequences", "threads": "--threads",
        "adapter": "--adapter",
        "adapter of the request": "--use-adapter",
        "memory budget": "--memory",
        "dimensions": "--dimensions", "stride": "--stride", "samples": "--samples",
        "width": "--width",
        "sequences in flight": "--parallel",
    ]

    /// The error's sentence, with the option's name where it begins with a parameter's.
    static func message(of error: MartletError) -> String {
        guard error.code == .invalidParameter, let subject = error.subject,
            let option = options[subject], error.message.hasPrefix(subject)
        else { return error.message }
        return option + error.message.dropFirst(subject.count)
    }
}
