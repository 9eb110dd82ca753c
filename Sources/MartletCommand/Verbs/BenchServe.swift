/// `martlet bench serve`: times, rates and targets of requests that arrive while others are answered.

import ArgumentParser
import Foundation
import Martlet
import MartletEvaluation
import MartletFormats
import MartletHub
import MartletNetwork

struct BenchServe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract:
            "Measures a server, or a model in this process, with requests that arrive by themselves.",
        discussion: """
            Requests are sent when they are due, whatever became of those before. Times are those that a client sees. \
            Fluidity counts the deadlines that an answer keeps (--target-first beyond what its prompt takes on an idle \
            machine, which is measured before, and --target-gap for each token); goodput counts answers that miss none.
            --simulate runs the same scheduler, cache and reuse of prompts over a model that computes nothing, in the time \
            that its steps cost: as measured on --model before, or as --cost says.

            Example:
              martlet bench serve --model builtin --requests 16 --rate 4
              martlet bench serve --url http://127.0.0.1:8080/v1 --trace trace.csv --speed 2
              martlet bench serve --model builtin --rate 4 --simulate --machines 4
            """)

    @OptionGroup var peer: ServingPeerArguments
    @OptionGroup var loading: LoadingArguments
    @OptionGroup var cache: CacheArguments
    @OptionGroup var memory: MemoryArguments
    @OptionGroup var scheduling: SchedulingArguments
    @OptionGroup var workload: WorkloadArguments
    @OptionGroup var simulation: SimulationArguments

    @Option(help: "The most tokens computed in one step.")
    var chunk: Int?

    @Flag(
        help:
            "Look for the highest rate at which 99 of 100 answers are fluid, beginning at --rate.")
    var capacity = false

    @Option(
        help: ArgumentHelp("Write what happened to each request, one line each.", valueName: "file")
    )
    var timelines: String?

    @Option(
        help: ArgumentHelp(
            "Write the requests (arrival, prompt, tokens), one line each, for other programs, and end.",
            valueName: "file"))
    var writeRequests: String?

    @Option(
        help: ArgumentHelp(
            "Seconds that a prompt is granted before its first token is late: fixed, and for each token, with a comma "
                + "between. Default: what it takes on the idle server, measured before; with --from none.",
            valueName: "numbers"), transform: PromptTimeArgument.init(parsing:))
    var promptSeconds: PromptTimeArgument?

    @Flag(help: "Print one JSON object for each run.")
    var json = false

    func validate() throws {
        try loading.adapters.refuseNamed("bench serve")
        if capacity, workload.rate == nil {
            throw ValidationError("--capacity needs --rate, the first rate that is tried.")
        }
        if capacity, peer.from != nil || workload.concurrency != nil {
            throw ValidationError("--capacity excludes --from and --concurrency.")
        }
        if simulation.simulate {
            guard peer.model != nil else { throw ValidationError("--simulate needs --model.") }
            if workload.concurrency != nil {
                throw ValidationError("--simulate knows arrivals only; leave --concurrency out.")
            }
        }
        if timelines != nil, peer.from != nil || capacity {
            throw ValidationError("--timelines is for one run: without --from and --capacity.")
        }
        var unused = UnusedOptions()
        if peer.model == nil {
            unused.add(loading)
            unused.add("--threads", loading.threads != nil)
            unused.add(cache)
            unused.add(memory)
            unused.add("--chunk", chunk != nil)
            unused.add(scheduling)
            try unused.refuse("they are for --model; a server has its own.")
        } else {
            unused.add("--name", peer.name != ServingPeerArguments.usualName)
            unused.add("--api-key", peer.apiKey != nil)
            try unused.refuse("they are for --url.")
            unused.add("--prompts", simulation.simulate && scheduling.prompts != nil)
            try unused.refuse("a simulation computes no prompts.")
        }
    }

    private var seed: UInt64 { loading.seed ?? 0 }

    private var target: FluidityTarget {
        FluidityTarget(
            first: scheduling.targetFirst ?? 1,
            gap: scheduling.targetGap > 0 ? scheduling.targetGap : 0.2)
    }

    func run() async throws {
        let requests = try workload.workload(seed: seed)
        if let writeRequests { return try write(requests, to: writeRequests) }
        if let file = peer.from {
            let timelines = try RequestTimeline.read(file)
            let prompts = promptSeconds?.time ?? PromptTime()
            return print(
                ServingReport(timelines, target: target, promptSeconds: { prompts($0) }),
                of: Workload(name: file, requests: timelines.map(\.request)))
        }
        if let url = peer.url {
            let client = Self.client(for: url, atOnce: requests.requests.count)
            let target = CompletionTarget(client, url: url, model: peer.name, key: peer.apiKey)
            try await measure(target, requests, try await promptTime(of: target, for: requests))
        } else if let model = peer.model {
            var options = ModelOptions(loading, cache, chunk: chunk)
            options.memoryBudget = memory.memory?.bytes
            scheduling.apply(to: &options)
            let loaded = try await LoadedModel.load(model, options: options)
            loaded.noteWhatCounts()
            loaded.noteLossyMethods()
            if simulation.simulate {
                try await simulate(loaded, requests)
            } else {
                try await measure(loaded, requests)
            }
        }
    }

    // MARK: A server, or a model

    private func promptTime(
        of answers: any ServingTarget, for requests: Workload
    ) async throws -> PromptTime {
        guard let given = promptSeconds else {
            return try await PromptTime(of: answers, for: requests, seed: seed &+ 1)
        }
        // A server prepares something for its first requests.
        let short = Workload(requests: 1, prompt: 8, completion: 2)
        _ = try await PromptTime(of: answers, for: short, seed: seed &+ 1)
        return given.time
    }

    private func measure(_ loaded: LoadedModel, _ requests: Workload) async throws {
        let model = try await Model(loaded, budgetBytes: try cacheBytes(loaded, requests))
        let target = ModelTarget(model)
        let prompts = try await promptTime(of: target, for: requests)
        let before = await model.statistics()
        try await measure(target, requests, prompts)
        let after = await model.statistics()
        await model.shutdown()
        if let before, let after {
            print(WorkReport(work: after.work - before.work, of: after))
        }
    }

    /// What sends the requests, and takes as little of the machine as can be.
    private static func client(for url: String, atOnce count: Int) -> any HTTPClient {
        #if Server
            if PlainClient.takes(url) { return PlainClient() }
        #endif
        #if os(Linux)
            StandardStreams.note(
                "what sends the requests takes most of a processor while answers are under way, which a server on this "
                    + "machine then lacks (\(url.hasPrefix("https:") ? "https" : "no trait Server"))."
            )
        #endif
        // A connection for each request that may be under way.
        return URLSessionClient(connections: min(1024, count + 8))
    }

    private func cacheBytes(_ loaded: LoadedModel, _ requests: Workload) throws -> Int {
        if let bytes = memory.memory?.bytes { return try loaded.cacheBytes(within: bytes) }
        let longest = requests.requests.map { $0.promptTokens + $0.completionTokens }.max() ?? 1
        return try loaded.cacheBytes(
            CacheBudget(
                promptTokens: 0, completionTokens: longest,
                chainCount: min(requests.requests.count, 32),
                chunk: loaded.options.maximumBatchTokens))
    }

    private func measure(
        _ answers: any ServingTarget, _ requests: Workload, _ prompts: PromptTime
    ) async throws {
        guard capacity else {
            let timelines = try await LoadGenerator(
                target: answers, workload: requests, seed: seed, concurrency: workload.concurrency
            ).run()
            try write(timelines)
            return print(
                ServingReport(timelines, target: target, promptSeconds: { prompts($0) }),
                of: requests)
        }
        try await search(requests) { requests, trial in
            // Other prompts each time: those of the last time are known.
            let timelines = try await LoadGenerator(
                target: answers, workload: requests, seed: seed &+ 2 &+ UInt64(trial)
            ).run()
            return ServingReport(timelines, target: target, promptSeconds: { prompts($0) })
        }
    }

    /// Measures rates until the capacity is known.
    private func search(
        _ requests: Workload, _ run: (Workload, Int) async throws -> ServingReport
    ) async throws {
        var trials = 0
        let result = try await CapacitySearch(start: workload.rate ?? 1).run { rate in
            let arriving = requests.arriving(
                rate: rate, burstiness: workload.burstiness, seed: seed)
            let report = try await run(arriving, trials)
            trials += 1
            print(report, of: arriving)
            return report.fluidShare >= CapacitySearch.fluidShare
        }
        let isBounded = result.trials.contains { !$0.isMet }
        if json {
            var line = JSONLine()
            line.set("kind", "capacity")
            line.set("requestsPerSecond", result.capacity)
            line.set("isBounded", isBounded)
            line.set("trials", result.trials.count)
            line.print()
            return
        }
        let rate = result.capacity.map { Columns.decimal($0, places: 2) + " requests a second" }
        StandardStreams.write(
            Columns.pair(
                "capacity",
                isBounded
                    ? rate ?? "none of the rates met the target"
                    : "\(rate ?? "") or more: all rates met the target; use more --requests"))
    }

    // MARK: A simulation

    private func simulate(_ loaded: LoadedModel, _ requests: Workload) async throws {
        let bytes = try cacheBytes(loaded, requests)
        let cost: StepCost
        if let given = simulation.cost {
            cost = given.cost
        } else {
            let model = try await Model(loaded, budgetBytes: bytes)
            cost = try await StepCost(probing: model, requests, seed: seed)
            await model.shutdown()
        }
        let fleet = SimulatedFleet(
            of: loaded, cost: cost, cacheBytes: bytes, machines: simulation.machines,
            route: simulation.route)
        let prompts = { (tokens: Int) in
            cost.prefillSeconds(tokens: tokens, chunk: loaded.options.maximumBatchTokens)
        }
        if !json {
            StandardStreams.write(
                Columns.pair(
                    "simulated",
                    "\(simulation.machines) machine\(simulation.machines == 1 ? "" : "s"), --cost "
                        + cost.argument))
        }
        guard capacity else {
            let timelines = try fleet.run(requests, seed: seed)
            try write(timelines)
            return print(
                ServingReport(timelines, target: target, promptSeconds: prompts), of: requests)
        }
        try await search(requests) { requests, _ in
            ServingReport(
                try fleet.run(requests, seed: seed), target: target, promptSeconds: prompts)
        }
    }

    // MARK: Files and figures

    private func write(_ lines: [RequestTimeline]) throws {
        guard let timelines else { return }
        try AtomicFile.write(
            lines.reduce(into: [UInt8]()) { $0 += $1.json.serialized() + [0x0A] }, to: timelines)
    }

    private func write(_ requests: Workload, to path: String) throws {
        var bytes: [UInt8] = []
        for (index, request) in requests.requests.enumerated() {
            var line = JSONLine()
            line.set("arrival", request.arrival)
            line.set("prompt", requests.text(of: index, seed: seed))
            line.set("completionTokens", request.completionTokens)
            bytes += line.value.serialized() + [0x0A]
        }
        try AtomicFile.write(bytes, to: path)
    }

    private func print(_ report: ServingReport, of requests: Workload) {
        guard json else { return StandardStreams.write(ServingTable.text(report, of: requests)) }
        var line = JSONLine()
        line.set("kind", simulation.simulate ? "simulation" : "run")
        line.set("workload", requests.name)
        line.set("rate", requests.rate)
        line.set("report", report.json)
        line.print()
    }

    private func print(_ work: WorkReport) {
        guard json else { return StandardStreams.write(work.text) }
        work.json.print()
    }
}
