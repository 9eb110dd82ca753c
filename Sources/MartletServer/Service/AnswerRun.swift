/// Runs an answer: its pieces as they come, its end, its deadline.

import Martlet
import MartletEngine
import Synchronization

/// A chain that has ended, with what only the server counted.
struct FinishedChain: Sendable {
    /// The response; of a chain that its deadline ended, what there was.
    var response: Response
    /// Tokens that the model thought with.
    var reasoningTokens: Int
}

extension AnswerUsage {
    /// What chains of one prompt took together.
    init(_ chains: [FinishedChain], promptTokens: Int) {
        self.init()
        self.promptTokens = promptTokens
        cachedTokens = chains.map(\.response.usage.cachedPromptTokens).max() ?? 0
        completionTokens = chains.reduce(0) { $0 + $1.response.usage.completionTokens }
        reasoningTokens = chains.reduce(0) { $0 + $1.reasoningTokens }
    }
}

extension Service {
    /// Runs an answer among those under way.
    ///
    /// - Parameters:
    ///   - exchange: whose tenant it is computed for.
    ///   - begin: runs when the engine has taken the prompt: from here on a stream may be opened.
    ///   - each: runs for each piece.
    /// - Returns: the chains in their order.
    func run(
        _ request: AnswerRequest, for exchange: Exchange, on model: ServedModel,
        begin: () async throws(WireError) -> Void = {},
        each: (ChainPart) async throws(WireError) -> Void = { _ in }
    ) async throws(WireError) -> [FinishedChain] {
        if let id = request.own.session {
            // What it computes ahead of this request is in its way now.
            if let session = named.find(id, of: exchange.tenant) {
                await session.sent()
            } else {
                exchange.note(ignored: [MartletFields.key + ".session"])
            }
        }
        exchange.addOnce(
            header: PromptAffinity.header,
            PromptAffinity.chosen(by: exchange.request) ?? request.affinity)
        if let wishes = request.own.solve {
            let chains = try await search(
                request, wishes, on: model, isBackground: exchange.background != nil,
                begin: begin, each: each)
            exchange.background?.answerHasEnded(
                AnswerUsage(chains, promptTokens: request.prompt.tokens.count))
            return chains
        }
        return try await model.withEngine(
            for: request, isBackground: exchange.background != nil
        ) { (engine) async throws(WireError) in
            try await generate(request, for: exchange, on: engine, begin: begin, each: each)
        }
    }

    private func generate(
        _ request: AnswerRequest, for exchange: Exchange, on model: Model,
        begin: () async throws(WireError) -> Void,
        each: (ChainPart) async throws(WireError) -> Void
    ) async throws(WireError) -> [FinishedChain] {
        let stream: AnswerStream
        var times = AnswerTimes(latencies, exchange, chains: request.chainCount)
        var options = request.options
        options.adapter = request.own.adapter ?? options.adapter
        options.maximumCacheBytes = request.own.maximumBytes
        options.service = request.own.service(for: exchange)
        do throws(MartletError) {
            stream = try await model.answers(
                to: request.prompt, options: options, chainCount: request.chainCount,
                watch: request.own.watch)
        } catch { throw WireError(error) }
        let deadline = Deadline(request.own.timeLeft) { stream.cancel() }
        defer { deadline.end() }
        var pieces = stream.makeAsyncIterator()
        do throws(MartletError) { try await pieces.begin() } catch { throw WireError(error) }
        try await begin()
        var chains = [FinishedChain?](repeating: nil, count: request.chainCount)
        var readings = Array(
            repeating: ChainReading(callsInParallel: request.callsInParallel),
            count: request.chainCount)
        var hasStarted = false
        while true {
            let piece: ChainPart?
            do throws(MartletError) { piece = try await pieces.next() } catch {
                throw WireError(error)
            }
            guard let piece else { break }
            times.take(piece)
            if !hasStarted {
                hasStarted = true
                exchange.background?.promptIsComputed()
            }
            var part = readings[piece.chain].read(piece.part)
            if request.chainCount == 1, readings[piece.chain].isComplete { stream.cancel() }
            if let response = part.response {
                var ended = response
                if ended.finishReason == .cancelled {
                    ended = ended.ending(
                        readings[piece.chain].isComplete
                            ? .toolCalls : (deadline.isOver ? .length : .cancelled))
                }
                part = part.ending(ended)
                chains[piece.chain] = FinishedChain(
                    response: ended, reasoningTokens: readings[piece.chain].reasoningTokens)
            }
            try await each(piece.with(part))
        }
        let finished = chains.compactMap(\.self)
        guard finished.count == chains.count else {
            counters.note { $0.disconnects += 1 }
            throw WireError(.clientGone, "the client closed the connection.")
        }
        note(finished, of: request, deadline)
        exchange.background?.answerHasEnded(
            AnswerUsage(finished, promptTokens: request.prompt.tokens.count))
        return finished
    }

    private func note(_ chains: [FinishedChain], of request: AnswerRequest, _ deadline: Deadline) {
        let usage = AnswerUsage(chains, promptTokens: request.prompt.tokens.count)
        counters.note { values in
            values.answers += 1
            values.promptTokens += usage.promptTokens
            values.cachedTokens += usage.cachedTokens
            values.completionTokens += usage.completionTokens
            if deadline.isOver { values.deadlines += 1 }
            for chain in chains.map(\.response.usage) {
                let first = (chain.timeToFirstToken ?? chain.duration) / .seconds(1)
                values.firstTokenSeconds += first
                values.generationSeconds += chain.duration / .seconds(1) - first
            }
        }
    }
}

/// What was read of one chain.
private struct ChainReading {
    let callsInParallel: Bool
    var reasoningTokens = 0
    private var isThinking = false
    private var calls = 0

    init(callsInParallel: Bool) { self.callsInParallel = callsInParallel }

    /// Whether the chain has made the one call that it may make.
    var isComplete: Bool { !callsInParallel && calls > 0 }

    mutating func read(_ part: ResponsePart) -> ResponsePart {
        if !part.reasoning.isEmpty { isThinking = true }
        if !part.text.isEmpty || !part.toolCalls.isEmpty { isThinking = false }
        if isThinking, part.token != nil { reasoningTokens += 1 }
        let isLate = isComplete
        calls += part.toolCalls.count
        guard !callsInParallel else { return part }
        return part.withCalls(isLate ? [] : Array(part.toolCalls.prefix(1)))
    }
}

extension ResponsePart {
    /// The same with other calls; after them nothing more is said.
    fileprivate func withCalls(_ calls: [ToolCall]) -> ResponsePart {
        var part = self
        part.toolCalls = calls
        if var answer = response {
            answer.toolCalls = Array(answer.toolCalls.prefix(1))
            part = part.ending(answer)
        }
        return part
    }
}

/// Ends something when its time is over.
private final class Deadline: Sendable {
    private let task: Task<Void, Never>?
    private let over: Over?

    private final class Over: Sendable {
        let flag = Atomic<Bool>(false)
    }

    init(_ time: Duration?, _ cancel: @escaping @Sendable () -> Void) {
        guard let time else {
            task = nil
            over = nil
            return
        }
        let over = Over()
        self.over = over
        task = Task {
            do { try await Task.sleep(for: time) } catch { return }
            over.flag.store(true, ordering: .relaxed)
            cancel()
        }
    }

    var isOver: Bool { over?.flag.load(ordering: .relaxed) ?? false }

    func end() { task?.cancel() }
}
