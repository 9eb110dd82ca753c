/// The page for people: its files, and the state that it draws.

import Martlet
import MartletJSON
import MartletPage

/// What the page asks for beside answers.
enum PageEndpoints {
    static let endpoints: [Endpoint] = [
        // Clients of Ollama look for the words.
        Endpoint("GET", "/", shape: .openAI, isPublic: true, summary: "A page for people.") {
            (exchange, service) async throws(WireError) in
            let wantsPage =
                exchange.request.header("accept")?.contains("text/html") == true
                || service.configuration.isLlamaCompatible
            if wantsPage, let page = PageFile.all["/"] { return try await exchange.reply(page) }
            try await exchange.reply(
                Array("Ollama is running".utf8), contentType: "text/plain; charset=utf-8")
        },
        Endpoint(
            "GET", "/martlet/state", shape: .openAI,
            summary: "What the server has done and holds, as its page draws it."
        ) { (exchange, service) async throws(WireError) in
            let name = exchange.request.query["model"]
            let all = try await service.fleet().listing
            guard
                let listed = name == nil
                    ? all.first : all.first(where: { $0.entry.names.contains(name ?? "") })
            else { throw .unknownModel(name ?? "", among: all.map(\.entry.names)) }
            // Looking loads nothing.
            guard let model = listed.model else {
                return try await exchange.reply([
                    "version": .string(MartletVersion.current), "model": .string(listed.id),
                    "sessions": .bool(service.hasSessions),
                ])
            }
            try await exchange.reply(await state(of: model, service))
        },
    ]

    /// The endpoint of a file of the page; nil where there is none. Files are no part of the table: they are no interface.
    static func endpoint(at path: String) -> Endpoint? {
        guard path != "/", let file = PageFile.all[path] else { return nil }
        return Endpoint(
            "GET", path, shape: .openAI, isPublic: true, summary: "A file of the page."
        ) { (exchange, _) async throws(WireError) in
            try await exchange.reply(file)
        }
    }

    private static func state(of served: ServedModel, _ service: Service) async -> JSONValue {
        guard let model = served.model, let now = await served.statistics() else {
            return .present([
                "version": .string(MartletVersion.current), "model": .string(served.id),
            ])
        }
        let forms = await served.shares?.statistics() ?? []
        let totals = service.counters.now
        let options = forms.first?.form.loaded.options
        return .present([
            "version": .string(MartletVersion.current), "model": .string(served.id),
            "policies": .array(
                model.listedForms(lossy: served.allowsLossyForms).map {
                    [
                        "name": .string($0.name), "form": .string($0.form),
                        "summary": .string($0.summary), "lossy": .bool($0.isLossy),
                    ]
                }),
            "codecs": .array(
                model.listedCodecs(lossy: served.allowsLossyForms).map { .string($0) }),
            "forms": .array(
                forms.map { form, numbers in
                    [
                        "cache": .string(form.policy), "kv": .string(form.storage),
                        "running": .integer(numbers.runningChains),
                        "waiting": .integer(numbers.waitingChains),
                        "heldBytes": .integer(numbers.heldBytes),
                        "shareBytes": .integer(numbers.budgetBytes),
                    ]
                }),
            "sessions": .bool(service.hasSessions),
            "queue": [
                "waiting": .integer(now.waitingChains), "running": .integer(now.runningChains),
            ],
            "step": .present([
                "count": .integer(now.steps),
                "tokensPerSecond": totals.generationSeconds > 0
                    ? .number(Double(totals.completionTokens) / totals.generationSeconds) : nil,
                "budgetTokens": forms.isEmpty ? nil : .integer(now.stepTokens),
                "mostTokens": options.map { .integer($0.maximumBatchTokens) },
                "seconds": now.stepSeconds.map { .number($0) },
                "targetGap": options?.targetGap.map { .number($0 / .seconds(1)) },
                "cost": now.stepCost.map {
                    [
                        "fixed": .number($0.fixed), "perToken": .number($0.perToken),
                        "perRead": .number($0.perRead),
                    ]
                },
            ]), "latency": service.latencies.value,
            "memory": [
                "running": .integer(now.runningBytes), "parked": .integer(now.reclaimableBytes),
                "free": .integer(now.freeBytes), "total": .integer(now.budgetBytes),
            ],
            "prefix": [
                "hits": .integer(now.promptHits), "lookups": .integer(now.promptLookups),
                "savedTokens": .integer(now.hitTokens),
            ],
            "preemptions": [
                "park": .integer(now.parkings - now.spills), "demote": .integer(now.demotions),
                "spill": .integer(now.spills),
                "recompute": .integer(now.preemptions - now.parkings),
            ],
        ])
    }
}

extension Exchange {
    /// Sends a file of the page, or word that the browser has it already.
    fileprivate func reply(_ file: PageFile) async throws(WireError) {
        for (name, value) in file.headers where name != "content-type" {
            add(header: name, value)
        }
        guard request.header("if-none-match") == file.tag else {
            return try await reply(file.bytes, contentType: file.contentType)
        }
        try await begin(304, contentType: file.contentType, length: file.bytes.count)
    }
}
