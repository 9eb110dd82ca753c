/// Pulling from a hub that does not behave: what is cut, slow, wrong, refused.

import Foundation
import MartletFormats
import Synchronization
import Testing

@testable import MartletHub
@testable import MartletNetwork

@Suite(.serialized) struct FailureTests {
    private static let weights = TestHub.model["model.safetensors"]?.bytes ?? []

    /// Counts calls, so that an answer is bad only a few times.
    private final class Counter: Sendable {
        private let value = Mutex(0)
        func next() -> Int {
            value.withLock { value in
                value += 1
                return value
            }
        }
    }

    @Test func answersThatBreakOffAreContinued() async throws {
        let hub = try TestHub()
        hub.tamper { request, answer in
            if request.path.hasPrefix("/content/") { answer.cutAfter = 20_000 }
        }
        try await hub.pull()
        #expect(hub.pulled("model.safetensors") == Self.weights)
        // No byte came twice.
        #expect(hub.contents.sentBytes == Self.weights.count)
        let ranges = hub.contents.requests.compactMap { $0.range(of: Self.weights.count) }
        #expect(Set(ranges.map(\.lowerBound)).count == ranges.count && ranges.count >= 15)
        // The version that the first answers had is asked for.
        #expect(hub.contents.requests.contains { $0.headers["if-range"] == "\"v1\"" })
    }

    @Test func anotherProcessGoesOn() async throws {
        let hub = try TestHub()
        hub.tamper { request, answer in
            if request.path.hasPrefix("/content/") {
                answer.cutAfter = 30_000
                // Nothing arrives from the second request of a piece on.
                if (request.range(of: 300_000)?.lowerBound ?? 0) % 65_536 != 0 {
                    answer = .error(503)
                }
            }
        }
        guard case .unreachable? = try await hub.failure() else {
            Issue.record("not unreachable")
            return
        }
        let before = hub.contents.sentBytes
        #expect(before >= 30_000 && hub.blobs.contains { $0.hasSuffix(".martlet.incomplete") })
        #expect(hub.pulled("model.safetensors") == nil)
        #expect(!FileManager.default.fileExists(atPath: hub.place("refs/main")))
        hub.tamper { _, _ in }
        let resumed = Mutex(0)
        try await hub.pull { event in
            if case .began(_, _, let bytes) = event { resumed.withLock { $0 += bytes } }
        }
        #expect(hub.pulled("model.safetensors") == Self.weights)
        #expect(resumed.withLock { $0 } >= 30_000)
        #expect(!hub.blobs.contains { $0.contains("incomplete") })
    }

