/// Which tokens a chain has seen, in the form that penalties need. Kept only when there are any.

/// The distinct tokens of a chain's prompt and completion, with how often the completion has each.
struct PenaltyHistory: Sendable {
    private(set) var tokens: [Int32] = []
    private(set) var completionCounts: [Int32] = []
    private var places: [Int32: Int] = [:]

    init(prompt: [Int32]) {
        for token in prompt { _ = place(of: token) }
    }

    /// Counts one more token of the completion.
    mutating func append(_ token: Int32) {
        completionCounts[place(of: token)] &+= 1
    }

    private mutating func place(of token: Int32) -> Int {
        if let place = places[token] { return place }
        places[token] = tokens.count
        tokens.append(token)
        completionCounts.append(0)
        return tokens.count - 1
    }

    /// Changes the logits as ``SamplingParameters`` says.
    func penalise(_ logits: UnsafeMutableBufferPointer<Float>, _ parameters: SamplingParameters) {
        for (index, token) in tokens.enumerated() {
            var logit = logits[Int(token)]
            logit =
                logit > 0
                ? logit / parameters.repetitionPenalty : logit * parameters.repetitionPenalty
            let times = completionCounts[index]
            if times > 0 {
                logit -= parameters.presencePenalty + parameters.frequencyPenalty * Float(times)
            }
            logits[Int(token)] = logit
        }
    }
}
