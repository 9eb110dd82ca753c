/// What `adapter_config.json` says of a low-rank adapter. What would change results is read, or refused by name.

import MartletJSON

/// Ranks, scales and shapes of an adapter in the layout of PEFT.
struct AdapterConfiguration: Sendable {
    static let name = "adapter_config.json"

    private let file: ConfigurationFile
    /// The rank of modules that have none of their own.
    var usualRank: Int { rank }
    private let rank: Int
    private let alpha: Double
    private let ranks: [(module: String, value: Double)]
    private let alphas: [(module: String, value: Double)]
    /// The scale divides by the root of the rank.
    private let isStable: Bool
    /// Matrices are stored as [inputs][outputs].
    let isTransposed: Bool

    /// Modules that an adapter may replace whole: the tables of tokens.
    static let replaceable = ["lm_head", "embed_tokens", "wte", "embed_out", "embed_in"]

    /// Reads a configuration.
    ///
    /// - Throws: ``FormatError``; ``FormatError/unsupportedFormat(path:got:advice:)`` for what is not a low-rank adapter, or
    ///   one with what is not implemented.
    init(_ file: ConfigurationFile) throws(FormatError) {
        self.file = file
        func refuse(_ got: String) -> FormatError {
            .unsupportedFormat(
                path: file.path, got: got,
                advice: "merge the adapter into its model with PEFT, and give that model")
        }
        let type = try file.string("peft_type")
        guard type == "LORA" else { throw refuse("an adapter of type \(quoted(type))") }
        if try file.bool("use_dora", default: false) { throw refuse("\"use_dora\", DoRA") }
        let bias = try file.string("bias", default: "none")
        guard bias == "none" else { throw refuse("\"bias\" \(quoted(bias))") }
        // These began from changed weights of the model, so that what was stored belongs to others than it has.
        if let start = file.value("init_lora_weights")?.stringValue {
            guard ["gaussian", "eva", "orthogonal", "lora_ga"].contains(start) else {
                throw refuse("\"init_lora_weights\" \(quoted(start))")
            }
        }
        rank = try file.int("r", in: 1...1 << 16)
        alpha = try file.double("lora_alpha", default: 8, in: -1e6...1e6)
        isStable = try file.bool("use_rslora", default: false)
        isTransposed = try file.bool("fan_in_fan_out", default: false)
        ranks = try Self.pattern("rank_pattern", file, 1...65_536, isWhole: true)
        alphas = try Self.pattern("alpha_pattern", file, -1e6...1e6)
        let replaced = file.contains("modules_to_save") ? try file.strings("modules_to_save") : []
        if let other = replaced.first(where: { !Self.replaceable.contains($0) }) {
            throw refuse("\"modules_to_save\" \(quoted(other))")
        }
        for member in file.root.members
        where !Self.known.contains(member.key) && !Self.isOff(member.value) {
            throw refuse("\(quoted(member.key)) \(member.value.summary)")
        }
    }

    /// Keys that are read above, that tensors say by their names, or that guide training alone.
    private static let known: Set<String> = [
        "peft_type", "use_dora", "bias", "init_lora_weights", "r", "lora_alpha", "use_rslora",
        "fan_in_fan_out", "rank_pattern", "alpha_pattern", "modules_to_save", "target_modules",
        "exclude_modules", "layers_to_transform", "layers_pattern", "base_model_name_or_path",
        "revision", "task_type", "inference_mode", "lora_dropout", "auto_mapping", "peft_version",
        "loftq_config", "eva_config", "lora_ga_config", "runtime_config", "ensure_weight_tying",
        "_comment",
    ]

    /// Values that switch nothing on.
    private static func isOff(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .bool(false): true
        case .array(let elements): elements.isEmpty
        case .object(let object): object.count == 0
        default: false
        }
    }

    private static func pattern(
        _ key: String, _ file: ConfigurationFile, _ range: ClosedRange<Double>,
        isWhole: Bool = false
    ) throws(FormatError) -> [(module: String, value: Double)] {
        guard let object = try file.optionalObject(key) else { return [] }
        var found: [(String, Double)] = []
        for member in object.root.members {
            // The key may be any regular expression; names of modules are those that are written.
            guard member.key.utf8.allSatisfy(isNameByte), !member.key.isEmpty else {
                throw .unsupportedFormat(
                    path: file.path, got: "\(quoted(key)) for \(quoted(member.key))",
                    advice: "name modules there, or merge the adapter into its model with PEFT")
            }
            let value = try object.double(member.key, in: range)
            guard !isWhole || value == value.rounded() else {
                throw object.wrongValue(member.key, expected: "a whole number")
            }
            found.append((member.key, value))
        }
        return found
    }

    /// A module that is named as adapted and that no tensor is for; nil where there is none, or an expression says which.
    func missingModule(_ found: some Collection<String>) -> String? {
        guard let targets = file.value("target_modules")?.arrayValue?.compactMap(\.stringValue)
        else { return nil }
        return targets.first { target in
            !found.contains { $0 == target || $0.hasSuffix("." + target) }
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
    }

    /// The rank that a module should have.
    func rank(of module: String) -> Int {
        Self.value(of: module, in: ranks).map { Int($0) } ?? rank
    }

    /// What the product of a module's matrices is multiplied by.
    func scale(of module: String) -> Float {
        let rank = Double(rank(of: module))
        let alpha = Self.value(of: module, in: alphas) ?? alpha
        return Float(alpha / (isStable ? rank.squareRoot() : rank))
    }

    /// The first pattern that ends the module's name counts.
    private static func value(
        of module: String, in pattern: [(module: String, value: Double)]
    ) -> Double? {
        pattern.first { module == $0.module || module.hasSuffix("." + $0.module) }?.value
    }
}
