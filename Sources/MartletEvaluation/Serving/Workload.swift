/// Requests that a server is measured with: when they come and how long they are. Knows no engine and no wire.

import Foundation
import MartletKernels

/// Requests in the order of their arrivals.
public struct Workload: Sendable, Hashable {
    /// One request.
    public struct Request: Sendable, Hashable {
        /// Seconds after the first request.
        public var arrival: Double
        /// Tokens of the prompt; at least one.
        public var promptTokens: Int
        /// Tokens to generate; at least one.
        public var completionTokens: Int
        /// Names of the prompt's blocks of ``Workload/blockTokens`` tokens, the first ones first: prompts that begin with
        /// the same names begin with the same tokens. Empty where nothing is known of shared prefixes.
        public var blocks: [Int]

        /// Describes a request.
        public init(
            arrival: Double, promptTokens: Int, completionTokens: Int, blocks: [Int] = []
        ) {
            self.arrival = arrival
            self.promptTokens = promptTokens
            self.completionTokens = completionTokens
            self.blocks = blocks
        }
    }

    /// What it is called in reports.
    public var name: String
    /// In the order of arrivals.
    public private(set) var requests: [Request]
    /// Tokens that one name of ``Request/blocks`` stands for.
    public var blockTokens: Int

    /// Puts requests into the order of their arrivals; equal ones stay as they are.
    public init(name: String, requests: [Request], blockTokens: Int = 512) {
        self.name = name
        self.blockTokens = blockTokens
        let order = requests.indices.sorted {
            (requests[$0].arrival, $0) < (requests[$1].arrival, $1)
        }
        self.requests = order.map { requests[$0] }
    }

    /// The first requests, their prompts and completions cut to what a model and a patience allow.
    ///
    /// - Parameters:
    ///   - count: how many at most.
    ///   - prompt: the most tokens of a prompt.
    ///   - completion: the most tokens of a completion.
    public func limited(to count: Int, prompt: Int = .max, completion: Int = .max) -> Workload {
        Workload(
            name: name,
            requests: requests.prefix(count).map { request in
                var cut = request
                cut.promptTokens = min(request.promptTokens, max(1, prompt))
                cut.completionTokens = min(request.completionTokens, max(1, completion))
                return cut
            }, blockTokens: blockTokens)
    }

    /// Requests a second, from the first to the last; nil for fewer than two.
    public var rate: Double? {
        guard let first = requests.first, let last = requests.last, last.arrival > first.arrival
        else { return nil }
        return Double(requests.count - 1) / (last.arrival - first.arrival)
    }

    /// The tokens of a request's prompt: the same for the same names of blocks, drawn by the request's place where it has
    /// none.
    ///
    /// - Parameters:
    ///   - index: the request's place.
    ///   - vocabulary: tokens to draw from.
    ///   - seed: draws others.
    package func tokens(of index: Int, vocabulary: Range<Int32>, seed: UInt64) -> [Int32] {
        let request = requests[index]
        var tokens: [Int32] = []
        tokens.reserveCapacity(request.promptTokens)
        var block = 0
        while tokens.count < request.promptTokens {
            // Names are drawn apart from places, which number the prompts without names.
            let stream =
                block < request.blocks.count
                ? UInt64(bitPattern: Int64(request.blocks[block])) &* 2
                : (UInt64(index) << 32 | UInt64(block)) &* 2 &+ 1
            var random = CounterRandom(seed: seed, stream: stream)
            let count = min(blockTokens, request.promptTokens - tokens.count)
            for _ in 0..<count {
                tokens.append(vocabulary.lowerBound + Int32(random.below(vocabulary.count)))
            }
            block += 1
        }
        return tokens
    }
}

/// When requests come.
public enum Arrivals: Sendable, Hashable {
    /// As they were recorded, so many times as fast.
    case recorded(speed: Double)
    /// At random, so many in a second on average. Gaps are of a gamma distribution whose standard deviation is
    /// `burstiness` times their mean: 1 is a Poisson process, more comes in bursts.
    case random(rate: Double, burstiness: Double = 1)
}

extension Workload {
    /// The same requests with other arrivals, the first at 0.
    public func arriving(_ arrivals: Arrivals, seed: UInt64) -> Workload {
        var requests = requests
        switch arrivals {
        case .recorded(let speed):
            let start = requests.first?.arrival ?? 0
            for index in requests.indices {
                requests[index].arrival = (requests[index].arrival - start) / speed
            }
        case .random(let rate, let burstiness):
            var random = CounterRandom(seed: seed, stream: 0xA221)
            var time = 0.0
            for index in requests.indices {
                requests[index].arrival = time
                time += random.gamma(mean: 1 / rate, deviation: burstiness / rate)
            }
        }
        return Workload(name: name, requests: requests, blockTokens: blockTokens)
    }
}

extension CounterRandom {
    /// Of a gamma distribution (Marsaglia and Tsang, 2000, section 6); exponential where mean and deviation are the same.
    mutating func gamma(mean: Double, deviation: Double) -> Double {
        guard deviation > 0 else { return mean }
        if mean == deviation { return -log(1 - unit()) * mean }
        let shape = (mean / deviation) * (mean / deviation)
        // Below a shape of 1 the next one is drawn and pulled towards 0.
        let raised = shape < 1 ? shape + 1 : shape
        let d = raised - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let v = (1 + c * x) * (1 + c * x) * (1 + c * x)
            guard v > 0 else { continue }
            guard log(1 - unit()) < 0.5 * x * x + d - d * v + d * log(v) else { continue }
            let pulled = shape < 1 ? d * v * pow(1 - unit(), 1 / shape) : d * v
            return pulled * mean / shape
        }
    }
}
