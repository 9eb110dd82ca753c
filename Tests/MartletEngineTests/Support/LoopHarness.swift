// Runs an engine loop without threads and collects what its requests hear.

import MartletCache
import MartletPolicies
import MartletModels
import Synchronization
import Testing

@testable import MartletEngine

/// Splitmix: the same numbers on every machine.
struct Seeded: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Token `t` is the letter `a + t % 26`; a Z with diaeresis arrives as two tokens, 59 then 60.
struct LetterDecoder: TextDecoding {
    var held = false
    mutating func append(_ token: Int32) -> String {
        if token == 59 {
            defer { held = true }
            return held ? "?" : ""
        }
        defer { held = false }
        if token == 60 { return held ? "Z\u{308}" : "?" }
        return (held ? "?" : "") + Self.letter(token)
    }
    mutating func finish() -> String {
        defer { held = false }
        return held ? "?" : ""
    }
    static func letter(_ token: Int32) -> String {
        String(UnicodeScalar(UInt8(97 + token % 26)))
    }
}

/// What one chain said.
struct Heard: Equatable {
    var tokens: [Int32] = []
    var text = ""
    var logprobs: [Float] = []
    var end: ChainEnd?
}

/// A loop, its model and cache, and what every request heard.
final class LoopHarness {
    let model: PrefixHashModel
    let cache: KVCache
    let loop: EngineLoop
    var heard: [RequestID: [Heard]] = [:]
    var errors: [RequestID: EngineError] = [:]
    var ended: Set<RequestID> = []
    var started: [RequestID: UInt64] = [:]
    var deliveries: [RequestID: [[GenerationEvent]]] = [:]
    var steps = 0
    private var next = 0
    private var nextConversation = 0

    init(
        tokens: Int = 4096, policy: CachePolicy = .dense, budget: StepBudget = StepBudget(),
        model: PrefixHashModel = PrefixHashModel(),
        forward: (any ForwardPass)? = nil,
        configure: (inout EngineConfiguration) -> Void = { _ in }
    ) throws {
        self.model = model
        cache = try KVCache.tiny(tokens: tokens, policy: policy)
        var configuration = EngineConfiguration()
        configuration.budget = budget
        configuration.makeTextDecoder = { LetterDecoder() }
        configuration.clock = EngineClock(now: { .zero })
        configuration.drawSeed = { 99 }
        configure(&configuration)
        loop = try EngineLoop(
            parts: EngineParts(forward: forward ?? model, cache: cache),
            configuration: configuration)
    }

    @discardableResult
    func submit(_ request: GenerationRequest) -> RequestID {
        let id = RequestID(rawValue: next)
        next += 1
        heard[id] = Array(repeating: Heard(), count: max(1, request.chainCount))
        loop.submit(request, id: id) { [self] delivery in
            switch delivery {
            case .events(let events):
                deliveries[id, default: []].append(events)
                for event in events { hear(event, of: id) }
            case .failed(let error): errors[id] = error
            case .ended: ended.insert(id)
            }
        }
        return id
    }

    private func hear(_ event: GenerationEvent, of id: RequestID) {
        switch event {
        case .started(_, let seed): started[id] = seed
        case .token(let token):
            heard[id]?[token.chain].tokens.append(token.id)
            heard[id]?[token.chain].text += token.text
            if let logprob = token.logprob { heard[id]?[token.chain].logprobs.append(logprob) }
        case .finished(let end):
            #expect(heard[id]?[end.chain].end == nil)
            heard[id]?[end.chain].text += end.text
            heard[id]?[end.chain].end = end
        }
    }

    /// A conversation that lasts until `loop.endConversation` ends it.
    func makeConversation() -> Conversation {
        defer { nextConversation += 1 }
        return Conversation(id: ConversationID(rawValue: nextConversation)) { _ in }
    }

    func score(_ request: ScoringRequest) throws -> ScoringResult {
        var result: Result<ScoringResult, EngineError>?
        loop.submit(request, id: RequestID(rawValue: next)) { result = $0 }
        next += 1
        try run()
        return try #require(result).get()
    }

    /// Steps to the end, checking integrity after each step.
    func run(limit: Int = 100_000) throws {
        while loop.step() {
            steps += 1
            try loop.checkIntegrity()
            try #require(steps < limit, "the loop does not end")
        }
        try loop.checkIntegrity()
        #expect(loop.keptPages * loop.footprint.bytesPerPage == cache.statistics.bytesHeld)
        #expect(cache.statistics.bytesHeld == 0 || !loop.kept.all.isEmpty)
    }
}

/// What a chain must say: the model and the sampler alone, without scheduler or cache.
func expected(_ request: GenerationRequest, chain: Int, seed: UInt64) throws -> [Int32] {
    var sampler = Sampler(vocabularySize: PrefixHashModel.vocabulary)
    var history =
        request.sampling.hasPenalties ? PenaltyHistory(prompt: request.promptTokens) : nil
    var tokens = request.promptTokens
    for position in 0..<request.sampling.maximumTokens {
        let sampled = try PrefixHashModel.logits(after: tokens).withUnsafeBufferPointer { row in
            try sampler.sample(
                row, parameters: request.sampling, history: history,
                random: RandomStream(seed: seed, chain: UInt32(chain)), position: position)
        }
        history?.append(sampled.token)
        tokens.append(sampled.token)
    }
    return Array(tokens.dropFirst(request.promptTokens.count))
}
