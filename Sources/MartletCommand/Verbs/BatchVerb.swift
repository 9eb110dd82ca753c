/// `martlet batch`: answers a file of requests, without a server.

import ArgumentParser
import Foundation
import Martlet
import MartletFormats
import MartletServer

struct BatchVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch",
        abstract: "Answers a file of requests, as a server would.",
        discussion: """
            Each line of the file is a request as OpenAI's batch API takes it, {"custom_id", "method": "POST", "url", "body"}, \
            for \(EndpointTable.batchURLs.joined(separator: ", ")). Results come in the order of the file; those \
            of requests that failed go to --errors where it is given.

            Prompts that begin alike are run one after another, so that what they have in common is computed once. No answer \
            depends on it. Results are kept in OUT.journal as they come: after Ctrl-C, or whatever else ended it, the same \
            command goes on where it was. OUT appears when all is done.

            Example:
              martlet batch requests.jsonl --model path/to/model --out results.jsonl --errors errors.jsonl
            """)

    @Argument(help: "The file of requests; - is standard input.")
    var file: String

    @OptionGroup var model: ModelArguments
    @OptionGroup var cache: CacheArguments
    @OptionGroup var memory: MemoryArguments

    @Option(help: "The file of results.")
    var out: String

    @Option(
        help: "A file of its own for the results of requests that failed; none is made without.")
    var errors: String?

    @OptionGroup var answering: AnsweringArguments

    @Option(help: "Contexts that the cache has room for, where --memory does not say.")
    var slots = 8

    @Option(help: "The most tokens computed in one step; results do not depend on it.")
    var chunk: Int?

    @Option(
        help: ArgumentHelp(
            "In which order requests begin: tree, by what their prompts have in common, or file.",
            valueName: "tree|file"))
    var order = BatchPlan.Order.tree

    @Flag(help: "Compute every prompt anew.")
    var noReuse = false

    @Flag(help: "Print one JSON object with figures at the end, and one a second until then.")
    var json = false

    func validate() throws {
        guard slots >= 1 else {
            throw ValidationError("--slots is \(slots), expected at least 1.")
        }
        guard model.adapter == nil else {
            throw ValidationError(
                "--use-adapter would change nothing: a request names its adapter in martlet.adapter."
            )
        }
        guard out != errors else {
            throw ValidationError("--errors is --out, expected another file.")
        }
    }

    private var journalPath: String { out + ".journal" }

    /// A file that a result would take the place of; nil where there is none. The file of errors is written before the other
    /// one: beside a journal it is of a run that was ended between the two.
    var fileInTheWay: String? {
        let hasBegun = FileSystem.kind(of: journalPath) != .nothing
        return [out, hasBegun ? nil : errors].compactMap(\.self)
            .first { FileSystem.kind(of: $0) != .nothing }
    }

    func run() async throws {
        if let path = fileInTheWay {
            throw MartletError(
                code: .alreadyExists, subject: path,
                message: "\(path): it exists already; choose another name, or remove it")
        }
        let requests = try requests()
        let start = ContinuousClock.now
        let (service, served) = try await service()
        let worker = ServiceBatchWorker(service)
        let path = journalPath
        let journal = try BatchJournal(path, context: worker.context)
        var run = BatchRun(requests, for: "", journal: journal)
        run.order = order
        let view = BatchView(isJSON: json)
        let task = Task { [run] in
            await Self.result { () async throws(MartletError) in
                try await run.run(on: worker, tell: view.tell)
            }
        }
        Interruption.onSignal { task.cancel() }
        let result = await task.value
        view.close()
        do {
            let progress = try result.get()
            try write(requests, journal)
            unlink(path)
            view.end(
                progress, seconds: (ContinuousClock.now - start) / .seconds(1), served.loaded)
        } catch {
            if (error as? MartletError)?.code == .cancelled {
                StandardStreams.note(
                    "results so far are kept in \(path); the same command goes on from there.")
                Interruption.exitIfReceived()
            }
            throw error
        }
    }

    private static func result(
        _ body: () async throws(MartletError) -> BatchProgress
    ) async -> Result<BatchProgress, MartletError> {
        do throws(MartletError) { return .success(try await body()) } catch {
            return .failure(error)
        }
    }

    private func requests() throws(MartletError) -> [BatchRequest] {
        let read = BatchFile(try TextFile.read(file), urls: EndpointTable.batchURLs)
        guard let fault = read.faults.first else { return read.requests }
        let place = fault.line.map { "line \($0): " } ?? ""
        throw MartletError(
            code: .malformedFile, subject: file,
            message: "\(file): \(place)\(fault.message)"
                + (read.faults.count > 1 ? " (\(read.faults.count - 1) more lines are wrong.)" : "")
        )
    }

    private func service() async throws -> (Service, ServedModel) {
        var configuration = ServerConfiguration()
        try answering.apply(to: &configuration)
        configuration.seed = model.seed
        configuration.slots = slots
        var options = ModelOptions(model.loading, cache, chunk: chunk)
        options.memoryBudget = memory.memory?.bytes
        answering.apply(to: &options)
        options.promptReuse = noReuse ? nil : PromptReuse()
        let served = try await ServedModel.load(
            model.model, options: options, embeddings: answering.embeddings,
            configuration: configuration)
        served.notes.forEach { StandardStreams.note("\($0).") }
        let service = Service(configuration)
        service.begin(with: served)
        return (service, served)
    }

    private func write(_ requests: [BatchRequest], _ journal: BatchJournal) throws {
        func write(_ path: String, _ takes: (BatchResult) -> Bool) throws {
            try AtomicFile.write(to: path) { file in
                for request in requests {
                    guard let result = try journal.result(of: request), takes(result) else {
                        continue
                    }
                    try file.write(result.line + [UInt8(ascii: "\n")])
                }
            }
        }
        if let errors {
            try write(errors) { $0.isError }
            try write(out) { !$0.isError }
        } else {
            try write(out) { _ in true }
        }
    }
}

extension BatchPlan.Order: ExpressibleByArgument {}
