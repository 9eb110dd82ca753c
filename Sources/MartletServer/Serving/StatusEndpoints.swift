/// Whether the server is well, and what it has done.

import Martlet
import MartletJSON

/// The endpoints that watchers read.
enum StatusEndpoints {
    static let endpoints: [Endpoint] = [
        Endpoint(
            "GET", "/health", aliases: ["/v1/health"], shape: .openAI, isPublic: true,
            summary: "Whether requests are answered: 200, or 503 while the model is loaded."
        ) { (exchange, service) async throws(WireError) in
            _ = try service.fleet()
            try await exchange.reply(["status": "ok"])
        },
        Endpoint(
            "GET", "/metrics", shape: .openAI,
            summary: "What the server has done, as Prometheus reads it."
        ) { (exchange, service) async throws(WireError) in
            let models = await (try? service.fleet())?.listing ?? []
            var forms: [ServerMetrics.FormNumbers] = []
            var work = EngineWork()
            for listed in models {
                work = work + (await listed.work())
                for (form, numbers) in await listed.model?.shares?.statistics() ?? [] {
                    forms.append((listed.id, form, numbers))
                }
            }
            let budget = models.reduce(0) { $0 + ($1.model?.shares?.budgetBytes ?? 0) }
            let all = ServiceStatistics(
                adding: forms.map(\.numbers), work: work, budgetBytes: budget)
            let text = ServerMetrics.text(service, models.isEmpty ? nil : all, forms, models)
            try await exchange.reply(
                Array(text.utf8), contentType: "text/plain; version=0.0.4; charset=utf-8")
        },
    ]
}

/// Numbers for Prometheus.
enum ServerMetrics {
    /// What one engine of a model has done and holds.
    typealias FormNumbers = (model: String, form: CacheForm, numbers: ServiceStatistics)

    static func text(
        _ service: Service, _ engine: ServiceStatistics?, _ forms: [FormNumbers],
        _ models: [ModelFleet.Listing]
    ) -> String {
        let now = service.counters.now
        var text = ""
        func add(_ name: String, _ kind: String, _ help: String, _ value: Double) {
            text += "# HELP martlet_\(name) \(help)\n# TYPE martlet_\(name) \(kind)\n"
            text += "martlet_\(name) \(value)\n"
        }
        add("uptime_seconds", "gauge", "Seconds since the start.", service.uptime / .seconds(1))
        add("answers_open", "gauge", "Answers under way or waiting.", Double(now.open))
        add("answers_open_most", "gauge", "The most answers at once.", Double(now.mostOpen))
        add("answers_total", "counter", "Answers that ended.", Double(now.answers))
        add("prompt_tokens_total", "counter", "Tokens of prompts.", Double(now.promptTokens))
        add(
            "cached_prompt_tokens_total", "counter",
            "Tokens of prompts that were not computed again.",
            Double(now.cachedTokens))
        add(
            "completion_tokens_total", "counter", "Tokens of answers.",
            Double(now.completionTokens))
        add(
            "first_token_seconds_total", "counter", "Seconds until first tokens.",
            now.firstTokenSeconds)
        add(
            "generation_seconds_total", "counter", "Seconds from first to last tokens.",
            now.generationSeconds)
        add(
            "disconnects_total", "counter", "Answers that nobody read to their end.",
            Double(now.disconnects))
        add("deadlines_total", "counter", "Answers that a deadline ended.", Double(now.deadlines))
        text += "# HELP martlet_requests_total Requests by status.\n"
        text += "# TYPE martlet_requests_total counter\n"
        for (status, count) in now.statuses.sorted(by: { $0.key < $1.key }) {
            text += "martlet_requests_total{status=\"\(status)\"} \(count)\n"
        }
        func addModels(
            _ name: String, _ kind: String, _ help: String, _ value: (ModelFleet.Listing) -> Int
        ) {
            text += "# HELP martlet_\(name) \(help)\n# TYPE martlet_\(name) \(kind)\n"
            for model in models {
                text += "martlet_\(name){model=\(quoted(model.id))} \(value(model))\n"
            }
        }
        addModels("model_loaded", "gauge", "Whether a model is in memory.") {
            $0.model == nil ? 0 : 1
        }
        addModels("model_bytes", "gauge", "Bytes of a model's weights and cache.", \.bytes)
        addModels("model_loads_total", "counter", "Times that a model was loaded.", \.loads)
        guard let engine else { return text }
        add("engine_steps_total", "counter", "Steps that ran the model.", Double(engine.steps))
        add(
            "engine_tokens_total", "counter", "Tokens computed, recomputed ones included.",
            Double(engine.computedTokens))
        add(
            "engine_preemptions_total", "counter", "Times a chain gave way for lack of pages.",
            Double(engine.preemptions))
        add(
            "engine_parkings_total", "counter",
            "Times a chain that gave way kept its pages as long as nothing needed them.",
            Double(engine.parkings))
        add(
            "engine_spills_total", "counter",
            "Times a chain that gave way had tokens on disk to come back to.",
            Double(engine.spills))
        add(
            "engine_demotions_total", "counter",
            "Times pages of a chain that went on were stored in fewer bits for lack of pages.",
            Double(engine.demotions))
        add(
            "engine_recomputed_tokens_total", "counter",
            "Tokens computed a second time by chains that gave way.",
            Double(engine.recomputedTokens))
        add("chains_running", "gauge", "Chains that run.", Double(engine.runningChains))
        add("chains_waiting", "gauge", "Chains that wait.", Double(engine.waitingChains))
        add(
            "cache_bytes", "gauge", "Bytes that the cache holds.", Double(engine.heldBytes))
        add(
            "cache_budget_bytes", "gauge", "Bytes that the cache may hold.",
            Double(engine.budgetBytes))
        add("engines", "gauge", "Policies and codecs that have an engine.", Double(forms.count))
        func addEach(_ name: String, _ help: String, _ value: (ServiceStatistics) -> Int) {
            text += "# HELP martlet_\(name) \(help)\n# TYPE martlet_\(name) gauge\n"
            for (model, form, numbers) in forms {
                let labels =
                    "model=\(quoted(model)),cache=\(quoted(form.policy)),kv=\(quoted(form.storage))"
                text += "martlet_\(name){\(labels)} \(value(numbers))\n"
            }
        }
        addEach("form_cache_bytes", "Bytes held under a policy and a codec.", \.heldBytes)
        addEach(
            "form_cache_share_bytes", "Bytes that may be held under a policy and a codec.",
            \.budgetBytes)
        addEach(
            "form_chains_running", "Chains that run under a policy and a codec.", \.runningChains)
        return text
    }

    /// A label's value as Prometheus reads it.
    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
