/// What lies beside a model's weights in a directory: tokenizer, chat template, advice on generation.

import Foundation
import MartletFormats
import MartletModels
import MartletTokenizers

/// The files that a copy of a model takes along.
struct CompanionFiles {
    /// Their contents by their paths within the directory.
    private(set) var files: [(path: String, bytes: [UInt8])] = []
    /// What is lacking, in sentences without a full stop.
    private(set) var notes: [String] = []

    private static let template = ["chat_template.jinja", "chat_template.json"]
    private static let generation = "generation_config.json"

    /// Every name that may be there, in a directory itself.
    private static let names =
        TokenizerFiles.names + template + [generation] + EmbeddingFolder.names

    /// Reads those of a directory, or makes them of a GGUF file's metadata.
    init(_ checkpoint: Checkpoint) throws {
        if let file = checkpoint.metadata {
            try make(of: file, checkpoint)
        } else {
            try read(checkpoint.directory)
        }
    }

    /// Writes them. Those of another model that lay there go.
    func write(to directory: String) throws {
        try FileSystem.createDirectory(directory)
        let written = Set(files.map(\.path))
        // Pooling and products of another model would be taken for this one's.
        let modules = (try? EmbeddingFolder(directory).moduleFiles()) ?? []
        for name in Self.names + modules where !written.contains(name) {
            try FileSystem.remove(FileSystem.join(directory, name))
        }
        for file in files {
            let path = FileSystem.join(directory, file.path)
            try FileSystem.createDirectory(FileSystem.split(path).directory)
            try AtomicFile.write(file.bytes, to: path)
        }
    }

    private mutating func read(_ directory: String) throws {
        for name in try Self.names + EmbeddingFolder(directory).moduleFiles() {
            let path = FileSystem.join(directory, name)
            guard FileSystem.kind(of: path) == .file else { continue }
            files.append((name, try Self.bytes(of: path)))
        }
    }

    private static func bytes(of path: String) throws(FormatError) -> [UInt8] {
        let file = try MappedFile(path: path)
        let bytes = file.withSpan { (bytes: Span<UInt8>) -> [UInt8] in
            bytes.withUnsafeBufferPointer { Array($0) }
        }
        try file.checkIntact()
        return bytes
    }

    private mutating func add(_ name: String, _ value: JSONValue, indentation: Int? = 2) {
        files.append((name, value.serialized(indentation: indentation)))
    }

    private mutating func make(of file: GGUFFile, _ checkpoint: Checkpoint) throws {
        func number(_ key: String) -> Int? {
            file["general.architecture"]?.text.flatMap { file[$0 + "." + key]?.int }
        }
        let context = number("context_length")
        let isEncoder = EncoderPlan.describes(file)
        let recipe =
            isEncoder
            ? try EmbeddingRecipe.read(checkpoint, of: EncoderPlan.read(checkpoint))
            : try EmbeddingRecipe.read(checkpoint)
        if let recipe, recipe.poolings.count == 1, let width = number("embedding_length") {
            files += try EmbeddingFolder.files(
                pooling: recipe.poolings[0], width: width, projections: recipe.projections,
                maximumTokens: context ?? Int(Int32.max)
            ).map { ($0.path, $0.content) }
        }
        var advice = SamplingAdvice(file).members
        if let metadata = TokenizerMetadata(file) {
            do throws(TokenizerError) {
                let documents = try TokenizerDocuments(
                    metadata, maximumTokens: context ?? Int(Int32.max))
                add("tokenizer.json", documents.tokenizer, indentation: nil)
                add(
                    "tokenizer_config.json",
                    .object(documents.configuration.adding(Self.templates(of: file))))
                if !isEncoder { advice += documents.generation }
            } catch {
                notes.append(
                    "the tokenizer stays in \(file.file.path): \(error.description.dropLast()); put a "
                        + "tokenizer.json beside config.json")
            }
        } else {
            notes.append("\(file.file.path) has no tokenizer")
        }
        if !advice.isEmpty { add(Self.generation, .object(JSONObject(advice))) }
    }

    /// The chat templates as `tokenizer_config.json` holds them: one, or several by their names.
    private static func templates(of file: GGUFFile) -> [JSONObject.Member] {
        let key = "tokenizer.chat_template"
        guard let usual = file[key]?.text else { return [] }
        let others: [JSONValue] = file.metadata.compactMap { name, value in
            guard name.hasPrefix(key + "."), let text = value.text else { return nil }
            return [
                "name": .string(String(name.dropFirst(key.count + 1))), "template": .string(text),
            ]
        }
        let value: JSONValue =
            others.isEmpty
            ? .string(usual)
            : .array([["name": "default", "template": .string(usual)]] + others)
        return [.init(key: "chat_template", value: value)]
    }
}

extension TokenizerDocuments {
    /// What `generation_config.json` says of tokens.
    fileprivate var generation: [JSONObject.Member] {
        var members: [JSONObject.Member] = []
        if let bos { members.append(.init(key: "bos_token_id", value: .integer(bos))) }
        if !ends.isEmpty {
            members.append(
                .init(
                    key: "eos_token_id",
                    value: ends.count == 1
                        ? .integer(ends[0]) : .array(ends.map { .integer($0) })))
        }
        if let padding { members.append(.init(key: "pad_token_id", value: .integer(padding))) }
        return members
    }
}

extension JSONObject {
    /// The object with further members, whose keys are new.
    fileprivate func adding(_ more: [Member]) -> JSONObject { JSONObject(members + more) }
}
