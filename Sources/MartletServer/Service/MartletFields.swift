/// What requests may ask of Martlet beyond what other servers know: one object, the same in every API.

import Martlet
import MartletEngine
import MartletJSON

/// The object `martlet` of a request.
struct MartletFields: Sendable {
    /// The name of the object.
    static let key = "martlet"

    /// Whether the request has the object: then the answer has one too.
    var isPresent = false
    /// The time that an answer may take, from when it is asked for.
    var deadline: Duration?
    /// Larger goes first.
    var priority = 0
    /// Who may go on with what was computed for the answer.
    var sharing = PromptSharing.tenant
    /// Whether the prompt stays in the cache as long as it can.
    var pins = false
    /// Divides a tenant: what was computed under one salt serves no other.
    var salt = ""
    /// The adapter that the answer is computed under.
    var adapter: String?
    /// A search by chains that vote; nil for a plain answer.
    var solve: SolveFields?

    /// The fields of the request beside the object, by their paths.
    var others: Set<String> = []

    /// Whether the answer's chunks tell what the cache holds.
    var reports = false
    /// Where glances at the cache are left; nil where nobody asked for them.
    var watch: CacheWatch?

    /// How a search is run.
    struct SolveFields: Sendable {
        /// Bytes of cache.
        var memory: Int?
        /// Chains.
        var width: Int?
        /// Tokens of a chain.
        var length: Int?
        /// How answers become one.
        var aggregation: Aggregation?
    }

    init() {}

    /// Reads the object. A policy or a codec that is not the loaded model's is refused by name: an engine has one.
    init(_ request: Fields, _ model: ServedModel) throws(WireError) {
        // What other servers call the same.
        if try request.flag("cache_prompt") == false { sharing = .nobody }
        salt = try request.string("cache_salt") ?? ""
        guard let fields = try request.fields(Self.key) else { return }
        isPresent = true
        others = Set(request.object.keys)
        if let options = request.object["options"]?.objectValue {
            others.formUnion(options.keys.map { "options." + $0 })
        }
        reports = try fields.flag("report") ?? false
        if reports { watch = CacheWatch() }
        if let cache = try fields.string("cache"), let loaded = model.model?.cachePolicy {
            var isLoaded = false
            do throws(MartletError) { isLoaded = try model.model?.isPolicy(cache) ?? false } catch {
                throw .field(fields.path("cache"), got: error.message, expected: "a policy")
            }
            guard isLoaded else {
                throw .unsupported(
                    fields.path("cache"),
                    "the policy \(cache) on a model that was loaded with \(loaded)",
                    instead: "leave it out, or serve the model with --cache '\(cache)'")
            }
        }
        if let codec = try fields.string("kv"), let loaded = model.model?.cacheStorage {
            guard codec == loaded else {
                throw .unsupported(
                    fields.path("kv"),
                    "the codec \(codec) on a model that was loaded with \(loaded)",
                    instead: "leave it out, or serve the model with --kv \(codec)")
            }
        }
        if let seconds = try fields.number("deadline", in: 0.001...86_400) {
            deadline = .seconds(seconds)
        }
        priority = try fields.integer("priority", in: -1000...1000) ?? 0
        if let wanted = try fields.word("sharing", PromptSharing.self) { sharing = wanted }
        pins = try fields.flag("pin") ?? false
        adapter = try fields.string("adapter")
        // The tenant is that of the key: a request cannot name another.
        if let tenant = try fields.string("tenant"), !tenant.isEmpty {
            throw .unsupported(
                fields.path("tenant"), "choosing a tenant",
                instead: "it is that of the key which the request brings")
        }
        if fields["solve"]?.boolValue == false { return }
        if fields["solve"]?.boolValue == true {
            solve = SolveFields()
        } else if let wanted = try fields.fields("solve") {
            solve = SolveFields(
                memory: try wanted.integer("memory", in: 1...Int.max),
                width: try wanted.integer("width", in: 1...4096),
                length: try wanted.integer("length", in: 1...1 << 24),
                aggregation: try wanted.word("aggregation", Aggregation.self))
        }
    }

    /// How the answer is served beside others.
    func service(for tenant: String) -> ServiceOptions {
        var options = ServiceOptions()
        options.priority = priority
        options.tenant = salt.isEmpty ? tenant : tenant + "\u{0}" + salt
        options.sharing = sharing
        options.pinsPrompt = pins
        return options
    }

    /// What an answer says of itself.
    func report(_ responses: [Response], seed: UInt64, of model: Model) -> JSONValue? {
        guard isPresent else { return nil }
        return .present([
            "cache": .string(model.cachePolicy), "kv": .string(model.cacheStorage),
            "lossy": .array(model.lossyMethods.map { .string($0) }),
            "seed": .seed(seed),
            "cache_bytes": .integer(responses.map(\.usage.cacheBytes).max() ?? 0),
            "peak_cache_bytes": .integer(responses.map(\.usage.peakRequestBytes).max() ?? 0),
            "kv_reads": .number(responses.reduce(0) { $0 + $1.usage.kvReads }),
            "bytes_moved": .integer(responses.reduce(0) { $0 + $1.usage.bytesMoved }),
            "peak_tokens": .number(responses.map(\.usage.peakTokens).max() ?? 0),
        ])
    }
}
