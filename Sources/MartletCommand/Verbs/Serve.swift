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

            While the model is loaded, /health says so with status 503. Ctrl-C and SIGTERM end it: answers under way may \
            end within --grace seconds, nothing new begins; a second signal ends it at once.

            Example:
              martlet serve path/to/model
              curl http://127.0.0.1:8080/v1/chat/completions -d '{"messages": [{"role": "user", "content": "Hi"}]}'
            """)

    @Argument(help: .model)
    var model: String

    @OptionGroup var loading: LoadingArguments
    @OptionGroup var cache: CacheArguments
    @OptionGroup var memory: MemoryArguments
    @OptionGroup var scheduling: SchedulingArguments
    @OptionGroup var server: ServerArguments

    @Option(help: "The most tokens computed in one step; results do not depend on it.")
    var chunk: Int?

    func validate() throws {
        guard scheduling.targetFirst == nil || scheduling.order == .deadline else {
            throw ValidationError("--target-first needs --order deadline.")
        }
    }

    @Option(
        help: ArgumentHelp(
            "A folder in which files and batches outlive the server. Default: they are kept in memory.",
            valueName: "folder"))
    var store: String?

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
            let service = Service(
                configuration, files: try store.map { path in try FileStore(path) } ?? FileStore())
            let listener = Listener(
                Server(service), security: try server.transportSecurity())
            let port = try await listener.listen(hosts: server.hosts, port: server.port)
            let (ended, end) = AsyncStream.makeStream(of: Void.self)
            Interruption.onSignal { end.finish() }
            let place = server.hosts.map { host in
                "\(server.tlsKey == nil ? "http" : "https")://\(host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host):\(port)"
            }.joined(separator: " and ")
            StandardStreams.note("loading \(model); listening at \(place)")
            let load = Task { [server, model, options] in
                do throws(MartletError) {
                    let served = try await ServedModel.load(
                        model, options: options, embeddings: server.embeddings,
                        configuration: configuration)
                    served.notes.forEach { StandardStreams.note("\($0).") }
                    service.begin(with: served)
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
}
