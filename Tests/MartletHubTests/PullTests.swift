/// Pulling from a hub that behaves.

import Foundation
import MartletFormats
import Synchronization
import Testing

@testable import MartletHub

@Suite(.serialized) struct PullTests {
    @Test func aModelIsPulled() async throws {
        let hub = try TestHub()
        let result = try await hub.pull(environment: ["HF_TOKEN": "hf_secret"])
        #expect(
            result.commit == TestHub.commit
                && result.path == hub.place("snapshots/\(TestHub.commit)"))
        for (name, content) in TestHub.model {
            #expect(hub.pulled(name) == content.bytes, "\(name)")
        }
        // As git hashes it.
        #expect(hub.blobs.contains("ce013625030ba8dba906f756967f9e9ca394464a"))
        #expect(Set(hub.blobs) == Set(TestHub.model.values.map(\.etag)))
        #expect(
            try String(contentsOfFile: hub.place("refs/main"), encoding: .utf8) == TestHub.commit)
        let link = try FileManager.default.destinationOfSymbolicLink(
            atPath: hub.place("snapshots/\(TestHub.commit)/chat_templates/x y+é%.jinja"))
        #expect(link == "../../../blobs/" + TestHub.small("x").blobID)
        #expect(hub.cache.repository(result.repository).tree(of: TestHub.commit)?.count == 5)
        #expect(FileManager.default.fileExists(atPath: hub.folder.path + "/hub/CACHEDIR.TAG"))
        // The hub is told who asks, and nobody else is.
        #expect(hub.hub.requests.allSatisfy { $0.headers["authorization"] == "Bearer hf_secret" })
        #expect(hub.contents.requests.allSatisfy { $0.headers["authorization"] == nil })
        #expect(hub.contents.sentBytes == 300_000)
    }

    @Test func whatIsHereIsNotAskedForAgain() async throws {
        let hub = try TestHub()
        try await hub.pull()
        let before = hub.hub.requests.count
        try await hub.pull()
        // Only whether the branch has moved.
        #expect(hub.hub.requests.count == before + 1)
        try await hub.pull("owner/model@\(TestHub.commit)")
        #expect(hub.hub.requests.count == before + 1 && hub.contents.sentBytes == 300_000)
    }

    @Test func revisionsShareWhatTheyHaveInCommon() async throws {
        let hub = try TestHub()
        var files = TestHub.model
        files["config.json"] = TestHub.small("{}")
        hub.add(files, at: TestHub.otherCommit, "refs/pr/1", "v1", "feature/x")
        try await hub.pull()
        let result = try await hub.pull("owner/model@refs/pr/1")
        #expect(result.commit == TestHub.otherCommit && hub.contents.sentBytes == 300_000)
        #expect(hub.pulled("config.json", at: TestHub.otherCommit) == Array("{}".utf8))
        #expect(
            try String(contentsOfFile: hub.place("refs/refs/pr/1"), encoding: .utf8)
                == TestHub.otherCommit)
        #expect(
            try hub.cache.model(HubReference("owner/model@refs/pr/1"))
                == hub.place("snapshots/\(TestHub.otherCommit)"))
        #expect(
            try hub.cache.model(HubReference("owner/model"))
                == hub.place("snapshots/\(TestHub.commit)"))
    }

    @Test func aListingMayHavePages() async throws {
        let hub = try TestHub()
        hub.page(2)
        #expect(try await hub.pull().files.count == 5)
        #expect(hub.hub.requests.count { $0.path.contains("/tree/") } == 3)
    }

    @Test func patternsChoose() async throws {
        let hub = try TestHub()
        let result = try await hub.pull(
            TestHub.name, FileSelection(include: ["*.json"], exclude: ["tok*"]))
        #expect(result.files.map(\.path) == ["config.json"] && hub.blobs.count == 1)
        // Others would take a listing as a promise.
        #expect(!FileManager.default.fileExists(atPath: hub.place("trees")))
        #expect(
            try await hub.failure("owner/model/none.gguf")
                == .fileNotFound(repository: TestHub.name, path: "none.gguf", near: []))
        #expect(
            try await hub.failure("owner/model/none.safetensors")
                == .fileNotFound(
                    repository: TestHub.name, path: "none.safetensors", near: ["model.safetensors"])
        )
    }

    @Test func aQuantisationIsAFile() async throws {
        let files = [
            "m-Q4_K_M.gguf": TestHub.large(1000, seed: 1),
            "m-Q8_0.gguf": TestHub.large(2000, seed: 2),
            "m-BF16-00001-of-00002.gguf": TestHub.large(100, seed: 3),
            "m-BF16-00002-of-00002.gguf": TestHub.large(100, seed: 4),
            "mmproj-F16.gguf": TestHub.large(50, seed: 5), "config.json": TestHub.small("{}"),
        ]
        let hub = try TestHub(files)
        let result = try await hub.pull("owner/model:q8_0")
        #expect(result.path == hub.place("snapshots/\(TestHub.commit)/m-Q8_0.gguf"))
        #expect(hub.contents.sentBytes == 2000)
        #expect(try hub.cache.model(HubReference("owner/model")) == result.path)
        #expect(throws: HubError.self) { try hub.cache.model(HubReference("owner/model:Q4_K_M")) }
        try await hub.pull("owner/model:BF16")
        #expect(
            try hub.cache.model(HubReference("owner/model:bf16")).hasSuffix(
                "m-BF16-00001-of-00002.gguf"))
        #expect(
            throws: HubError.ambiguous(
                name: "owner/model", choices: ["owner/model:BF16", "owner/model:Q8_0"])
        ) { try hub.cache.model(HubReference("owner/model")) }
        #expect(
            try await hub.failure("owner/model:Q6_K")
                == .nothingChosen(
                    repository: TestHub.name, wanted: "Q6_K", available: ["BF16", "Q4_K_M", "Q8_0"])
        )
    }

    @Test func withoutLinksFilesAreFiles() async throws {
        let hub = try TestHub()
        try await hub.pull(environment: ["HF_HUB_DISABLE_SYMLINKS": "1"])
        for (name, content) in TestHub.model { #expect(hub.pulled(name) == content.bytes) }
        #expect(hub.blobs.isEmpty)
        try await hub.pull(environment: ["HF_HUB_DISABLE_SYMLINKS": "1"])
        #expect(hub.contents.sentBytes == 300_000)
    }

    // MARK: Without a network

    @Test func offlineNothingIsAsked() async throws {
        let hub = try TestHub()
        let offline = ["HF_HUB_OFFLINE": "1"]
        #expect(
            try await hub.failure(environment: offline)
                == .offline(name: TestHub.name, reason: "it was never pulled"))
        #expect(hub.hub.requests.isEmpty)
        try await hub.pull(TestHub.name, FileSelection(include: ["*.json"]))
        let before = hub.hub.requests.count
        let result = try await hub.pull(
            TestHub.name, FileSelection(include: ["config.json"]), environment: offline)
        #expect(result.isOffline && hub.hub.requests.count == before)
    }

    @Test func whatWasPulledServesWhenTheHubIsAway() async throws {
        let hub = try TestHub()
        try await hub.pull()
        hub.hub.stop()
        let events = Mutex<[PullEvent]>([])
        let result = try await hub.pull { event in events.withLock { $0.append(event) } }
        #expect(result.isOffline && result.commit == TestHub.commit)
        #expect(
            events.withLock { $0 }.contains {
                if case .offline = $0 { true } else { false }
            })
        guard case .unreachable? = try await hub.failure("owner/other") else {
            Issue.record("not unreachable")
            return
        }
    }

    // MARK: Two at once

    @Test func twoPullsDownloadOnce() async throws {
        let hub = try TestHub()
        let results = try await withThrowingTaskGroup(of: PullResult.self) { group in
            for _ in 0..<3 { group.addTask { try await hub.pull() } }
            return try await group.reduce(into: []) { $0.append($1.path) }
        }
        #expect(Set(results).count == 1 && hub.contents.sentBytes == 300_000)
        #expect(hub.pulled("model.safetensors") == TestHub.model["model.safetensors"]?.bytes)
    }

    @Test func aLockIsWaitedFor() async throws {
        let hub = try TestHub()
        let etag = try #require(TestHub.model["model.safetensors"]?.etag)
        let repository = hub.cache.repository(try RepositoryName(TestHub.name))
        let lock = Mutex(try CacheLock.take(repository.lock(etag)))
        #expect(lock.withLock { $0 != nil })
        #expect(try CacheLock.take(repository.lock(etag)) == nil)
        try await hub.pull { event in
            if case .waiting = event { lock.withLock { $0 = nil } }
        }
        #expect(lock.withLock { $0 == nil })
        #expect(hub.pulled("model.safetensors") != nil)
    }

    // MARK: What is here

    @Test func modelsAreListedAndRemoved() async throws {
        let hub = try TestHub()
        var files = TestHub.model
        files["config.json"] = TestHub.small("{}")
        hub.add(files, at: TestHub.otherCommit, "v1")
        try await hub.pull()
        try await hub.pull("owner/model@v1")
        let models = hub.cache.models
        #expect(models.count == 2 && models.allSatisfy { $0.fileCount == 5 })
        let first = try #require(models.first { $0.revisions == ["main"] })
        #expect(first.bytes == TestHub.model.values.reduce(0) { $0 + $1.bytes.count })
        let removal = try hub.cache.remove(HubReference("owner/model@v1"))
        #expect(removal.fileCount == 5 && removal.freedBytes == 2)
        #expect(removal.keptBytes == first.bytes - (TestHub.model["config.json"]?.bytes.count ?? 0))
        #expect(hub.cache.models.map(\.commit) == [TestHub.commit])
        #expect(hub.pulled("model.safetensors") == TestHub.model["model.safetensors"]?.bytes)
        #expect(Set(hub.blobs) == Set(TestHub.model.values.map(\.etag)))
        #expect(!FileManager.default.fileExists(atPath: hub.place("refs/v1")))
        #expect(throws: HubError.self) { try hub.cache.remove(HubReference("owner/model@v1")) }
        #expect(try hub.cache.remove(HubReference("owner/model")).freedBytes == first.bytes)
        #expect(!FileManager.default.fileExists(atPath: hub.place("")))
        #expect(hub.cache.models.isEmpty)
        #expect(throws: HubError.self) { try hub.cache.remove(HubReference("owner/model")) }
    }

    @Test func oneQuantisationIsRemoved() async throws {
        let hub = try TestHub([
            "m-Q4_K_M.gguf": TestHub.large(1000, seed: 1),
            "m-Q8_0.gguf": TestHub.large(2000, seed: 2),
        ])
        try await hub.pull("owner/model:Q4_K_M")
        try await hub.pull("owner/model:Q8_0")
        #expect(hub.cache.models.first?.quantisations == ["Q4_K_M", "Q8_0"])
        #expect(try hub.cache.remove(HubReference("owner/model:Q8_0")).freedBytes == 2000)
        #expect(hub.pulled("m-Q4_K_M.gguf")?.count == 1000 && hub.pulled("m-Q8_0.gguf") == nil)
        #expect(try hub.cache.model(HubReference("owner/model")).hasSuffix("m-Q4_K_M.gguf"))
    }

    @Test func sharedContentStays() async throws {
        let hub = try TestHub()
        try await hub.pull()
        // The hub's own tool may keep content once for all repositories.
        let content = try #require(TestHub.model["model.safetensors"])
        let store = hub.folder.path + "/hub/blobs/aa"
        try FileManager.default.createDirectory(
            atPath: store, withIntermediateDirectories: true)
        try FileManager.default.moveItem(
            atPath: hub.place("blobs/\(content.etag)"), toPath: store + "/shared")
        try FileManager.default.createSymbolicLink(
            atPath: hub.place("blobs/\(content.etag)"), withDestinationPath: "../../blobs/aa/shared"
        )
        #expect(hub.pulled("model.safetensors") == content.bytes)
        try await hub.pull()
        #expect(hub.contents.sentBytes == 300_000)
        let removal = try hub.cache.remove(HubReference("owner/model"))
        #expect(removal.keptBytes == 300_000)
        #expect(FileManager.default.contents(atPath: store + "/shared")?.count == 300_000)
    }

    /// Counts what is written.
    private final class CountingWriter: PositionedWriter {
        let count = Mutex(0)

        func write(
            _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int
        ) -> Int32 {
            count.withLock { $0 += 1 }
            return SystemWriter().write(bytes, to: descriptor, at: offset)
        }
    }

    /// Small parts are written together, and what came before a request ended is written, too.
    @Test func bytesAreWrittenTogether() async throws {
        let path = FileManager.default.temporaryDirectory.path + "/martlet-piece-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let writer = CountingWriter()
        let content = (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 / 251) }
        let file = try PartialFile(path, size: content.count, pieceBytes: 1 << 24, writer: writer)
        let hash = FollowingHash(file, isLarge: true)
        let receiver = PieceReceiver(
            0, of: file, url: "here", hash: hash, progress: PullProgress())
        try receiver.begin(HTTPHead(status: 200, headers: []))
        for start in stride(from: 0, to: content.count, by: 16_384) {
            try content[start..<min(content.count, start + 16_384)].withUnsafeBytes {
                try receiver.receive($0)
            }
            if start == 16_384 {
                try receiver.flush()
                #expect(file.receivedBytes == 32_768)
            }
        }
        // A mark, then four parts with their counts.
        #expect(file.missing(0).isEmpty && writer.count.withLock { $0 } == 9)
        #expect(try await hash.digest() == TestHub.Content(bytes: content, isLarge: true).sha256)
    }
}
