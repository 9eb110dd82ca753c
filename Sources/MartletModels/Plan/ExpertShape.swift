// The experts of a layer: several MLPs, of which a router chooses some for each token.

/// What a layer has instead of one MLP.
public struct ExpertShape: Sendable, Hashable {
    /// How the weights of the chosen experts follow from the router's logits.
    public enum Weighting: Sendable, Hashable {
        /// The softmax over all experts, divided by the sum of the chosen ones' where it `renormalises`.
        case softmaxOfAll(renormalises: Bool)
        /// The softmax over the chosen experts alone.
        case softmaxOfChosen
    }

    /// Experts of a layer.
    public var count: Int
    /// Experts that a token runs through.
    public var perToken: Int
    /// Channels inside an expert.
    public var width: Int
    /// Channels inside the expert that every token runs through; 0 for none.
    public var sharedWidth = 0
    /// How chosen experts are weighed.
    public var weighting: Weighting

    /// Creates a shape.
    public init(
        count: Int, perToken: Int, width: Int, sharedWidth: Int = 0, weighting: Weighting
    ) {
        self.count = count
        self.perToken = perToken
        self.width = width
        self.sharedWidth = sharedWidth
        self.weighting = weighting
    }

    /// MLPs that a token runs through, the shared one among them.
    var runs: Int { perToken + (sharedWidth > 0 ? 1 : 0) }
}

extension TensorRole {
    /// Whether each expert has one of its own.
    package var isOfExpert: Bool {
        switch self {
        case .expertGate, .expertUp, .expertDown: true
        default: false
        }
    }

    /// Whether a layer has several, each a tensor with a number in its name.
    var isNumbered: Bool { isOfExpert || self == .queryHeadNorm || self == .keyHeadNorm }

    /// Whether a layer has it: MLPs and experts exclude each other.
    func isThere(in layer: LayerPlan) -> Bool {
        switch self {
        case .gate, .up, .down: layer.experts == nil
        case .router, .expertGate, .expertUp, .expertDown: layer.experts != nil
        case .sharedGate, .sharedUp, .sharedDown, .sharedRouter:
            (layer.experts?.sharedWidth ?? 0) > 0
        default: true
        }
    }
}

extension DecoderPlan {
    /// Matrices that one row of the table stands for in a layer, or those of them that one token reads.
    func copies(_ row: TensorRow, layer: Int?, isActive: Bool = false) -> Int {
        guard let layer else { return 1 }
        let plan = shape.layers[layer]
        guard row.roles[0].isThere(in: plan) else { return 0 }
        switch row.roles[0] {
        case .queryHeadNorm: return plan.headCount
        case .keyHeadNorm: return plan.keyValueHeadCount
        case let role where role.isOfExpert:
            guard let experts = plan.experts else { return 1 }
            return isActive ? experts.perToken : experts.count
        default: return 1
        }
    }

    /// The tensors of all experts, or heads, that are in theirs what this one is in its own; it alone where a layer has one.
    func copies(of tensor: PlannedTensor) -> [PlannedTensor] {
        guard tensor.number != nil else { return [tensor] }
        return (0..<copies(tensor.row, layer: tensor.layer)).map { number in
            var copy = tensor
            copy.number = number
            return copy
        }
    }

    /// Weights that one token's logits depend on: those of the experts that it does not run through are left out.
    var activeParameterCount: Int {
        tensors.reduce(0) { total, tensor in
            if tensor.row.roles[0].isAdapter { return total }
            if tensor.row.roles[0].isOfExpert, let expert = tensor.number, let layer = tensor.layer,
                let experts = shape.layers[layer].experts, expert >= experts.perToken
            {
                return total
            }
            return total + tensor.count
        }
    }
}

/// Tensors of several experts stored as one, which checkpoints have instead of one for each expert.
struct ExpertStack: Sendable, Hashable {
    /// The name, as in a ``TensorRow``, with its `.weight` where it has one.
    let name: String
    /// The roles whose rows lie in it, one after another.
    let roles: [TensorRole]
    /// Whether the roles' outputs take turns, in matrices stored as [inputs][outputs]; then `NAME_bias` has their biases,
    /// and blocks may lie in `NAME_blocks` and `NAME_scales` instead.
    var alternates = false
}

extension [ExpertStack] {
    /// What transformers 5 holds in memory, and may store.
    static let usual = [
        ExpertStack(name: "layers.*.mlp.experts.gate_up_proj", roles: [.expertGate, .expertUp]),
        ExpertStack(name: "layers.*.mlp.experts.down_proj", roles: [.expertDown]),
    ]
}

extension TensorTable {
    /// The table with experts, beside MLPs for layers that have none.
    ///
    /// - Parameters:
    ///   - router: the name of the router's matrix.
    ///   - experts: what stands before the number of an expert.
    ///   - parts: the names of its gate, its other input and its output.
    ///   - storesStacks: whether other programs read the stacks alone.
    func withExperts(
        router: String = "layers.*.mlp.gate", experts: String = "layers.*.mlp.experts",
        parts: [String] = ["gate_proj", "up_proj", "down_proj"], stacks: [ExpertStack] = .usual,
        storesStacks: Bool = false
    ) -> TensorTable {
        let roles: [TensorRole] = [.expertGate, .expertUp, .expertDown]
        var table = inserting(
            [TensorRow(.router, name: router)]
                + zip(roles, parts).map { TensorRow($0, name: "\(experts).#.\($1)") },
            after: .down)
        table.stacks = stacks
        table.storesStacks = storesStacks
        return table
    }
}
