/// What requests would have to wait for on a machine whose steps take the time that a cost says.

import MartletCache
import MartletKernels

/// A request of a simulation.
package struct SimulatedRequest: Sendable {
    /// When it arrives.
    package var arrival: Duration
    /// What is asked. The sampling parameters are replaced: `maximumTokens` tokens come.
    package var request: GenerationRequest

    /// Describes a request.
    package init(arrival: Duration, request: GenerationRequest) {
        self.arrival = arrival
        self.request = request
    }
}

/// How requests were served.
package struct SimulationResult: Sendable {
    /// By request, in the order in which they were given.
    package var requests: [TokenTimes]
    /// Tokens of each prompt that were there already.
    package var cachedPromptTokens: [Int]
    /// Why requests were refused.
    package var errors: [Int: EngineError] = [:]
    /// When the last of them had ended.
    package var duration: Duration
    /// What the engine did.
    package var statistics: EngineStatistics
}

/// The engine's loop, scheduler, cache and reuse of prompts, over a model that computes nothing.
package struct ServiceSimulation {
    /// What a step costs.
    package var cost: StepCost
    /// Layers of the model, between which a step can stop.
    package var layers: Int
    /// Tokens that the cache holds.
    package var cacheTokens: Int
    /// As of the engine; its clock is replaced.
    package var configuration: EngineConfiguration

    /// Describes a machine and an engine.
    package init(
        cost: StepCost, layers: Int = 24, cacheTokens: Int,
        configuration: EngineConfiguration = EngineConfiguration()
    ) {
        self.cost = cost
        self.layers = layers
        self.cacheTokens = cacheTokens
        self.configuration = configuration
    }

    /// Serves requests, which are given in the order of their arrival, to their end. Of a prompt's tokens it only matters
    /// which are the same; they may be any numbers, of which the remainder by 256 counts.
    /// Throws what an engine of this configuration does.
    package func run(_ requests: [SimulatedRequest]) throws -> SimulationResult {
        let time = SimulatedTime()
        var configuration = configuration
        configuration.clock = time.clock
        configuration.endTokens = []
        configuration.drawSeed = { 0 }
        // A page of bytes that nobody reads.
        let shape = KVShape(
            layerCount: 1, keyValueHeadCount: 1, headDimension: 8, codec: .f32, pageBytes: 1024)
        let pages = KVPage.count(forSlots: cacheTokens)
        let cache = try KVCache(shape: shape, budgetBytes: pages * shape.heldBytesPerPage)
        let model = SimulatedModel(
            cost: cost, layers: layers, maximumBatchTokens: configuration.budget.maximumTokens,
            time: time)
        let loop = try EngineLoop(
            parts: EngineParts(forward: model, cache: cache), configuration: configuration)
        let record = Record(requests.map { TokenTimes(arrival: $0.arrival) })
        var next = 0
        while next < requests.count || !loop.scheduler.isEmpty {
            if loop.scheduler.isEmpty, next < requests.count {
                time.pass(until: requests[next].arrival)
            }
            while next < requests.count, requests[next].arrival <= time.now {
                submit(requests[next], next, to: loop, record, time)
                next += 1
            }
            loop.step { next < requests.count && requests[next].arrival <= time.now }
        }
        return SimulationResult(
            requests: record.times, cachedPromptTokens: record.cached, errors: record.errors,
            duration: time.now, statistics: loop.statistics)
    }

    private func submit(
        _ simulated: SimulatedRequest, _ index: Int, to loop: EngineLoop, _ record: Record,
        _ time: SimulatedTime
    ) {
        var request = simulated.request
        let known = UInt32(SimulatedModel.vocabulary)
        request.promptTokens = request.promptTokens.map {
            Int32(UInt32(bitPattern: $0) % known)
        }
        var sampling = SamplingParameters.greedy
        sampling.maximumTokens = request.sampling.maximumTokens
        sampling.ignoreEOS = true
        request.sampling = sampling
        request.conversation = nil
        loop.submit(request, id: RequestID(rawValue: index), arrival: simulated.arrival) {
            delivery in
            switch delivery {
            case .events(let events):
                for event in events {
                    switch event {
                    case .token(let token) where token.chain == 0:
                        record.times[index].tokens.append(time.now)
                    case .finished(let end) where end.chain == 0:
                        record.cached[index] = end.usage.cachedPromptTokens
                        record.times[index].began = end.usage.queueTime.map {
                            record.times[index].arrival + $0
                        }
                    case .started, .token, .finished: break
                    }
                }
            case .failed(let error): record.errors[index] = error
            case .ended: break
            }
        }
    }

    /// What was heard.
    private final class Record {
        var times: [TokenTimes]
        var cached: [Int]
        var errors: [Int: EngineError] = [:]

        init(_ times: [TokenTimes]) {
            self.times = times
            cached = Array(repeating: 0, count: times.count)
        }
    }
}
