/// How a server behaves, as a value.

/// The settings of one server.
package struct ServerConfiguration: Sendable {
    /// The names that the model is listed by, the first one first; empty for the name that it was loaded by.
    package var names: [String] = []
    /// Words that say what the model is for, listed with it.
    package var tags: [String] = []
    /// Tokens of a prompt and its answer together; nil for what the model has positions for.
    package var contextLength: Int?
    /// The most tokens of any answer; nil for what is left of the context.
    package var maximumTokens: Int?
    /// Divides logits where a request does not say; nil as the model's files advise.
    package var temperature: Float?
    /// The seed where a request does not say; nil draws one.
    package var seed: UInt64?
    /// A chat template in place of the model's.
    package var chatTemplate: String?
    /// Whether models think where a request does not say; nil is the template's own choice.
    package var thinks: Bool?
    /// Keys that requests must bring, with the tenants that they belong to; empty lets everybody in.
    package var keys: [(key: String, tenant: String)] = []
    /// The addresses that it listens at, which are names of it.
    package var hosts: [String] = []
    /// Whether it answers without keys to any name, as other machines may call it.
    package var isOpen = false
    /// Bytes of the largest body that is read.
    package var bodyLimit = 32 << 20
    /// Answers that may be under way or wait together; more are told to come again.
    package var queueLimit = 256
    /// Requests of one key (or, without keys, of all clients) in a minute; nil for any number.
    package var requestsPerMinute: Int?
    /// Sessions that one key may have open.
    package var sessionLimit = 32
    /// How long a session that requests name stays without being named: as long as a connection may, between two requests.
    package var sessionIdle: Duration = .seconds(120)
    /// Origins of web pages that may read answers: `*`, `localhost`, or whole origins; empty for none.
    package var origins: [String] = []
    /// Whether requests may name cache policies and codecs that change results.
    package var allowsLossyForms = false
    /// How long an answer may wait for bytes that others hold.
    package var roomPatience: Duration = .seconds(60)
    /// Whether `/slots` tells what runs.
    package var reportsSlots = true
    /// Sequences of a step, which `/slots` lists.
    package var slots = 4
    /// Whether answers take the form of llama.cpp's server where servers disagree.
    package var isLlamaCompatible = false
    /// Whether each answer tells its prompt, as requests may ask it to.
    package var tellsPrompts = false
    /// Whether the first page may be served.
    package var servesPage = true
    /// The time between two signs of life in a stream.
    package var pingInterval: Duration = .seconds(15)
    /// The time in which answers may end when the server is told to.
    package var gracePeriod: Duration = .seconds(30)

    /// The default settings.
    package init() {}
}

extension ServerConfiguration {
    /// A key with its tenant, of `KEY` or `TENANT:KEY`; the key may have colons itself. Nil where a side is empty, as that of
    /// a variable that is not set.
    ///
    /// - Parameter tenant: whose it is where the text does not say.
    package static func key(
        parsing text: String, tenant: String
    ) -> (key: String, tenant: String)? {
        let sides = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let key = sides.last, sides.allSatisfy({ !$0.isEmpty }) else { return nil }
        return (String(key), sides.count > 1 ? String(sides[0]) : tenant)
    }
}
