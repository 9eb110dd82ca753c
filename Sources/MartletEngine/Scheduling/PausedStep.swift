/// A step that stopped between two layers, as the loop remembers it.

import MartletCache

/// A step that stopped.
struct PausedStep {
    /// A slice, and where its chain was.
    struct Slice {
        let planned: PlannedSlice
        let sequence: SequenceID
        let computed: Int
    }

    let plan: StepPlan
    let slices: [Slice]
    /// How often it has stopped.
    var pauses = 1
    /// Steps that others have run since.
    var stepsSince = 0

    /// Whether a chain takes part in it.
    func contains(_ id: ChainID) -> Bool { plan.slices.contains { $0.id == id } }
}
