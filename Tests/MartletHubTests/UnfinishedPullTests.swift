// What is said and done about a pull that began and did not end.

import Foundation
import MartletFormats
import Testing

@testable import MartletHub

@Suite struct UnfinishedPullTests {
    private static func withCache(_ body: (HubCache) throws -> Void) throws {
        let root = FileManager.default.temporaryDirectory.path + "/martlet-hub-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: root) }
        let blobs = root + "/models--owner--begun/blobs"
        try FileManager.default.createDirectory(atPath: blobs, withIntermediateDirectories: true)
        try Data([1, 2, 3]).write(to: URL(filePath: blobs + "/abc.martlet.incomplete"))
        try FileSystem.createDirectory(root + "/.locks/models--owner--begun")
        try body(HubCache(root: root))
    }

    /// It is no model yet, and not one that is offered instead of another.
    @Test func itIsNoModel() throws {
        try Self.withCache { cache in
            #expect(throws: HubError.incomplete(name: "owner/begun", missing: "files")) {
                _ = try cache.model(try HubReference("owner/begun"))
            }
            #expect(throws: HubError.notPulled(name: "owner/other", available: [])) {
                _ = try cache.model(try HubReference("owner/other"))
            }
        }
    }

    /// Nothing is taken from under a process that downloads it.
    @Test func itIsRemovedUnlessSomebodyIsAtIt() throws {
        try Self.withCache { cache in
            let name = try HubReference("owner/begun")
            let lock = try CacheLock.take(cache.repository(name.repository).lock("abc"))
            let held = try #require(lock)
            withExtendedLifetime(held) {
                _ = #expect(throws: HubError.busy(name: "owner/begun")) {
                    _ = try cache.remove(name)
                }
            }
        }
        try Self.withCache { cache in
            let name = try HubReference("owner/begun")
            let removal = try cache.remove(name)
            #expect(removal.fileCount == 0 && removal.freedBytes == 3)
            #expect(!cache.has(name.repository))
            #expect(throws: HubError.nothingToRemove(name: "owner/begun", available: [])) {
                try cache.remove(name)
            }
        }
    }

    /// A quantisation that is not here is refused with those that are.
    @Test func whatIsHereIsNamed() throws {
        try Self.withCache { cache in
            let snapshot =
                cache.root + "/models--owner--quant/snapshots/" + String(repeating: "a", count: 40)
            try FileManager.default.createDirectory(
                atPath: snapshot, withIntermediateDirectories: true)
            try Data([1]).write(to: URL(filePath: snapshot + "/model-Q4_K_M.gguf"))
            #expect(
                throws: HubError.nothingToRemove(name: "owner/quant:Q8_0", available: ["Q4_K_M"])
            ) { try cache.remove(try HubReference("owner/quant:Q8_0")) }
            let sentence = "\(HubError.nothingToRemove(name: "a/b:Q8_0", available: ["Q4_K_M"]))"
            #expect(sentence.contains("there is Q4_K_M") && !sentence.contains("pull"))
            #expect(HubCache.pulledName(ofPath: snapshot + "/config.json") == "owner/quant")
        }
        #expect(HubCache.pulledName(ofPath: "/models/snapshots/x") == nil)
        #expect(HubCache.pulledName(ofPath: "snapshots/x") == nil)
    }

    @Test func adviceFitsWhatThereIs() {
        func sentence(_ available: [String]) -> String {
            "\(HubError.nothingChosen(repository: "a/b", wanted: "Q4_K_M", available: available))"
        }
        #expect(sentence([]).contains("pull without it") && !sentence([]).contains("one of these"))
        #expect(sentence(["Q8_0"]).contains("it has Q8_0): choose one of these"))
    }
}
