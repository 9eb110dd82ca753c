/// `martlet inspect`: what a model is, or what a cache policy keeps of a prompt.

import ArgumentParser
import Martlet
import MartletFormats

struct Inspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what a model or an adapter is, or what a cache policy keeps of a prompt.",
        discussion: """
            With --tokens the prompt is computed under --cache, and the positions that each layer \
            and KV head still holds are shown; the tokens of --then are decoded one by one after it.

            Example:
              martlet inspect path/to/model
              martlet inspect random:qwen2.5-0.5b --json
              martlet inspect model.gguf --metadata
              martlet inspect path/to/adapter
              martlet inspect --model path/to/model --text-file story.txt --cache "h2o(ratio=0.5)" \
            --trace-cache map.html --beside "dense; snapkv(ratio=0.5)"
              martlet inspect --model random:tiny --cache "knorm(ratio=0.5)" --tokens 1,2,3,4,5,6 \
            --then 7,8 --json
            """)

    @Argument(help: .model)
    var path: String?

    @Option(name: .customLong("model"), help: "The same, as other verbs take it.")
    var option: String?

    @OptionGroup var loading: LoadingArguments
    @OptionGroup var cache: CacheArguments
    @OptionGroup var memory: MemoryArguments
    @OptionGroup var trace: TraceArguments

    @Option(
        help: "Compute these token ids under the cache policy.",
        transform: TokenList.init(parsing:))
    var tokens: TokenList?

    @Option(help: "Compute the tokens of this file's text instead; - is standard input.")
    var textFile: String?

    @Option(
        help: "Decode these token ids one by one after them.", transform: TokenList.init(parsing:))
    var then: TokenList?

    @Option(help: "The most tokens computed in one step; results do not depend on it.")
    var chunk = 512

    @Flag(
        help: ArgumentHelp(
            "List what the files say: the keys of a GGUF file, or of a directory's config.json and the files beside it; "
                + "tensors and chat template. Reads no weights."))
    var metadata = false

    @Flag(help: "Print one JSON object.")
    var json = false

    /// The model's name, in whichever way it was given.
    var model: String { path ?? option ?? "" }

    func validate() throws {
        guard (path == nil) != (option == nil) else {
            throw ValidationError("Give one model: inspect MODEL, or --model MODEL.")
        }
        if tokens != nil, textFile != nil {
            throw ValidationError("Give either --tokens or --text-file.")
        }
        if tokens == nil, textFile == nil, trace.traceCache != nil {
            throw ValidationError("Give a prompt with --tokens or --text-file for --trace-cache.")
        }
        if tokens == nil, textFile == nil, then != nil {
            throw ValidationError("Give the prompt's tokens with --tokens before --then.")
        }
        if metadata {
            var unused = UnusedOptions()
            unused.add(loading)
            unused.add(cache)
            unused.add(memory)
            unused.add("--tokens", tokens != nil)
            unused.add("--text-file", textFile != nil)
            try unused.refuse("--metadata lists what files say.")
        } else if tokens == nil, textFile == nil {
            var unused = UnusedOptions()
            unused.addChoice(loading)
            unused.add(cache)
            unused.add(memory)
            try unused.refuse("without a prompt nothing is computed; give --tokens or --text-file.")
        }
    }

    /// Refuses what is for models that are loaded, where `thing` is not.
    private func refuseLoading(_ thing: String) throws {
        var unused = UnusedOptions()
        unused.add(loading)
        try unused.refuse("\(excerpt(model)) is \(thing), whose files are shown as they are.")
    }

    func run() async throws {
        if metadata { return try printListing(FileListing(model)) }
        if let tokens { return try await inspectCache(.tokens(tokens.tokens), then?.tokens ?? []) }
        if let textFile {
            return try await inspectCache(.text(try TextFile.read(textFile)), then?.tokens ?? [])
        }
        if let adapter = try AdapterReport(model) {
            try refuseLoading("an adapter")
            return printAdapter(adapter)
        }
        // Encoders have no cache and are not loaded.
        if let report = try EncoderReport(model) {
            try refuseLoading("an encoder")
            return json ? printJSON(report) : printText(report)
        }
        let report = ModelReport(try await load())
        if json { printJSON(report) } else { printText(report) }
    }

    /// Loads the model, and says what counts of its files.
    func load(_ cache: CacheArguments? = nil) async throws(MartletError) -> LoadedModel {
        let options = ModelOptions(loading, cache, chunk: cache == nil ? nil : chunk)
        let loaded = try await LoadedModel.load(model, options: options)
        loaded.noteWhatCounts()
        return loaded
    }

    private func printJSON(_ report: ModelReport) {
        let shape = report.shape
        var line = JSONLine()
        line.set("model", model)
        line.set("architecture", shape.family)
        line.set("parameters", report.parameterCount)
        line.set("activeParameters", report.activeParameterCount)
        line.set("layerCount", shape.layerCount)
        line.set("hiddenSize", shape.hiddenSize)
        line.set("intermediateSize", shape.intermediateSize)
        line.set("headCount", shape.headCount)
        line.set("keyValueHeadCount", shape.keyValueHeadCount)
        line.set("headDimension", shape.headDimension)
        line.set("vocabularySize", shape.vocabularySize)
        line.set("contextLength", shape.contextLength)
        line.set("tiesEmbeddings", shape.tiesEmbeddings)
        line.set("slidingWindow", shape.slidingWindow.map { .integer($0) } ?? .null)
        line.set("positions", shape.isPositionLearned ? "learned" : "rotary")
        line.set("evictionHeads", report.shape.evictionHead.map(evictionHeads) ?? .null)
        line.set("storedAs", report.storedAs)
        line.set("bytesByType", object(report.bytesByType.map { ($0.type.rawValue, $0.bytes) }))
        line.set(
            "cacheBytesPerToken",
            object(report.cacheBytesPerToken.map { ($0.codec.rawValue, $0.bytes) }))
        line.set("tokenizer", report.tokenizer)
        line.set("endTokens", report.endTokens)
        line.set("storedBytes", object(report.storedBytes.map { ($0.type, $0.bytes) }))
        line.set("files", object(report.files.map { ($0.path, $0.bytes) }))
        report.pooling.map { set($0, &line) }
        line.print()
    }

    private func evictionHeads(_ head: EvictionHeadShape) -> JSONValue {
        var line = JSONLine()
        line.set("method", head.method.rawValue)
        line.set("source", head.source == .projection ? "projection" : "channel")
        line.set("window", head.window)
        line.set("disabled", head.isDisabled)
        return line.value
    }

    func object(_ members: [(String, Int)]) -> JSONValue {
        var line = JSONLine()
        for (key, value) in members { line.set(key, value) }
        return line.value
    }

    private func printText(_ report: ModelReport) {
        let shape = report.shape
        var text = Columns.pair("architecture", shape.family)
        text += Columns.pair(
            "parameters",
            report.activeParameterCount == report.parameterCount
                ? "\(report.parameterCount)"
                : "\(report.parameterCount), of which a token runs through "
                    + "\(report.activeParameterCount)")
        text += Columns.pair(
            "shape",
            "\(shape.layerCount) layers, hidden \(shape.hiddenSize), intermediate "
                + "\(shape.intermediateSize)")
        text += Columns.pair(
            "heads",
            "\(shape.headCount), \(shape.keyValueHeadCount) for keys and values, dimension "
                + "\(shape.headDimension)")
        text += Columns.pair(
            "vocabulary",
            "\(shape.vocabularySize), \(shape.tiesEmbeddings ? "tied" : "untied") embeddings")
        text += Columns.pair(
            "context",
            "\(shape.contextLength) tokens, \(shape.isPositionLearned ? "learned" : "rotary") positions"
                + (shape.slidingWindow.map { ", sliding window \($0)" } ?? ""))
        if let head = shape.evictionHead {
            text += Columns.pair(
                "eviction heads",
                head.isDisabled
                    ? "\(head.method.rawValue), switched off by the model's configuration"
                    : "\(head.method.rawValue), window \(head.window): use --cache \(head.method.rawValue)"
            )
        }
        text += Columns.pair("stored as", report.storedAs)
        for entry in report.bytesByType {
            text += Columns.pair("weights in \(entry.type)", Columns.bytes(entry.bytes))
        }
        for entry in report.cacheBytesPerToken {
            text += Columns.pair("cache in \(entry.codec)", "\(entry.bytes) bytes a token")
        }
        text += Columns.pair("tokenizer", report.tokenizer)
        text += Columns.pair(
            "end tokens",
            report.endTokens.isEmpty
                ? "none" : report.endTokens.map(String.init).joined(separator: ", "))
        text += report.pooling.map(words) ?? ""
        for file in report.files {
            text += Columns.pair("file", "\(file.path), \(Columns.bytes(file.bytes))")
        }
        StandardStreams.write(text)
    }
}

extension DecoderShape {
    /// The narrowest sliding window of any layer; nil when all see everything.
    fileprivate var slidingWindow: Int? { layerWindows.compactMap(\.self).min() }
}
