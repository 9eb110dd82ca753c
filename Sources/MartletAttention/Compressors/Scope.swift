/// SCOPE: one budget for the prompt, another for what is generated (2412.13649).

/// The wrapped policy chooses what stays of the prompt, for good. Of the generated tokens a head holds the
/// last `recent` and, up to a window, those that the newest token attends to most.
struct Scope: KVCompressor {
    let prompt: any KVCompressor
    let generated: ScopeSteps

    var competes: Bool { prompt.competes }
    var signals: PromptSignals { prompt.signals }
    var forcedRecent: Int { prompt.forcedRecent }
    var steps: (any StepEvictor)? { generated }

    func scores(_ layer: LayerView) -> [[Float]] { prompt.scores(layer) }

    func verdicts(_ layer: LayerView, budget: Int, chosen: Compression) -> [HeadVerdict] {
        prompt.verdicts(layer, budget: budget, chosen: chosen)
    }
}

/// Bounds what is generated.
struct ScopeSteps: StepEvictor {
    /// How many generated tokens stay.
    enum Mode: String, CaseIterable, Sendable {
        /// Always as many.
        case slide
        /// One more every `pace` tokens, from `recent` up to the window.
        case adaptive
        /// The same, tokens being taken every `pace` tokens only.
        case discontinuous
    }

    let mode: Mode
    let window: Int
    let recentTokens: Int
    let pace: Int

    var sparesPrompt: Bool { true }
    var recent: Int? { recentTokens }
    var interval: Int { mode == .discontinuous ? pace : 1 }

    func fold(_ memory: UnsafeMutableBufferPointer<Float>, _ weight: Float, step: Int) {
        memory[0] = weight
    }

    func rank(_ memory: UnsafeBufferPointer<Float>, age: Int) -> Float { memory[0] }

    func capacity(table: Int, kept: Int, budget: Int) -> Int { kept }

    func growth(step: Int) -> Int {
        mode == .slide ? window : min(window, recentTokens + step / pace)
    }
}
