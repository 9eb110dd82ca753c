/// A hub and a network of content on loopback, that answer as the real ones do, and worse when a test wants it.

import Foundation
import MartletFormats
import MartletKernels
import Synchronization

@testable import MartletHub
@testable import MartletNetwork

/// One hub with one repository, the server of its large files, and a cache to pull into.
final class TestHub: Sendable {
    struct Content: Sendable {
        let bytes: [UInt8]
        /// A large file lies on the other server.
        let isLarge: Bool

        var blobID: String {
            SecureDigest.text(
                SecureDigest.of(Array("blob \(bytes.count)\0".utf8) + bytes, .sha1))
        }
        var sha256: String { SecureDigest.text(SecureDigest.of(bytes, .sha256)) }
        /// What the hub calls it.
        var etag: String { isLarge ? sha256 : blobID }
    }

    static let name = "owner/model"
    static let commit = String(repeating: "0123456789", count: 4)
    static let otherCommit = String(repeating: "abcdef0123", count: 4)

    typealias Tamper = @Sendable (ServedRequest, inout ServedAnswer) -> Void

    private struct State {
        var commits: [String: [String: Content]]
        var references = ["main": TestHub.commit]
        var token: String?
        var pageFiles = 1000
        var tamper: Tamper = { _, _ in }
    }

    let folder: URL
    private let state: Mutex<State>
    private let servers: Mutex<[LoopbackServer]> = Mutex([])
    /// The hub.
    var hub: LoopbackServer { servers.withLock { $0[0] } }
    /// Where large files are.
    var contents: LoopbackServer { servers.withLock { $0[1] } }

