// Which optimiser, with its hyper-parameters.

/// An optimiser with its hyper-parameters. Learning rates come from a ``LearningRateSchedule``.
public enum OptimiserConfiguration: Sendable, Hashable {
    /// Adam with decoupled weight decay.
    case adamW(AdamW)
    /// AdamW with steps relative to the size of each tensor.
    case adamWRMS(AdamWRMS)
    /// Second moments by rows and columns.
    case adafactor(Adafactor)
    /// The sign of an interpolated momentum.
    case lion(Lion)
    /// Momentum over a clipped estimate of the curvature.
    case sophia(Sophia)
    /// Orthogonal steps for matrices, AdamW for the rest.
    case muon(Muon)

    /// Every optimiser with its published defaults.
    public static let all: [OptimiserConfiguration] = [
        .adamW(AdamW()), .adamWRMS(AdamWRMS()), .adafactor(Adafactor()), .lion(Lion()),
        .sophia(Sophia()), .muon(Muon()),
    ]

    /// The optimiser called `name`, with its published defaults.
    /// Throws `OptimiserError.unknownMethod`.
    public init(named name: String) throws(OptimiserError) {
        guard let found = Self.all.first(where: { $0.name == name }) else {
            throw .unknownMethod(got: name, available: Self.all.map(\.name))
        }
        self = found
    }

    /// The name as options spell it: `adamw`, `adamw-rms`, `adafactor`, `lion`, `sophia`, `muon`.
    public var name: String {
        switch self {
        case .adamW: "adamw"
        case .adamWRMS: "adamw-rms"
        case .adafactor: "adafactor"
        case .lion: "lion"
        case .sophia: "sophia"
        case .muon: "muon"
        }
    }

    /// A peak learning rate to begin with: PyTorch's for AdamW and Muon, nanoT5's for the two
    /// with relative steps, those of Kaddour et al. (2023) on BERT for Lion and Sophia.
    public var suggestedLearningRate: Double {
        switch self {
        case .adamW, .muon: 1e-3
        case .adamWRMS, .adafactor: 2e-2
        case .lion: 7e-4
        case .sophia: 4e-4
        }
    }

    /// Throws `OptimiserError.badHyperParameter` naming the first value outside its range.
    public func check() throws(OptimiserError) { try rule.check() }

    var rule: any UpdateRule {
        switch self {
        case .adamW(let rule): rule
        case .adamWRMS(let rule): rule
        case .adafactor(let rule): rule
        case .lion(let rule): rule
        case .sophia(let rule): rule
        case .muon(let rule): rule
        }
    }
}
