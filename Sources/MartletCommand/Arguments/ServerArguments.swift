/// How a server behaves, from the command line.

import ArgumentParser
import Foundation
import Martlet
import MartletServer

/// Where a server listens, and whom it lets in.
struct ServerArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Addresses to listen at, with commas between them. Others than this machine's own need --api-key, or "
                + "--open to let everybody in.",
            valueName: "address"))
    var host = "127.0.0.1"

    @Option(help: "The port; 0 lets the system choose one.")
    var port = 8080

    @Flag(help: "Let everybody in from other machines, without keys.")
    var open = false

    @Option(
        name: .customLong("api-key"),
        help: ArgumentHelp(
            "A key that requests must bring, or TENANT:KEY; may be repeated. MARTLET_API_KEY is one too.",
            valueName: "key"))
    var apiKeys: [String] = []

    @Option(help: "A file with a key, or TENANT:KEY, on each line.")
    var apiKeyFile: String?

    @Option(
        help: ArgumentHelp(
            "A certificate, with those that lead to a known one behind it, in PEM: connections are TLS. Needs --tls-key, and "
                + "a build with --traits TLS.",
            valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The certificate's key, in PEM.", valueName: "file"))
    var tlsKey: String?

    @Option(
        name: .customLong("origin"),
        help: ArgumentHelp(
            "An origin whose pages may ask and read answers: https://example.org, localhost for this machine, or *; "
                + "may be repeated. Default: none.",
            valueName: "origin"))
    var origins: [String] = []

    @Option(
        name: .customLong("name"),
        help:
            "A name that the model is listed by; may be repeated. Default: the name it is loaded by."
    )
    var names: [String] = []

    @Option(
        name: .customLong("tag"), help: "A word that is listed with the model; may be repeated.")
    var tags: [String] = []

    @OptionGroup var answering: AnsweringArguments

    @Option(
        name: .customLong("models"),
        help: ArgumentHelp(
            "A folder whose models are served too: folders with a config.json, and GGUF files; may be repeated.",
            valueName: "folder"))
    var folders: [String] = []

    @Option(
        name: .customLong("keep"),
        help: ArgumentHelp(
            "Of several models, one that is loaded at the start and stays; may be repeated.",
            valueName: "name"))
    var kept: [String] = []

    @Option(
        help: ArgumentHelp(
            "Bytes of cache of each of several models. Default: an eighth of --memory.",
            valueName: "bytes"),
        transform: ByteCount.init(parsing:))
    var modelCache: ByteCount?

    @Option(
        help:
            "Contexts that the cache of one model has room for, where --memory does not say. Default: 4."
    )
    var slots: Int?

    @Flag(
        help: ArgumentHelp(
            "Let requests name cache policies and codecs that change answers (martlet.cache, martlet.kv). Default: the "
                + "loaded ones, and those that change nothing.")
    )
    var allowLossy = false

    @Option(
        help: ArgumentHelp(
            "Bytes of the largest request. Default: 32MiB.", valueName: "bytes"),
        transform: ByteCount.init(parsing:))
    var bodyLimit: ByteCount?

    @Option(help: "Answers that may be under way or wait; more are told to come again.")
    var queueLimit = 256

    @Option(help: "Requests of one key in a minute. Default: any number.")
    var rateLimit: Int?

    @Option(help: "Seconds in which answers may end when the server is told to.")
    var grace = 30.0

    @Flag(help: "Leave out the page at /.")
    var noPage = false

    @Flag(help: "Do not tell at /slots what runs.")
    var noSlots = false

    @Flag(help: "Tell the prompt in each answer of chat completions (__verbose).")
    var tellPrompts = false

    @Flag(help: "Answer as llama.cpp's server does where servers disagree.")
    var llamaCompatible = false

    @Option(
        help: ArgumentHelp(
            "Whether models think where a request does not say.", valueName: "on|off|auto"))
    var thinking = Thinking.auto

    /// Whether models think.
    enum Thinking: String, ExpressibleByArgument, CaseIterable { case on, off, auto }

    func validate() throws {
        guard (0...65_535).contains(port) else {
            throw ValidationError("--port is \(port), expected 0 to 65535.")
        }
        for (name, value) in [
            ("--slots", slots),
            ("--queue-limit", queueLimit), ("--rate-limit", rateLimit),
        ] {
            if let value, value < 1 {
                throw ValidationError("\(name) is \(value), expected at least 1.")
            }
        }
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key belong together; give both.")
        }
        guard (0...86_400).contains(grace) else {
            throw ValidationError("--grace is \(grace), expected 0 to 86400.")
        }
    }

    /// The addresses.
    var hosts: [String] {
        host.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// TLS where a certificate is given. Throws for files that cannot be used, and in a build without TLS.
    func transportSecurity() throws(MartletError) -> TransportSecurity? {
        guard let tlsCertificate, let tlsKey else { return nil }
        return try TransportSecurity(certificate: tlsCertificate, key: tlsKey)
    }

    /// The settings. Throws for files that cannot be read, and for a server that would let strangers in by mistake.
    func configuration(seed: UInt64?) throws -> ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.names = names
        configuration.tags = tags
        try answering.apply(to: &configuration)
        configuration.seed = seed
        configuration.thinks = thinking == .auto ? nil : thinking == .on
        configuration.keys = try keys()
        configuration.origins = origins
        configuration.hosts = hosts
        configuration.isOpen = open
        if let bodyLimit { configuration.bodyLimit = bodyLimit.bytes }
        configuration.queueLimit = queueLimit
        configuration.requestsPerMinute = rateLimit
        configuration.allowsLossyForms = allowLossy
        if let slots { configuration.slots = slots }
        configuration.reportsSlots = !noSlots
        configuration.servesPage = !noPage
        configuration.isLlamaCompatible = llamaCompatible
        configuration.tellsPrompts = tellPrompts
        configuration.gracePeriod = .seconds(grace)
        let isLocal = hosts.allSatisfy { ["127.0.0.1", "::1", "[::1]", "localhost"].contains($0) }
        guard isLocal || open || !configuration.keys.isEmpty else {
            throw ValidationError(
                "--host \(host) lets other machines in; give --api-key, or --open to let everybody in."
            )
        }
        return configuration
    }

    private func keys() throws -> [(key: String, tenant: String)] {
        var texts = apiKeys
        if let key = ProcessInfo.processInfo.environment["MARTLET_API_KEY"] { texts.append(key) }
        if let apiKeyFile {
            let text = String(decoding: try TextFile.read(apiKeyFile), as: UTF8.self)
            texts += text.split(whereSeparator: \.isNewline).map {
                $0.trimmingCharacters(in: .whitespaces)
            }.filter { !$0.isEmpty }
        }
        // Each key without a name is a tenant of its own: what was computed for one serves no other.
        return try texts.enumerated().map { index, text in
            guard let key = ServerConfiguration.key(parsing: text, tenant: "key \(index + 1)")
            else {
                throw ValidationError(
                    "--api-key is empty, or one side of its colon is, expected a key or TENANT:KEY."
                )
            }
            return key
        }
    }

    /// ChatML for models that know no other: each message between `<|im_start|>ROLE` and `<|im_end|>`.
    static let chatML =
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + "
        + "'<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"

    /// The chat template that an option names.
    static func template(_ text: String) throws -> String {
        if text == "chatml" { return chatML }
        guard FileManager.default.fileExists(atPath: text) else {
            guard text.contains("{") || text.contains(" ") else {
                throw ValidationError(
                    "--chat-template: there is no file \(text), expected a file, chatml, or the text of a template."
                )
            }
            return text
        }
        return String(decoding: try TextFile.read(text), as: UTF8.self)
    }
}
