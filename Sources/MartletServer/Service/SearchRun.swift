/// Runs an answer as a search: chains that vote inside a budget, with progress as what the model thinks.

import Martlet
import MartletEngine
import MartletTemplates

extension ServedModel {
    /// A conversation as a question: one message, with what the model is told before; nil for any other.
    func question(_ prompt: ChatPrompt) -> Question? {
        let instructions = prompt.messages.dropLast()
        guard let last = prompt.messages.last, last.role == .user, prompt.tools.isEmpty,
            instructions.count <= 1,
            instructions.allSatisfy({ [.system, .developer].contains($0.role) })
        else { return nil }
        let told = instructions.first?.text
        guard format != nil else { return Question(text: (told ?? "") + last.text, form: .text) }
        return Question(text: last.text, form: .message(system: told))
    }

    /// What is asked of the model for a conversation.
    func request(for prompt: ChatPrompt) throws(WireError) -> AnswerRequest {
        var request = AnswerRequest(prompt: try self.prompt(prompt))
        request.question = question(prompt)
        request.affinity = PromptAffinity.name(of: prompt.messages, tools: prompt.tools)
        return request
    }
}

extension Service {
    /// Looks for an answer, inside a part of the bytes that the server's cache may hold. One search runs at a time.
    func search(
        _ request: AnswerRequest, _ wishes: MartletFields.SolveFields, on served: ServedModel,
        isBackground: Bool,
        begin: () async throws(WireError) -> Void,
        each: (ChainPart) async throws(WireError) -> Void
    ) async throws(WireError) -> [FinishedChain] {
        let path = MartletFields.key + ".solve"
        try refuseWhatSearchesIgnore(request)
        guard let question = request.question else {
            throw .unsupported(
                path, "a search over several turns or with tools",
                instead: "send one question, after at most one system message")
        }
        guard request.chainCount == 1, request.options.logprobs == nil else {
            let names = request.chainCount > 1 ? ["n", "n_cmpl"] : ["logprobs", "n_probs"]
            let name = request.own.asked(among: names + ["top_logprobs"]) ?? path
            throw .unsupported(
                name, "this beside \(path)", instead: "leave one of the two out")
        }
        let model = try served.generating()
        let most = served.shares?.budgetBytes ?? 0
        if let memory = wishes.memory, memory > most {
            throw .field(
                path + ".memory", got: "\(memory)",
                expected: "at most \(most) bytes, the budget of the server's cache")
        }
        guard counters.beginSearch() else {
            throw WireError(
                .rateLimited, "a search is under way already; come again later.",
                code: "search_busy", retryAfter: 2)
        }
        defer { counters.endSearch() }
        var options = SolveOptions()
        options.width = wishes.width
        options.length = length(of: request, wishes, served)
        options.aggregation = wishes.aggregation ?? .majority
        // What nobody asked for is the model's advice for plain answers; chains that vote have their own.
        if request.own.asks(for: ["temperature"]) {
            options.temperature = request.options.temperature
        }
        if request.own.asks(for: ["top_k"]) { options.topK = request.options.topK }
        if request.own.asks(for: ["top_p"]) { options.topP = request.options.topP }
        if request.own.asks(for: ["min_p"]) { options.minP = request.options.minP }
        options.seed = request.seed
        options.stop = request.options.stop
        options.stopTokens = request.options.stopTokens
        options.adapter = request.own.adapter
        options.form = question.form
        // Nothing lossy is on unless the server was started with it.
        options.usesCompressedForms = false
        options.usesMeasuredCodecs = false
        let form = try served.form(of: request)
        // What nobody asked for leaves as much to others.
        let memory = min(wishes.memory ?? max(1, most / 2), request.own.maximumBytes ?? .max)
        return try await served.withLease(
            nil, bytes: memory, patience: served.patience(for: request), isBackground: isBackground
        ) { [options] (_) async throws(WireError) in
            let budget = SolveBudget(
                memory: memory,
                deadline: request.own.timeLeft.map { max(.milliseconds(1), $0) })
            let stream = model.solve(
                question.text, budget: budget, options: options, under: form)
            return try await follow(stream, of: request, begin: begin, each: each)
        }
    }

