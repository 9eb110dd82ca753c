// A model whose steps take the time that a cost says, on a clock that nothing else moves.

import MartletCache
import MartletModels
import MartletPolicies

@testable import MartletEngine

/// A loop in simulated time: the same scheduler, cache and requests as ever.
final class TimedLoop {
    let time = SimulatedTime()
    let harness: LoopHarness
    /// When each token of a request came.
    private(set) var times: [RequestID: [Duration]] = [:]
    private(set) var arrivals: [RequestID: Duration] = [:]
    /// Seconds and tokens of every step.
    private(set) var steps: [(seconds: Double, tokens: Int)] = []

    init(
        cost: StepCost, tokens: Int = 1 << 16, budget: StepBudget = StepBudget(),
        _ change: (inout EngineConfiguration) -> Void = { _ in }
    ) throws {
        let model = PrefixHashModel()
        let time = self.time
        harness = try LoopHarness(tokens: tokens, budget: budget, model: model) {
            $0.clock = time.clock
            change(&$0)
        }
        let cache = harness.cache
        model.beforeForward = { [unowned self] batch in
            var (rows, reads) = (0, 0.0)
            for slice in batch.slices {
                let start = cache.count(slice.sequence)
                for row in 0..<slice.tokens.count { reads += Double(start + row + 1) }
                rows += slice.tokens.count
            }
            let seconds = cost.seconds(tokens: rows, reads: reads)
            steps.append((seconds, rows))
            time.pass(.seconds(seconds))
        }
    }

    @discardableResult
    func submit(_ request: GenerationRequest) -> RequestID {
        let id = harness.submit(request)
        arrivals[id] = time.now
        return id
    }

    /// One step, after which it is noted who has a new token.
    @discardableResult
    func step() -> Bool {
        let goesOn = harness.loop.step()
        for (id, heard) in harness.heard {
            while times[id, default: []].count < heard[0].tokens.count {
                times[id, default: []].append(time.now)
            }
        }
        return goesOn
    }

    func run() { while step() {} }

    func firstToken(_ id: RequestID) -> Double {
        ((times[id]?.first ?? .seconds(1_000_000)) - (arrivals[id] ?? .zero)) / .seconds(1)
    }

    /// The longest time between two tokens of a request from its `first` on.
    func longestGap(_ id: RequestID, from first: Int = 0) -> Double {
        let own = (times[id] ?? []).dropFirst(first)
        return zip(own, own.dropFirst()).map { ($1 - $0) / .seconds(1) }.max() ?? 0
    }
}
