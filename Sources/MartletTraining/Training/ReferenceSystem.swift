// What a step costs on the reference system, so that methods are compared at equal cost.

/// Seconds on a fixed reference machine, computed and not measured: the same run has the same reference
/// time on every machine, however busy it is (Kaddour et al. 2023, No Train No Gain, arXiv 2307.06440,
/// section 3).
///
/// The coefficients are round numbers of the size of two cores of a server processor with AVX-512;
/// `docs/lab.md` sets them beside measured steps of 1 to 8 layers.
public enum ReferenceSystem {
    /// Multiply-adds a second in products.
    package static let productRate = 1.0e11
    /// Multiply-adds a second in attention, which moves more.
    package static let attentionRate = 5.0e10
    /// Seconds for each float of an activation, forward and backward together.
    package static let floatSeconds = 3.0e-9
    /// Seconds of an optimiser's update for each weight.
    package static func updateSeconds(_ optimiser: OptimiserConfiguration) -> Double {
        switch optimiser {
        case .adamW, .lion: 1.5e-9
        case .adamWRMS, .sophia: 2e-9
        case .adafactor: 3e-9
        case .muon: 1.5e-8
        }
    }

    /// Seconds of one forward; a backward costs twice that in products.
    static func forwardSeconds(_ graph: Graph) -> Double {
        var seconds = 0.0
        for operation in graph.operations {
            let rate = operation is AttentionOperation ? attentionRate : productRate
            seconds += operation.multiplyAdds / rate
        }
        return seconds + activationFloats(graph) * floatSeconds / 3
    }

    /// Seconds of forward and backward.
    static func trainingSeconds(_ graph: Graph) -> Double {
        var seconds = activationFloats(graph) * floatSeconds
        for operation in graph.operations {
            let isDifferentiable = operation.outputs.contains {
                graph.entries[$0.id].isDifferentiable
            }
            let passes = isDifferentiable ? operation.passes(in: graph) : 1
            let rate = operation is AttentionOperation ? attentionRate : productRate
            seconds += passes * operation.multiplyAdds / rate
        }
        return seconds
    }

    private static func activationFloats(_ graph: Graph) -> Double {
        graph.entries.reduce(0) { sum, entry in
            guard case .computed = entry.source else { return sum }
            return sum + Double(entry.rows * entry.columns)
        }
    }
}