    init(_ files: [String: Content] = TestHub.model) throws {
        folder = FileManager.default.temporaryDirectory.appending(
            path: "martlet-hub-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        state = Mutex(State(commits: [Self.commit: files]))
        let hub = try LoopbackServer { [weak self] request in
            self?.tampered(request) { $0.answer(request) } ?? .error(500)
        }
        let contents = try LoopbackServer { [weak self] request in
            self?.tampered(request) { $0.content(request) } ?? .error(500)
        }
        servers.withLock { $0 = [hub, contents] }
    }

    deinit {
        for server in servers.withLock({ $0 }) { server.stop() }
        try? FileManager.default.removeItem(at: folder)
    }

    private func tampered(
        _ request: ServedRequest, _ answer: (TestHub) -> ServedAnswer
    ) -> ServedAnswer {
        var answer = answer(self)
        state.withLock { $0.tamper }(request, &answer)
        return answer
    }

    /// Changes answers from now on.
    func tamper(_ tamper: @escaping Tamper) { state.withLock { $0.tamper = tamper } }
    /// Lists so few files on a page.
    func page(_ files: Int) { state.withLock { $0.pageFiles = files } }
    /// Answers only to this token.
    func require(_ token: String) { state.withLock { $0.token = token } }
    /// Adds a commit and names for it.
    func add(_ files: [String: Content], at commit: String, _ names: String...) {
        state.withLock { state in
            state.commits[commit] = files
            for name in names { state.references[name] = commit }
        }
    }

    // MARK: Answers of the hub

    private func answer(_ request: ServedRequest) -> ServedAnswer {
        let state = state.withLock { $0 }
        if let token = state.token, request.headers["authorization"] != "Bearer \(token)" {
            return .error(401, "RepoNotFound")
        }
        let parts = request.path.split(separator: "/").map {
            String($0).removingPercentEncoding ?? ""
        }
        if parts.count == 6, parts[0] == "api", parts[4] == "revision" {
            guard "\(parts[2])/\(parts[3])" == Self.name else { return .error(404, "RepoNotFound") }
            guard
                let commit = state.references[parts[5]]
                    ?? (state.commits[parts[5]] != nil ? parts[5] : nil)
            else { return .error(404, "RevisionNotFound") }
            return .json(
                #"{"id": "\#(Self.name)", "sha": "\#(commit)", "gated": false, "disabled": false}"#)
        }
        if parts.count == 5, parts[4] == "refs" {
            let names = state.references.keys.sorted().map { #"{"name": "\#($0)"}"# }
            return .json(#"{"branches": [\#(names.joined(separator: ","))], "tags": []}"#)
        }
        if parts.count == 6, parts[4] == "tree", let files = state.commits[parts[5]] {
            return tree(files, request, state.pageFiles)
        }
        if parts.count >= 5, parts[2] == "resolve" {
            return resolve(parts, request, state)
        }
        return .error(404)
    }

    private func tree(
        _ files: [String: Content], _ request: ServedRequest, _ count: Int
    ) -> ServedAnswer {
        let cursor = request.query.split(separator: "&").first { $0.hasPrefix("cursor=") }
        let first = cursor.flatMap { Int($0.dropFirst(7)) } ?? 0
        let names = files.keys.sorted()
        var entries = names[min(first, names.count)..<min(first + count, names.count)].map { name in
            let file = files[name] ?? Content(bytes: [], isLarge: false)
            var entry: [JSONObject.Member] = [
                .init(key: "type", value: "file"), .init(key: "path", value: .string(name)),
                .init(key: "size", value: .integer(file.bytes.count)),
                .init(key: "oid", value: .string(file.isLarge ? Self.pointer : file.blobID)),
            ]
            if file.isLarge {
                entry.append(
                    .init(
                        key: "lfs",
                        value: [
                            "oid": .string(file.sha256), "size": .integer(file.bytes.count),
                            "pointerSize": 134,
                        ]))
            }
            return JSONValue.object(JSONObject(entry))
        }
        entries.append([
            "type": "directory", "path": "sub", "size": 0, "oid": .string(Self.pointer),
        ])
        var answer = ServedAnswer(body: JSONValue.array(entries).serialized())
        if first + count < names.count {
            let next = "\(hub.address)\(request.path)?recursive=true&cursor=\(first + count)"
            answer.headers.append(("Link", "<\(next)>; rel=\"next\""))
        }
        return answer
    }

    private static let pointer = String(repeating: "f", count: 40)

    private func resolve(
        _ parts: [String], _ request: ServedRequest, _ state: State
    ) -> ServedAnswer {
        let path = parts[4...].joined(separator: "/")
        let commit = state.references[parts[3]] ?? parts[3]
        guard let file = state.commits[commit]?[path] else { return .error(404, "EntryNotFound") }
        var answer = ServedAnswer(headers: [("X-Repo-Commit", commit)])
        guard file.isLarge else {
            answer.headers.append(("ETag", "\"\(file.etag)\""))
            return Self.part(of: file.bytes, request, answer)
        }
        answer.status = 302
        answer.headers += [
            ("X-Linked-Etag", "\"\(file.etag)\""), ("X-Linked-Size", "\(file.bytes.count)"),
            ("ETag", "W/\"something else\""),
            ("Location", "\(contents.address)/content/\(file.sha256)?Signature=secret"),
        ]
        return answer
    }

    private func content(_ request: ServedRequest) -> ServedAnswer {
        // A signed address refuses a second proof, as the real one does.
        guard request.headers["authorization"] == nil, request.query == "Signature=secret" else {
            return .error(403)
        }
        let hash = request.path.split(separator: "/").last.map(String.init) ?? ""
        let files = state.withLock { $0.commits.values.flatMap(\.values) }
        guard let file = files.first(where: { $0.isLarge && $0.sha256 == hash }) else {
            return .error(404)
        }
        return Self.part(of: file.bytes, request, ServedAnswer(headers: [("ETag", "\"v1\"")]))
    }

    private static func part(
        of bytes: [UInt8], _ request: ServedRequest, _ answer: ServedAnswer
    ) -> ServedAnswer {
        var answer = answer
        answer.body = bytes
        let version = answer.headers.first { $0.0 == "ETag" }?.1
        if let wanted = request.headers["if-range"], wanted != version { return answer }
        guard let range = request.range(of: bytes.count) else { return answer }
        guard range.lowerBound < bytes.count else { return .error(416) }
        answer.status = 206
        answer.body = Array(bytes[range])
        answer.headers.append(
            ("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(bytes.count)"))
        return answer
    }

    // MARK: What it serves

    static func large(_ count: Int, seed: UInt8 = 1) -> Content {
        var value = UInt32(seed) &* 2_654_435_761
        let bytes = (0..<count).map { _ -> UInt8 in
            value = value &* 1_664_525 &+ 1_013_904_223
            return UInt8(value >> 24)
        }
        return Content(bytes: bytes, isLarge: true)
    }

    static func small(_ text: String) -> Content {
        Content(bytes: Array(text.utf8), isLarge: false)
    }

    static let model: [String: Content] = [
        "config.json": small(#"{"model_type": "llama"}"#), "tokenizer.json": small("hello\n"),
        "model.safetensors": large(300_000), "README.md": small(""),
        "chat_templates/x y+é%.jinja": small("x"),
    ]

    // MARK: Pulling from it

    /// Settings for it and for the cache.
    func settings(_ more: [String: String] = [:]) throws -> HubSettings {
        try HubSettings(
            environment: [
                "HF_ENDPOINT": hub.address + "/", "HF_HUB_CACHE": folder.path + "/hub",
                "HF_HUB_DOWNLOAD_TIMEOUT": "20", "HF_HUB_ETAG_TIMEOUT": "20",
            ].merging(more) { _, new in new }, home: folder.path)
    }

    static var options: PullOptions {
        var options = PullOptions()
        options.pieceBytes = 1 << 16
        options.connections = 4
        options.retry.firstDelay = 0.005
        options.lockInterval = 0.01
        return options
    }

    /// Pulls with quick retries and small pieces.
    @discardableResult func pull(
        _ name: String = TestHub.name, _ selection: FileSelection = FileSelection(),
        environment: [String: String] = [:], options: PullOptions = TestHub.options,
        report: @escaping @Sendable (PullEvent) -> Void = { _ in }
    ) async throws -> PullResult {
        try await Pull(settings(environment), http: URLSessionClient(), options: options)
            .run(HubReference(name), selection, report: report)
    }

    /// The error of a pull.
    func failure(
        _ name: String = TestHub.name, _ selection: FileSelection = FileSelection(),
        environment: [String: String] = [:], options: PullOptions = TestHub.options
    ) async throws -> HubError? {
        do {
            try await pull(name, selection, environment: environment, options: options)
            return nil
        } catch let error as HubError { return error }
    }

    /// The cache.
    var cache: HubCache { HubCache(root: folder.path + "/hub") }
    /// A path in the repository's folder.
    func place(_ path: String) -> String { folder.path + "/hub/models--owner--model/" + path }
    /// The bytes of a file of a commit; nil when there is none.
    func pulled(_ path: String, at commit: String = TestHub.commit) -> [UInt8]? {
        FileManager.default.contents(atPath: place("snapshots/\(commit)/\(path)")).map { Array($0) }
    }
    /// Names of content, complete and not.
    var blobs: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: place("blobs"))) ?? []).sorted()
    }
}
