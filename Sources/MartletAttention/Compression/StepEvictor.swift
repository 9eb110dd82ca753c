/// The extension point of policies that hold their budget while tokens are generated.

/// Ranks the tokens that a head holds, after every generated one; the lowest goes when there are more
/// than the budget.
protocol StepEvictor: Sendable {
    /// Whether the attention of all heads of a layer is averaged, so that they hold the same tokens.
    var averagesLayer: Bool { get }
    /// What is remembered of each token of a complete prompt, `[token]` of one table; empty for zeros.
    func initial(_ recorder: PromptRecorder?, table: Int) -> [Float]
    /// What is remembered of a token that had `memory` and now received `weight` from the group's
    /// heads together (or, averaged over the layer, from the mean head).
    func fold(_ memory: Float, _ weight: Float) -> Float
    /// The rank of a token: the lowest goes. `age` tokens could attend to it, itself included.
    func rank(_ memory: Float, age: Int) -> Float
}

/// H2O at every step: attention received so far.
struct HeavyHitterSteps: StepEvictor {
    let average: Bool

    var averagesLayer: Bool { false }

    func initial(_ recorder: PromptRecorder?, table: Int) -> [Float] {
        recorder?.mass[table] ?? []
    }

    func fold(_ memory: Float, _ weight: Float) -> Float { memory + weight }

    func rank(_ memory: Float, age: Int) -> Float { average ? memory / Float(age) : memory }
}

/// TOVA at every step: attention received from the newest token, all heads of the layer together.
struct NewestAttentionSteps: StepEvictor {
    var averagesLayer: Bool { true }

    func initial(_ recorder: PromptRecorder?, table: Int) -> [Float] { [] }

    func fold(_ memory: Float, _ weight: Float) -> Float { weight }

    func rank(_ memory: Float, age: Int) -> Float { memory }
}
