/// `martlet pull`: a model of a hub into the cache that all tools of the hub share.

import ArgumentParser
import Martlet
import MartletHub
import MartletNetwork

struct PullVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Downloads a model from a hub, or what is missing of it.",
        discussion: """
            Without patterns it takes what a model needs: configuration, tokenizer and safetensors, or one GGUF \
            file (Q4_K_M where there is one). Every file is checked against the hub's hash. A download that was \
            cut goes on from the last byte. The path for --model is printed; owner/name is found as well.

            HF_TOKEN (or the token that other tools stored), HF_ENDPOINT, HF_HOME, HF_HUB_CACHE and HF_HUB_OFFLINE \
            mean what they mean for those tools, whose cache this is.

            Example:
              martlet pull Qwen/Qwen3-0.6B
              martlet pull bartowski/Qwen_Qwen3-0.6B-GGUF:Q4_K_M
              martlet pull HuggingFaceTB/SmolLM2-135M@main --exclude "*.onnx" --json
            """)

    @Argument(
        help: "owner/name, owner/name@revision, owner/name:QUANTISATION or owner/name/file.gguf.")
    var model: String

    @Option(help: "Take only files that match this pattern; may be repeated.")
    var include: [String] = []

    @Option(help: "Leave out files that match this pattern; may be repeated.")
    var exclude: [String] = []

    @Flag(help: "Print one JSON object for each event; the last one is the summary.")
    var json = false

    func run() async throws {
        do {
            let reference = try HubReference(model)
            guard include.isEmpty || (reference.quantisation ?? reference.path) == nil else {
                throw ValidationError(
                    "Give a quantisation or file in the name, or --include, not both.")
            }
            let pull = Pull(try HubSettings(), http: URLSessionClient())
            let view = PullView(pull.progress, isJSON: json)
            let selection = FileSelection(include: include, exclude: exclude)
            let task = Task {
                try await pull.run(reference, selection) { view.tell($0) }
            }
            let drawing = Task { await view.draw() }
            Interruption.onSignal { task.cancel() }
            defer { drawing.cancel() }
            let result: Result<PullResult, any Error> = await task.result
            drawing.cancel()
            await drawing.value
            view.end(try result.get())
        } catch let error as HubError {
            if error == .cancelled { Interruption.exitIfReceived() }
            throw MartletError(error)
        }
    }
}
