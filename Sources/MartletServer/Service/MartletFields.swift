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
    /// When the request was read. What it waits for a model, for room or for what is compiled counts from here.
    var arrival = ContinuousClock.now
    /// When the answer ends at the latest: so long after the request was read as it may take.
    var deadline: ContinuousClock.Instant?
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
    /// The policy and the codec that the answer is computed under; nil for those that the model was loaded with.
    var form: CacheForm?
    /// The most bytes of cache that the answer may hold; nil for what the server has.
    var maximumBytes: Int?
    /// The session whose text is sent with the request.
    var session: String?
    /// A search by chains that vote; nil for a plain answer.
    var solve: SolveFields?

    /// The fields of the request beside the object, by their paths.
    var others: Set<String> = []

    /// Whether the answer's chunks tell what the cache holds, or how the search goes.
    var reports = false
    /// Where glances at the cache are left; nil where nobody asked for them.
    var watch: CacheWatch?
    /// Where a search leaves its state; nil where nobody asked for it.
    var search: SearchWatch?

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

    /// Reads the object.
    init(_ request: Fields, _ model: ServedModel) throws(WireError) {
        arrival = request.start
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
        form = try Self.form(fields, model)
        maximumBytes = try fields.integer("bytes", in: 1...Int.max)
        if let seconds = try fields.number(Self.deadlineKey, in: Self.deadlines) {
            deadline = arrival + .seconds(seconds)
        }
        priority = try fields.integer("priority", in: Self.leastPriority...Self.mostPriority) ?? 0
        if let wanted = try fields.word("sharing", PromptSharing.self) { sharing = wanted }
        pins = try fields.flag("pin") ?? false
        adapter = try fields.string("adapter")
        session = try fields.string("session")
        // The tenant is that of the key: a request cannot name another.
        if let tenant = try fields.string("tenant"), !tenant.isEmpty {
            throw .unsupported(
                fields.path("tenant"), "choosing a tenant",
                instead: "it is that of the key which the request brings")
        }
        if let asked = fields["solve"]?.boolValue {
            solve = asked ? SolveFields() : nil
        } else if let wanted = try fields.fields("solve") {
            solve = SolveFields(
                memory: try wanted.integer("memory", in: 1...Int.max),
                width: try wanted.integer("width", in: 1...4096),
                length: try wanted.integer("length", in: 1...1 << 24),
                aggregation: try wanted.word("aggregation", Aggregation.self))
        }
        guard reports else { return }
        if solve == nil { watch = CacheWatch() } else { search = SearchWatch() }
    }

    /// The form that the request names: any that changes no result, and others where the server allows them.
    private static func form(
        _ fields: Fields, _ model: ServedModel
    ) throws(WireError) -> CacheForm? {
        let policy = try fields.string("cache")
        let codec = try fields.string("kv")
        guard policy != nil || codec != nil, let loaded = model.model else { return nil }
        let form: CacheForm
        let own: CacheForm
        do throws(MartletError) {
            own = try loaded.form()
            form = try loaded.form(policy: policy, codec: codec)
        } catch {
            let isCodec = error.subject == LoadedModel.codecSubject
            throw .field(
                fields.path(isCodec ? "kv" : "cache"), got: error.message,
                expected: isCodec ? "a codec" : "a policy")
        }
        guard form.id != own.id else { return nil }
        guard form.isExact || model.allowsLossyForms else {
            let key = policy == nil || form.policy == own.policy ? "kv" : "cache"
            throw .unsupported(
                fields.path(key),
                "\(form.policy) in \(form.storage), which can change answers, on a server that serves "
                    + "\(own.policy) in \(own.storage) and does not allow it",
                instead: "leave it out, or start the server with --allow-lossy")
        }
        return form
    }

    private static let deadlineKey = "deadline"
    private static let deadlines = 0.001...86_400

    /// What is left of the time that the answer to a request may take, before its fields are read one by one; nil where it
    /// may take any, or says something that is refused later.
    static func timeLeft(of request: Fields) -> Duration? {
        let own = request.object[key]?.objectValue
        guard let seconds = own?[deadlineKey]?.doubleValue, deadlines.contains(seconds) else {
            return nil
        }
        return .seconds(seconds) - request.start.duration(to: .now)
    }

    /// What is left of the time that the answer may take; nil for any time.
    var timeLeft: Duration? {
        deadline.map { max(.zero, ContinuousClock.now.duration(to: $0)) }
    }

    /// The least urgent that a request may call itself.
    static let leastPriority = -1000
    /// The most urgent.
    private static let mostPriority = 1000

    /// The path of the first of these fields that the request has, be it in Ollama's options; nil where it has none. Known
    /// only where ``isPresent``.
    func asked(among names: [String]) -> String? {
        (names + names.map { "options." + $0 }).first(where: others.contains)
    }

    /// Whether the request has one of these fields.
    func asks(for names: [String]) -> Bool { asked(among: names) != nil }

    /// How the answer is served beside others. What nobody waits for comes after all that somebody does.
    func service(for exchange: Exchange) -> ServiceOptions {
        var options = service(for: exchange.tenant)
        if exchange.background != nil {
            options.priority += Self.leastPriority - Self.mostPriority - 1
            options.isBackground = true
        }
        return options
    }

    /// How something is served for a tenant.
    func service(for tenant: String) -> ServiceOptions {
        var options = ServiceOptions()
        options.priority = priority
        options.tenant = salt.isEmpty ? tenant : tenant + "\u{0}" + salt
        options.sharing = sharing
        options.pinsPrompt = pins
        options.arrival = arrival
        return options
    }

    /// What an answer says of itself.
    func report(_ responses: [Response], seed: UInt64, of model: Model) -> JSONValue? {
        guard isPresent else { return nil }
        let usage = responses.map(\.usage)
        func greatest(_ count: (Usage) -> Int) -> JSONValue {
            .integer(usage.map(count).max() ?? 0)
        }
        // Not in the literal below: the compiler took 15 seconds for it.
        let lossy = form?.lossyMethods ?? model.lossyMethods
        let reads: Double = usage.reduce(0) { $0 + $1.kvReads }
        let moved: Int = usage.reduce(0) { $0 + $1.bytesMoved }
        let peak: Double = usage.map(\.peakTokens).max() ?? 0
        return .present([
            "cache": .string(form?.policy ?? model.cachePolicy),
            "kv": .string(form?.storage ?? model.cacheStorage),
            "lossy": .array(lossy.map { .string($0) }),
            "seed": .seed(seed),
            "cache_bytes": greatest(\.cacheBytes),
            "peak_cache_bytes": greatest(\.peakRequestBytes),
            "kv_reads": .number(reads),
            "bytes_moved": .integer(moved),
            "peak_tokens": .number(peak),
            "demoted_tokens": greatest(\.demotedTokens),
        ])
    }
}
