/// A workload served by machines of which only the cost of a step is known.

package import Martlet
package import MartletEngine
import MartletKernels

/// Engines without models: schedulers, caches and reuse of prompts are those that serve, and time is what steps cost.
package struct SimulatedFleet: Sendable {
    /// To which machine a request goes.
    package enum Route: String, Sendable, CaseIterable {
        /// To each in turn.
        case turns
        /// To the one that has the beginning of its prompt: by the first block's name.
        case prefix
        /// To the one that would be done with what it has first.
        case shortest
    }

    /// What a step costs.
    package var cost: StepCost
    /// Layers of the model, between which a step can stop.
    package var layers: Int
    /// Tokens that the cache of a machine holds.
    package var cacheTokens: Int
    /// As of each engine.
    package var configuration: EngineConfiguration
    /// Machines; at least one.
    package var machines: Int
    /// To which of them a request goes.
    package var route: Route

    /// Describes a fleet.
    package init(
        cost: StepCost, layers: Int, cacheTokens: Int, configuration: EngineConfiguration,
        machines: Int = 1, route: Route = .turns
    ) {
        self.cost = cost
        self.layers = layers
        self.cacheTokens = cacheTokens
        self.configuration = configuration
        self.machines = max(1, machines)
        self.route = route
    }

    /// A fleet of machines that each serve a loaded model, with its options.
    ///
    /// - Parameter cacheBytes: bytes of each machine's cache.
    package init(
        of loaded: LoadedModel, cost: StepCost, cacheBytes: Int, machines: Int, route: Route
    ) {
        let options = loaded.options
        var configuration = EngineConfiguration()
        configuration.budget = options.stepBudget
        configuration.policy = options.order.policy
        configuration.targetGap = options.targetGap
        configuration.stepCost = cost
        configuration.prefixReuse = options.promptReuse.map { PrefixReuse(halfLife: $0.halfLife) }
        self.init(
            cost: cost, layers: loaded.model.shape.layerCount,
            cacheTokens: loaded.cacheTokens(within: cacheBytes),
            configuration: configuration, machines: machines, route: route)
    }

    /// Serves a workload to its end. Throws what an engine of this configuration does.
    package func run(_ workload: Workload, seed: UInt64) throws -> [RequestTimeline] {
        let places = machine(of: workload)
        var timelines = [RequestTimeline?](repeating: nil, count: workload.requests.count)
        for machine in 0..<machines {
            let own = workload.requests.indices.filter { places[$0] == machine }
            let requests = own.map { index in
                var sampling = SamplingParameters.greedy
                sampling.maximumTokens = workload.requests[index].completionTokens
                return SimulatedRequest(
                    arrival: .seconds(workload.requests[index].arrival),
                    request: GenerationRequest(
                        promptTokens: workload.tokens(of: index, vocabulary: 0..<256, seed: seed),
                        sampling: sampling))
            }
            let result = try ServiceSimulation(
                cost: cost, layers: layers, cacheTokens: cacheTokens, configuration: configuration
            ).run(requests)
            for (place, index) in own.enumerated() {
                let times = result.requests[place]
                let tokens = times.tokens.map { $0 / .seconds(1) }
                timelines[index] = RequestTimeline(
                    arrival: workload.requests[index].arrival,
                    started: times.began.map { $0 / .seconds(1) }, tokens: tokens,
                    promptTokens: workload.requests[index].promptTokens,
                    cachedTokens: result.cachedPromptTokens[place],
                    ending: result.errors[place] == nil ? .answered : .refused,
                    ended: tokens.last ?? workload.requests[index].arrival)
            }
        }
        return timelines.compactMap { $0 }
    }

    /// The machine of each request, as one that knows no more than its arrival and size would choose it.
    private func machine(of workload: Workload) -> [Int] {
        /// When each machine would have done what it was given.
        var free = [Double](repeating: 0, count: machines)
        return workload.requests.enumerated().map { index, request in
            let own = cost.prefillSeconds(
                tokens: request.promptTokens, chunk: configuration.budget.maximumTokens)
            let place =
                switch route {
                case .turns: index % machines
                case .prefix:
                    request.blocks.first.map { Self.place($0, of: machines) } ?? index % machines
                case .shortest: free.indices.min { free[$0] < free[$1] } ?? 0
                }
            free[place] =
                max(free[place], request.arrival) + own
                + cost.decodeSeconds(
                    width: 1, length: request.completionTokens, promptTokens: request.promptTokens)
            return place
        }
    }

    /// The machine whose number hashes highest with a name (rendezvous hashing): when one is added, only its share moves.
    private static func place(_ name: Int, of machines: Int) -> Int {
        (0..<machines).max { first, second in
            weight(name, first) < weight(name, second)
        } ?? 0
    }

    private static func weight(_ name: Int, _ machine: Int) -> UInt64 {
        var random = CounterRandom(
            seed: UInt64(bitPattern: Int64(name)), stream: UInt64(machine))
        return random.next()
    }
}
