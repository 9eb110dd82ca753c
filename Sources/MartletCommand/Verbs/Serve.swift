/// `martlet serve`: answers other programs over HTTP.

import ArgumentParser
import Foundation
import Martlet
import MartletServer

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answers other programs over HTTP, in the words of OpenAI's API and others.",
        discussion: """
            Programs that speak OpenAI's, Anthropic's, Ollama's or llama.cpp's API ask it as they ask those; \
            GET /openapi.json lists what is there. It listens at this machine alone unless --host says otherwise. Requests \
            that run at the same time share steps, and none of them changes another's answer.

            Several models are loaded when requests name them, and put away when others need their bytes: --memory is then what \
            weights and caches may take together.

            While the model is loaded, /health says so with status 503. Ctrl-C and SIGTERM end it: answers under way may \
            end within --grace seconds, nothing new begins; a second signal ends it at once.

            Example:
              martlet serve path/to/model
              martlet serve path/to/model path/to/other --memory 8GB
              curl http://127.0.0.1:8080/v1/chat/completions -d '{"messages": [{"role": "user", "content": "Hi"}]}'
            """)

    @Argument(
        help: ArgumentHelp(
            "One model that any name means, or several that requests name: builtin, a directory in the Hugging Face layout, a "
                + "GGUF file, owner/name that was pulled, or random:SHAPE."))
    var models: [String] = []

    @OptionGroup var loading: LoadingArguments
    @OptionGroup var cache: CacheArguments
    @OptionGroup var memory: MemoryArguments
    @OptionGroup var scheduling: SchedulingArguments
    @OptionGroup var server: ServerArguments

    @Option(help: "The most tokens computed in one step; results do not depend on it.")
    var chunk: Int?

    func validate() throws {
        guard !models.isEmpty || !server.folders.isEmpty else {
            throw ValidationError("Name a model, or a folder of models with --models.")
        }
        guard
            !isFleet
                || (server.names.isEmpty && ModelOptions(loading).adapters.isEmpty
                    && loading.adapters.merged == nil)
        else { throw ValidationError("--name and --adapter are for one model; serve it alone.") }
        guard !isFleet || server.slots == nil else {
            throw ValidationError(
                "--slots is for one model; several have caches of --model-cache bytes.")
        }
        guard isFleet || (server.kept.isEmpty && server.modelCache == nil) else {
            throw ValidationError("--keep and --model-cache are for several models; name them.")
        }
        guard scheduling.targetFirst == nil || scheduling.order == .deadline else {
            throw ValidationError("--target-first needs --order deadline.")
        }
    }

    @Option(
        help: ArgumentHelp(
            "A folder in which files and batches outlive the server. Default: they are kept in memory.",
            valueName: "folder"))
    var store: String?

    /// Whether requests choose among several models.
    private var isFleet: Bool { models.count > 1 || !server.folders.isEmpty }

    func run() async throws {
        #if Server
            try await serve()
        #else
            throw ValidationError(
                "this martlet was built without its server; build it with the trait Server, which is on by default: "
                    + "swift build -c release --product martlet.")
        #endif
    }

    #if Server
        private func serve() async throws {
            let configuration = try server.configuration(seed: loading.seed)
            var options = ModelOptions(loading, cache, chunk: chunk)
            options.memoryBudget = memory.memory?.bytes
            scheduling.apply(to: &options)
            server.answering.apply(to: &options)
            let service = Service(
                configuration, files: try store.map { path in try FileStore(path) } ?? FileStore())
            let listener = Listener(
                Server(service), security: try server.transportSecurity())
            let port = try await listener.listen(hosts: server.hosts, port: server.port)
            let (ended, end) = AsyncStream.makeStream(of: Void.self)
            Interruption.onSignal { end.finish() }
            let scheme = server.tlsKey == nil ? "http" : "https"
            let place = server.hosts.map { host in
                let isBare = host.contains(":") && !host.hasPrefix("[")
                return "\(scheme)://\(isBare ? "[\(host)]" : host):\(port)"
            }.joined(separator: " and ")
            let named = (models + server.folders).joined(separator: ", ") + "; "
            StandardStreams.note(
                (isFleet ? "serving " : "loading ") + named + "listening at \(place)")
            let load = Task { [self, options] in
                do throws(MartletError) {
                    if isFleet {
                        let fleet = try fleet(options, configuration)
                        try await fleet.loadKept()
                        service.begin(with: fleet)
                    } else {
                        let served = try await ServedModel.load(
                            models[0], options: options, embeddings: server.answering.embeddings,
                            configuration: configuration)
                        served.notes.forEach { StandardStreams.note("\($0).") }
                        service.begin(with: served)
                    }
                    StandardStreams.note("ready at \(place)")
                } catch {
                    service.fail(error)
                    StandardStreams.note(OptionNames.message(of: error))
                    ExitStatus(error.code).exit()
                }
            }
            for await _ in ended {}
            load.cancel()
            StandardStreams.note("ending; a second signal ends at once")
            await listener.stop(within: configuration.gracePeriod)
            ExitStatus.success.exit()
        }
    #endif

    /// The models that requests choose from, those for vectors included.
    private func fleet(
        _ options: ModelOptions, _ configuration: ServerConfiguration
    ) throws(MartletError) -> ModelFleet {
        let machine = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        let budget = memory.memory?.bytes ?? machine / 4 * 3
        var options = options
        options.memoryBudget = server.modelCache?.bytes ?? budget / 8
        var all = models
        for folder in server.folders { all += try ModelFleet.Entry.models(in: folder) }
        let entries = ModelFleet.Entry.entries(
            all, embeddings: server.answering.embeddings, kept: server.kept, options: options,
            configuration: configuration)
        let known = Set(entries.flatMap(\.names))
        if let unknown = server.kept.first(where: { !known.contains(ModelFleet.Entry.plain($0)) }) {
            throw MartletError(
                code: .unknownModel, subject: "--keep",
                message:
                    "--keep: there is no model \(unknown), expected one of \(known.sorted().joined(separator: ", "))"
            )
        }
        return try ModelFleet(
            entries, budgetBytes: budget,
            embeddings: server.answering.embeddings.map(ModelFleet.Entry.plain),
            queueLimit: configuration.queueLimit)
    }
}
