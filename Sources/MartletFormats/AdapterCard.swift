/// What `martlet_adapter.json` says of an adapter that a retrofit made: for which weights, by which method, how it was
/// trained and what came of it. It knows no tensors.

package import MartletJSON

/// The card of a retrofit's adapter. Its low-rank parts, where it has any, are described as PEFT describes them.
package struct AdapterCard: Sendable {
    package static let name = "martlet_adapter.json"
    private static let format = "martlet-adapter"
    private static let version = 1

    /// All of it.
    package let file: ConfigurationFile
    /// ``Checkpoint/weightsDigest()`` of the model that it was trained for.
    package let baseDigest: String
    /// The name of that model.
    package let baseName: String
    /// The heads that mark tokens, as a model's `martlet_eviction` describes them.
    package let eviction: ConfigurationFile
    /// Tokens for each slot of the cache that were asked for, and that were measured on held-out data.
    package let ratio: (asked: Double, measured: Double)
    let lowRank: AdapterConfiguration?

    /// Whether channels of queries and keys mark tokens, so that it has no tensors of heads.
    var borrowsChannels: Bool { eviction.value("source")?.stringValue == "channel" }
    /// The rank of its low-rank parts; nil where it has none.
    package var rank: Int? { lowRank?.usualRank }
    /// What a mark means, as the heads' description says.
    package var method: String { eviction.value("method")?.stringValue ?? "" }

    /// Whether a directory holds one.
    package static func isIn(_ directory: String) -> Bool {
        FileSystem.kind(of: FileSystem.join(directory, name)) == .file
    }

    /// Reads the card in a directory.
    ///
    /// - Throws: ``FormatError`` naming the key, what it is and what was expected.
    package init(directory: String) throws(FormatError) {
        file = try ConfigurationFile(path: FileSystem.join(directory, Self.name))
        let (format, version) = (try file.string("format"), try file.int("version"))
        guard format == Self.format, version == Self.version else {
            throw .unsupportedFormat(
                path: file.path, got: "format \(quoted(format)), version \(version)",
                advice: "use a version of Martlet that knows it, or make the adapter again")
        }
        let base = try file.object("base")
        baseDigest = try base.string("digest")
        baseName = try base.string("name", default: "")
        eviction = try file.object("eviction")
        _ = try eviction.string("method")
        let range = 1.0...1e9
        let compression = try file.object("compression")
        ratio = (
            try compression.double("asked", in: range),
            try compression.double("measured", in: range)
        )
        lowRank = try file.optionalObject("lowRank").map(AdapterConfiguration.init)
    }

    /// The content of a card.
    ///
    /// - Parameters:
    ///   - base: the name and ``Checkpoint/weightsDigest()`` of the model.
    ///   - eviction: the heads, as a model's `martlet_eviction` describes them.
    ///   - ratio: tokens for each slot of the cache, asked for and measured.
    ///   - rank: of the low-rank parts, whose products are added as they are; 0 without.
    ///   - modules: the names of the modules that have such parts.
    ///   - training: facts for whoever reads it.
    package static func json(
        base: (name: String, digest: String), eviction: JSONObject,
        ratio: (asked: Double, measured: Double), rank: Int, modules: [String],
        training: JSONObject
    ) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("format", .string(format)), ("version", .integer(version)),
            ("base", ["name": .string(base.name), "digest": .string(base.digest)]),
            ("method", eviction["method"] ?? .null), ("eviction", .object(eviction)),
            (
                "compression",
                ["asked": .number(ratio.asked), "measured": .number(max(1, ratio.measured))]
            ),
        ]
        if rank > 0 {
            members.append(
                (
                    "lowRank",
                    [
                        "peft_type": "LORA", "r": .integer(rank), "lora_alpha": .integer(rank),
                        "target_modules": .array(modules.map { .string($0) }),
                    ]
                ))
        }
        members.append(("training", .object(training)))
        return .object(JSONObject(members.map { .init(key: $0.0, value: $0.1) }))
    }

    /// Refuses a model that the adapter was not trained for: its heads would mark other tokens than they learned to.
    func check(_ base: any TensorSource, _ known: WeightsDigest) throws(FormatError) {
        let digest = try known.value()
        guard digest == baseDigest else {
            throw .wrongValue(
                file: file.path, key: "base.digest", got: baseDigest,
                expected:
                    "\(digest), that of the weights in \(base.path): the adapter was trained for "
                    + (baseName.isEmpty ? "another model" : "other weights (\(baseName))"))
        }
    }
}

/// The digest of a model's weights, which reads all of their bytes: made when it is first asked for, and once.
package final class WeightsDigest {
    private let tensors: any TensorSource
    private var digest: String?

    /// The digest of these tensors' files.
    package init(_ tensors: any TensorSource) { self.tensors = tensors }

    /// ``TensorSource/weightsDigest()``.
    func value() throws(FormatError) -> String {
        if let digest { return digest }
        let made = try tensors.weightsDigest()
        digest = made
        return made
    }
}

extension TensorSource {
    /// The SHA-256 of the files that hold the weights: of one file as `sha256sum` prints it, of several that of the lines
    /// that it prints of them, in the order of their names.
    package func weightsDigest() throws(FormatError) -> String {
        var digests: [String: String] = [:]
        for file in files {
            let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
            digests[name] = try FileDigest.sha256(file.path)
        }
        if digests.count == 1, let only = digests.values.first { return "sha256:" + only }
        let lines = digests.sorted { $0.key < $1.key }.map { "\($0.value)  \($0.key)\n" }
        return "sha256:" + FileDigest.sha256(Array(lines.joined().utf8))
    }
}
