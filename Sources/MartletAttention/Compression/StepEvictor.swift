/// The extension point of policies that hold their budget while tokens are generated.

/// Ranks the tokens that a head holds, after every generated one; the lowest goes when there are more
/// than the budget.
protocol StepEvictor: Sendable {
    /// Whether it wants to know the attention of the newest token, which is one row of products.
    var readsWeights: Bool { get }
    /// Whether the attention of all heads of a layer is averaged, so that they hold the same tokens.
    var averagesLayer: Bool { get }
    /// Numbers remembered of each token.
    var width: Int { get }
    /// What is remembered of each token of a complete prompt, `[token][width]` of one table; empty for
    /// zeros.
    func initial(_ recorder: PromptRecorder?, table: Int, view: LayerView) -> [Float]
    /// Takes in the weight that a token received from the group's heads together (or, averaged over the
    /// layer, from the mean head) in step `step`, the first being 0.
    func fold(_ memory: UnsafeMutableBufferPointer<Float>, _ weight: Float, step: Int)
    /// The rank of a token: the lowest goes. `age` tokens could attend to it, itself included.
    func rank(_ memory: UnsafeBufferPointer<Float>, age: Int) -> Float
    /// Tokens that a head may hold: `budget` is what the policy's text says of it, `kept` what it kept
    /// of the prompt.
    func capacity(table: Int, kept: Int, budget: Int) -> Int
    /// What the steps so far add to that capacity.
    func growth(step: Int) -> Int
    /// Newest tokens that are never taken; nil for what the policy says.
    var recent: Int? { get }
    /// Whether the prompt's survivors are never taken.
    var sparesPrompt: Bool { get }
    /// Tokens are taken every so many steps.
    var interval: Int { get }
}

extension StepEvictor {
    var readsWeights: Bool { true }
    var averagesLayer: Bool { false }
    var width: Int { 1 }
    func initial(_ recorder: PromptRecorder?, table: Int, view: LayerView) -> [Float] { [] }
    func capacity(table: Int, kept: Int, budget: Int) -> Int { budget }
    func growth(step: Int) -> Int { 0 }
    var recent: Int? { nil }
    var sparesPrompt: Bool { false }
    var interval: Int { 1 }
}

/// H2O at every step: attention received so far.
struct HeavyHitterSteps: StepEvictor {
    let average: Bool

    func initial(_ recorder: PromptRecorder?, table: Int, view: LayerView) -> [Float] {
        recorder?.mass[table] ?? []
    }

    func fold(_ memory: UnsafeMutableBufferPointer<Float>, _ weight: Float, step: Int) {
        memory[0] += weight
    }

    func rank(_ memory: UnsafeBufferPointer<Float>, age: Int) -> Float {
        average ? memory[0] / Float(age) : memory[0]
    }
}

/// TOVA at every step: attention received from the newest token, all heads of the layer together.
struct NewestAttentionSteps: StepEvictor {
    var averagesLayer: Bool { true }

    func fold(_ memory: UnsafeMutableBufferPointer<Float>, _ weight: Float, step: Int) {
        memory[0] = weight
    }

    func rank(_ memory: UnsafeBufferPointer<Float>, age: Int) -> Float { memory[0] }
}
