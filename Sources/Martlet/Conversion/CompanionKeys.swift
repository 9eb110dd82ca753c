/// What a GGUF file holds beside a model's weights and numbers: tokenizer, chat template, advice on sampling.

import MartletFormats
import MartletModels
import MartletTokenizers

/// The keys that a GGUF file takes along from the model that it is made of.
struct CompanionKeys {
    /// The keys.
    private(set) var keys: [(key: String, value: GGUFValueToWrite)] = []
    /// What they have no words for, in sentences without a full stop.
    private(set) var notes: [String] = []

    /// - Parameter export: what is written of the model itself.
    init(_ checkpoint: Checkpoint, beside export: GGUFExport) throws {
        if let file = checkpoint.metadata {
            copy(file, besides: Set(export.metadata.map(\.key)))
            return
        }
        keys = SamplingAdvice(checkpoint.generation).keys
        if let limit = checkpoint.generation?.value("max_new_tokens")?.intValue {
            notes.append(
                "GGUF has no key for max_new_tokens (\(limit)): give --max-tokens where the file is used"
            )
        }
        let files = TokenizerFiles(directory: checkpoint.directory)
        guard files.isComplete else {
            notes.append("\(checkpoint.directory) has no tokenizer, and the file has none")
            return
        }
        var metadata = try TokenizerMetadata(of: files)
        metadata.pad(to: export.vocabularySize)
        notes += metadata.notes
        keys += metadata.keys
        guard let source = try ChatTemplateSource(directory: checkpoint.directory) else { return }
        keys.append(("tokenizer.chat_template", .string(source.template)))
        if let tools = source.toolTemplate {
            keys.append(("tokenizer.chat_template.tool_use", .string(tools)))
        }
    }

    /// What another file says of its tokenizer, its makers and its use.
    private mutating func copy(_ file: GGUFFile, besides others: Set<String>) {
        for (key, value) in file.metadata
        where (key.hasPrefix("tokenizer.") || key.hasPrefix("general."))
            && key != "general.alignment" && !others.contains(key)
        {
            if let value = GGUFValueToWrite(value) { keys.append((key, value)) }
        }
    }
}

/// What a model's makers advise on sampling: the same numbers under the names of two formats.
struct SamplingAdvice {
    private typealias Name = (directory: String, file: String)
    private var numbers: [(name: Name, value: JSONValue)] = []
    /// Whether the likeliest token is advised: `do_sample` is false in a directory, the temperature 0 in a file.
    private var isGreedy = false

    private static let temperature: Name = ("temperature", "temp")
    /// What the choice among tokens turns on where one is drawn.
    private static let drawing: [Name] = [
        temperature, ("top_k", "top_k"), ("top_p", "top_p"), ("min_p", "min_p"),
    ]
    private static let penalty: Name = ("repetition_penalty", "penalty_repeat")
    private static let prefix = "general.sampling."

    /// What `generation_config.json` says.
    init(_ file: ConfigurationFile?) {
        isGreedy = file?.value("do_sample")?.boolValue == false
        for name in isGreedy ? [Self.penalty] : Self.drawing + [Self.penalty] {
            switch file?.value(name.directory) {
            case .integer(let value): numbers.append((name, .integer(value)))
            case .number(let value): numbers.append((name, .number(value)))
            default: break
            }
        }
    }

    /// What a GGUF file says.
    init(_ file: GGUFFile) {
        isGreedy = file[Self.prefix + Self.temperature.file]?.double.map { $0 <= 0 } ?? false
        for name in isGreedy ? [Self.penalty] : Self.drawing + [Self.penalty] {
            guard let value = file[Self.prefix + name.file] else { continue }
            if let number = value.int {
                numbers.append((name, .integer(number)))
            } else if let number = value.double, number.isFinite {
                // The shortest number that is the same in the file's single precision.
                numbers.append((name, .number(Double("\(Float(number))") ?? number)))
            }
        }
    }

    /// As keys of a GGUF file.
    var keys: [(key: String, value: GGUFValueToWrite)] {
        let greedy: [(key: String, value: GGUFValueToWrite)] =
            isGreedy ? [(Self.prefix + Self.temperature.file, .float32(0))] : []
        return greedy
            + numbers.compactMap { name, value in
                let key = Self.prefix + name.file
                guard name.file == "top_k" else {
                    return value.doubleValue.map { (key, .float32(Float($0))) }
                }
                return value.intValue.flatMap { Int32(exactly: $0) }.map { (key, .int32($0)) }
            }
    }

    /// As members of `generation_config.json`.
    var members: [JSONObject.Member] {
        guard isGreedy || !numbers.isEmpty else { return [] }
        return [.init(key: "do_sample", value: .bool(!isGreedy))]
            + numbers.map { .init(key: $0.name.directory, value: $0.value) }
    }
}