    @Test func exactlyTheMissingBytesAreAskedFor() throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "martlet-part-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "x").path
        func open(_ size: Int = 250, _ piece: Int = 100) throws -> PartialFile {
            try PartialFile(path, size: size, pieceBytes: piece)
        }
        do {
            let file = try open()
            #expect(file.pieceCount == 3 && file.missing(2) == 200..<250 && file.resumedBytes == 0)
            func append(_ count: Int, to piece: Int) throws -> Int {
                try [UInt8](repeating: 7, count: count).withUnsafeBytes {
                    try file.append($0, to: piece)
                }
            }
            #expect(try append(60, to: 1) == 0)
            #expect(try append(60, to: 0) == 60)
            #expect(try append(40, to: 0) == 160)
        }
        do {
            let file = try open()
            #expect(
                file.resumedBytes == 160 && file.missing(0).isEmpty && file.missing(1) == 160..<200)
        }
        // Counts that cannot be are nothing; other pieces are another file.
        var content = try Data(contentsOf: URL(filePath: path))
        content[250 + 24 + 7] = 0xFF
        try content.write(to: URL(filePath: path))
        #expect(try open().resumedBytes == 60)
        #expect(try open(250, 50).resumedBytes == 0)
        #expect(try open(251, 50).resumedBytes == 0)
        try Data([1, 2, 3]).write(to: URL(filePath: path))
        #expect(try open().resumedBytes == 0)
    }

    @Test(arguments: [1, 4]) func partsMayBeRefused(connections: Int) async throws {
        let hub = try TestHub()
        hub.tamper { request, answer in
            guard request.path.hasPrefix("/content/"), answer.status == 206 else { return }
            answer.status = 200
            answer.headers.removeAll { $0.0 == "Content-Range" }
            answer.body = Self.weights
        }
        var options = TestHub.options
        options.connections = connections
        try await hub.pull(options: options)
        #expect(hub.pulled("model.safetensors") == Self.weights)
        #expect(hub.contents.requests.last?.headers["range"] == nil)
    }

    @Test func aPartThatCannotBeIsTheWhole() async throws {
        let hub = try TestHub()
        hub.tamper { request, answer in
            if request.headers["range"] != nil { answer = .error(416) }
        }
        try await hub.pull()
        #expect(hub.pulled("model.safetensors") == Self.weights)
    }

    @Test(arguments: ["bytes 0-9/300000", "bytes 0-65535/400000", "pages 1", nil])
    func otherPartsAreRefused(range: String?) async throws {
        let hub = try TestHub()
        hub.tamper { request, answer in
            guard request.path.hasPrefix("/content/"), answer.status == 206 else { return }
            answer.headers.removeAll { $0.0 == "Content-Range" }
            if let range { answer.headers.append(("Content-Range", range)) }
        }
        guard case .badAnswer? = try await hub.failure() else {
            Issue.record("not refused")
            return
        }
        #expect(hub.pulled("model.safetensors") == nil)
    }

    @Test(arguments: ["/content/", "/config.json"])
    func wrongContentIsTriedOnceMore(path: String) async throws {
        let hub = try TestHub()
        let counter = Counter()
        hub.tamper { request, answer in
            guard request.path.contains(path), request.method == "GET", !answer.body.isEmpty else {
                return
            }
            if counter.next() == 1 { answer.body[3] ^= 1 }
        }
        let damaged = Counter()
        try await hub.pull { if case .damaged = $0 { _ = damaged.next() } }
        #expect(damaged.next() == 2)
        for (name, content) in TestHub.model { #expect(hub.pulled(name) == content.bytes) }
    }

    @Test(arguments: [("/content/", "model.safetensors"), ("/config.json", "config.json")])
    func wrongContentIsNotKept(path: String, file: String) async throws {
        let hub = try TestHub()
        hub.tamper { request, answer in
            guard request.path.contains(path), request.method == "GET", !answer.body.isEmpty else {
                return
            }
            answer.body[3] ^= 1
        }
        let expected = TestHub.model[file]?.etag ?? ""
        guard case .wrongContent(let name, let got, expected)? = try await hub.failure() else {
            Issue.record("not wrong")
            return
        }
        #expect(name == "owner/model/\(file)" && !got.contains(expected))
        #expect(!hub.blobs.contains { $0.hasPrefix(expected) } && hub.pulled(file) == nil)
        #expect(!FileManager.default.fileExists(atPath: hub.place("refs/main")))
    }

    // MARK: Slow and silent

    @Test func whatStallsIsAskedForAgain() async throws {
        let hub = try TestHub()
        let counter = Counter()
        hub.tamper { request, answer in
            if request.path.hasPrefix("/content/"), counter.next() == 1 { answer.stallAfter = 1000 }
        }
        try await hub.pull(environment: ["HF_HUB_DOWNLOAD_TIMEOUT": "0.2"])
        #expect(hub.pulled("model.safetensors") == Self.weights)
        #expect(hub.contents.sentBytes == Self.weights.count)
    }

    @Test func whatIsSlowIsWaitedFor() async throws {
        let hub = try TestHub([
            "config.json": TestHub.small("{}"), "model.safetensors": TestHub.large(1200),
        ])
        hub.tamper { request, answer in
            if request.path.hasPrefix("/content/") { answer.drip = (bytes: 100, seconds: 0.05) }
        }
        // All of it takes twice as long as nothing may.
        try await hub.pull(environment: ["HF_HUB_DOWNLOAD_TIMEOUT": "0.3"])
        #expect(hub.pulled("model.safetensors")?.count == 1200)
        #expect(hub.contents.requests.count == 1)
    }

    @Test func aHubThatSaysNothingIsGivenUp() async throws {
        let hub = try TestHub()
        hub.tamper { _, answer in answer.stallAfter = 0 }
        guard
            case .unreachable(_, let reason)? = try await hub.failure(
                environment: ["HF_HUB_ETAG_TIMEOUT": "0.1"])
        else {
            Issue.record("not unreachable")
            return
        }
        #expect(reason.contains("nothing arrived"))
        #expect(hub.hub.requests.count == 3)
    }

    @Test func aCancelledPullGoesOnLater() async throws {
        let hub = try TestHub()
        hub.tamper { request, answer in
            if request.path.hasPrefix("/content/") { answer.stallAfter = 10_000 }
        }
        let task = Task { try await hub.failure(environment: ["HF_HUB_DOWNLOAD_TIMEOUT": "60"]) }
        while hub.contents.sentBytes < 40_000 { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        #expect(try await task.value == .cancelled)
        hub.tamper { _, _ in }
        try await hub.pull()
        #expect(hub.pulled("model.safetensors") == Self.weights)
    }

    // MARK: Refusals

    @Test func refusalsSayWhatToDo() async throws {
        let hub = try TestHub()
        guard case .repositoryNotFound? = try await hub.failure("owner/none") else {
            Issue.record("found")
            return
        }
        #expect(
            try await hub.failure("owner/model@none")
                == .revisionNotFound(repository: TestHub.name, revision: "none", known: ["main"]))
        hub.require("hf_good")
        #expect(
            try await hub.failure()
                == .repositoryNotFound(
                    repository: TestHub.name, endpoint: hub.hub.address, hasToken: false))
        #expect(
            try await hub.failure(environment: ["HF_TOKEN": "hf_bad"])
                == .repositoryNotFound(
                    repository: TestHub.name, endpoint: hub.hub.address, hasToken: true))
        try await hub.pull(environment: ["HF_TOKEN": "hf_good"])
    }

    @Test(arguments: [401, 403]) func aGatedModelSaysWhereItsLicenceIs(status: Int) async throws {
        let hub = try TestHub()
        hub.tamper { request, answer in
            if request.path.contains("/resolve/") { answer = .error(status, "GatedRepo") }
        }
        let error = try await hub.failure()
        #expect(
            error
                == .gated(
                    repository: TestHub.name, page: "\(hub.hub.address)/owner/model",
                    hasToken: false))
        #expect(error?.description.contains("accept its licence") == true)
    }

    @Test func aFileThatIsNotThereIsRemembered() async throws {
        let hub = try TestHub()
        hub.tamper { request, answer in
            if request.path.hasSuffix("/config.json") { answer = .error(404, "EntryNotFound") }
        }
        guard case .fileNotFound(_, "config.json", _)? = try await hub.failure() else {
            Issue.record("found")
            return
        }
        #expect(
            FileManager.default.fileExists(
                atPath: hub.place(".no_exist/\(TestHub.commit)/config.json")))
    }

    @Test func aHubThatIsBusyIsAskedAgain() async throws {
        let hub = try TestHub()
        let counter = Counter()
        hub.tamper { request, answer in
            switch counter.next() {
            case 1: answer = .error(503)
            case 2:
                answer = .error(429)
                answer.headers.append(("Retry-After", "0"))
            default: break
            }
        }
        try await hub.pull()
        #expect(hub.pulled("model.safetensors") == Self.weights)
        hub.tamper { _, answer in
            answer = .error(429)
            answer.headers.append(("Retry-After", "3600"))
        }
        guard case .rateLimited(_, 3600)? = try await hub.failure("owner/other") else {
            Issue.record("not limited")
            return
        }
    }

    @Test func signedAddressesAreRenewed() async throws {
        let hub = try TestHub()
        let counter = Counter()
        hub.tamper { request, answer in
            if request.path.hasPrefix("/content/"), counter.next() == 2 { answer = .error(403) }
        }
        try await hub.pull()
        #expect(hub.pulled("model.safetensors") == Self.weights)
        #expect(
            hub.hub.requests.count { $0.method == "HEAD" && $0.path.hasSuffix(".safetensors") } == 2
        )
    }

    @Test func aRenamedModelIsFollowed() async throws {
        let hub = try TestHub()
        hub.tamper { request, answer in
            guard request.path.contains("old/model") else { return }
            answer = ServedAnswer(status: 307)
            answer.headers = [
                ("Location", request.path.replacing("old/model", with: "owner/model"))
            ]
        }
        let result = try await hub.pull("old/model", environment: ["HF_TOKEN": "hf_x"])
        #expect(result.files.count == 5)
        #expect(
            hub.hub.requests.filter { $0.path.contains("owner/model") }.allSatisfy {
                $0.headers["authorization"] == "Bearer hf_x"
            })
    }

    /// URLSession reads an address before we do; of these shapes one ends the process on Linux (`docs/lab.md`).
    @Test(arguments: [
        "//[", "?%zz", "http://", "//:99999999/", "ht tp://[bad", "ftp://x/y", "//a b/c", "%", "#",
        ":",
    ]) func addressesThatAreNoneAreRefused(location: String) async throws {
        let hub = try TestHub()
        hub.tamper { request, answer in
            guard request.path.contains("/revision/") else { return }
            answer = ServedAnswer(status: 302, headers: [("Location", location)])
        }
        #expect(try await hub.failure() != nil)
    }

    @Test(arguments: ["owner/model", "/api/models"]) func redirectsEnd(path: String) async throws {
        let hub = try TestHub()
        hub.tamper { request, answer in
            guard request.path.contains(path) else { return }
            answer = ServedAnswer(status: 302, headers: [("Location", request.path)])
        }
        guard case .badAnswer(_, "redirects without an end", _)? = try await hub.failure() else {
            Issue.record("no end")
            return
        }
    }

    @Test func aTokenDoesNotFollowARedirect() async throws {
        let hub = try TestHub()
        let other = try LoopbackServer { _ in .json("{}") }
        hub.tamper { request, answer in
            guard request.path.contains("/revision/") else { return }
            answer = ServedAnswer(status: 302, headers: [("Location", other.address + "/x")])
        }
        _ = try await hub.failure(environment: ["HF_TOKEN": "hf_secret"])
        #expect(other.requests.count == 1 && other.requests[0].headers["authorization"] == nil)
        other.stop()
    }

    @Test(arguments: ["X-Repo-Commit", "ETag"])
    func whatIsNoHubIsSaidToBeNone(header: String) async throws {
        let hub = try TestHub()
        hub.tamper { _, answer in
            answer.headers.removeAll { $0.0 == header || $0.0 == "X-Linked-Etag" }
        }
        guard case .notAHub? = try await hub.failure() else {
            Issue.record("a hub")
            return
        }
    }

    @Test(arguments: ["../evil", "/etc/x", "a/../../b", "a//b", ".", "a\u{1}b"])
    func namesThatLeaveTheFolderAreRefused(name: String) async throws {
        let hub = try TestHub([name: TestHub.small("x"), "config.json": TestHub.small("{}")])
        guard case .badAnswer(_, let got, _)? = try await hub.failure() else {
            Issue.record("not refused")
            return
        }
        #expect(got.contains("a file"))
        #expect(!FileManager.default.fileExists(atPath: hub.place("snapshots")))
    }

    @Test(arguments: ["{", "[]", #"{"sha": "abc"}"#, #"{"sha": 1}"#, ""])
    func otherAnswersAreRefused(text: String) async throws {
        let hub = try TestHub()
        hub.tamper { request, answer in
            if request.path.contains("/revision/") { answer = .json(text) }
        }
        guard case .badAnswer? = try await hub.failure() else {
            Issue.record("not refused")
            return
        }
    }

    @Test func twoHashesAreAContradiction() async throws {
        let hub = try TestHub()
        hub.tamper { request, answer in
            guard request.path.hasSuffix("/config.json"), request.method == "HEAD" else { return }
            answer.headers.removeAll { $0.0 == "ETag" }
            answer.headers.append(("ETag", "\"\(String(repeating: "0", count: 40))\""))
        }
        guard case .badAnswer(_, let got, _)? = try await hub.failure() else {
            Issue.record("not refused")
            return
        }
        #expect(got.contains("the hash 0000"))
    }

    // MARK: The disk

    /// A disk with room for so many bytes.
    private final class SmallDisk: PositionedWriter {
        private let room: Mutex<Int>
        init(_ bytes: Int) { room = Mutex(bytes) }

        func write(
            _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int
        ) -> Int32 {
            let fits = room.withLock { room in
                room -= bytes.count
                return room >= 0
            }
            return fits ? SystemWriter().write(bytes, to: descriptor, at: offset) : ENOSPC
        }
    }

    @Test func aFullDiskIsSaidToBeFull() async throws {
        let hub = try TestHub()
        var options = TestHub.options
        options.writer = SmallDisk(200_000)
        guard case .diskFull(_, let needed, _)? = try await hub.failure(options: options) else {
            Issue.record("not full")
            return
        }
        #expect((1...300_000).contains(needed) && hub.pulled("model.safetensors") == nil)
        let before = hub.contents.sentBytes
        try await hub.pull()
        #expect(hub.pulled("model.safetensors") == Self.weights)
        // What had arrived was kept.
        #expect(hub.contents.sentBytes - before < 300_000)
    }
}