    /// Tells how a search goes, until it has an answer.
    private func follow(
        _ stream: SolveStream, of request: AnswerRequest,
        begin: () async throws(WireError) -> Void,
        each: (ChainPart) async throws(WireError) -> Void
    ) async throws(WireError) -> [FinishedChain] {
        var progress = SearchProgress()
        do throws(MartletError) {
            var events = stream.makeAsyncIterator()
            var hasBegun = false
            while let event = try await events.next() {
                if !hasBegun {
                    try await Self.passing { () async throws(WireError) in try await begin() }
                }
                hasBegun = true
                let news = progress.take(event)
                request.own.search?.latest = progress.state
                if case .answer(let result) = event {
                    return try await Self.passing { () async throws(WireError) in
                        try await finish(result, request, progress.text, each)
                    }
                }
                // Without news a part is empty, and brings a report to those who asked for any.
                guard news != nil || request.own.search != nil else { continue }
                try await Self.passing { () async throws(WireError) in
                    try await each(ChainPart(chain: 0, part: ResponsePart(reasoning: news ?? "")))
                }
            }
        } catch {
            if let inner = error.underlying as? WireError { throw inner }
            throw WireError(error)
        }
        throw WireError(.clientGone, "the client closed the connection.")
    }

    /// Tokens of a chain: no more than the request's answer may have.
    private func length(
        of request: AnswerRequest, _ wishes: MartletFields.SolveFields, _ model: ServedModel
    ) -> Int? {
        let room = model.contextLength - request.prompt.tokens.count
        // What is left of the context bounds a search by itself.
        guard let limit = request.options.maximumTokens, limit < room else { return wishes.length }
        return min(wishes.length ?? limit, max(1, limit))
    }

    /// Refuses by name what changes an answer and not a search.
    private func refuseWhatSearchesIgnore(_ request: AnswerRequest) throws(WireError) {
        let options = request.options
        let fields: [(isAsked: Bool, names: [String])] = [
            (options.constraint != nil, Self.formFields),
            (!options.logitBias.isEmpty, ["logit_bias"]),
            (options.presencePenalty != 0, ["presence_penalty"]),
            (options.frequencyPenalty != 0, ["frequency_penalty"]),
            (options.repetitionPenalty != 1, ["repetition_penalty", "repeat_penalty"]),
            (options.ignoresEndTokens, ["ignore_eos"]),
        ]
        if request.own.pins {
            throw .unsupported(
                "\(MartletFields.key).pin", "this beside \(MartletFields.key).solve",
                instead: "leave one of the two out")
        }
        for field in fields where field.isAsked {
            // A penalty that nobody asked for is the model's advice for plain answers.
            guard let name = request.own.asked(among: field.names) else { continue }
            throw .unsupported(
                name, "this beside \(MartletFields.key).solve", instead: "leave one of the two out")
        }
    }

    /// Fields that answers have a form by, in all APIs.
    private static let formFields = [
        "grammar", "guided_grammar", "json_schema", "guided_json", "guided_regex", "guided_choice",
        "structured_outputs", "response_format", "format",
        "output_config", "text", "tool_choice", "function_call",
    ]

    /// Carries an error of the wire through what throws those of the library.
    private static func passing<Result>(
        _ body: () async throws(WireError) -> Result
    ) async throws(MartletError) -> Result {
        do { return try await body() } catch {
            throw MartletError(code: .cancelled, message: error.message, underlying: error)
        }
    }

    private func finish(
        _ result: SolveResult, _ request: AnswerRequest, _ thoughts: String,
        _ each: (ChainPart) async throws(WireError) -> Void
    ) async throws(WireError) -> [FinishedChain] {
        let response = Response(
            searched: result, reasoning: thoughts, promptTokens: request.prompt.tokens.count)
        try await each(
            ChainPart(chain: 0, part: ResponsePart(text: response.text, response: response)))
        let chain = FinishedChain(
            response: response, reasoningTokens: response.usage.completionTokens)
        counters.note { values in
            values.answers += 1
            values.promptTokens += response.usage.promptTokens
            values.completionTokens += response.usage.completionTokens
        }
        return [chain]
    }
}
