/// Computed prompts that outlive the model: found again, checked, bounded.

import Foundation
import MartletEngine
import Testing

@testable import Martlet

@Suite struct PromptFolderTests {
    private static let prompt = String(
        repeating: "A martlet never lands, and so it is drawn without feet. ", count: 12)

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("martlet-prompts-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(path)
    }

    private func files(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
            .filter { $0.hasSuffix(".pages") }
    }

    /// One model's life: what it answers, and what it brought back.
    private func answer(
        _ path: String?, _ prompt: String, bytes: Int = 1 << 30, tenant: String = "",
        change: (inout ModelOptions) -> Void = { _ in }
    ) async throws -> (response: Response, restored: Int) {
        var options = ModelOptions()
        options.threads = 2
        options.cacheCodec = .f16
        change(&options)
        var reuse = PromptReuse()
        reuse.folder = path
        reuse.folderBytes = bytes
        options.promptReuse = reuse
        let loaded = try await LoadedModel.load("random:tiny", options: options)
        let model = try await Model(loaded, budgetBytes: 64 << 20)
        var generation = GenerationOptions()
        generation.maximumTokens = 5
        generation.ignoresEndTokens = true
        generation.logprobs = 1
        generation.service.tenant = tenant
        let response = try await model.makeSession().respond(to: prompt, options: generation)
        let restored = try #require(await model.statistics()).restoredTokens
        await model.shutdown()
        return (response, restored)
    }

    /// Waits for the files that a model writes beside its steps.
    private func settle(_ path: String, _ count: Int) async throws {
        for _ in 0..<500 where files(path).count < count {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(files(path).count == count)
    }

    @Test func theNextProcessGoesOn() async throws {
        try await withFolder { path in
            let plain = try await answer(nil, Self.prompt)
            let first = try await answer(path, Self.prompt)
            #expect(first.restored == 0)
            try await settle(path, 2)
            let second = try await answer(path, Self.prompt)
            #expect(second.restored == 512)
            #expect(second.response.usage.cachedPromptTokens == 512)
            for other in [first, second] {
                #expect(other.response.tokens == plain.response.tokens)
                #expect(other.response.logprobs == plain.response.logprobs)
            }
            // Another owner, another codec, another prompt: nothing of it is theirs.
            let others = [
                try await answer(path, Self.prompt, tenant: "b"),
                try await answer(path, Self.prompt) { $0.cacheCodec = .bf16 },
                try await answer(path, Self.prompt) { $0.seed = 4 },
                try await answer(path, "Else. " + Self.prompt),
            ]
            #expect(others.map(\.restored) == [0, 0, 0, 0])
        }
    }

    /// A file that is damaged, cut short or not there costs its tokens, and nothing else.
    @Test func damageIsComputedAgain() async throws {
        try await withFolder { path in
            let first = try await answer(path, Self.prompt)
            try await settle(path, 2)
            for (round, damage) in ["flip", "cut", "gone"].enumerated() {
                let names = files(path)
                let file = path + "/" + names[round % names.count]
                var bytes = [UInt8](FileManager.default.contents(atPath: file) ?? Data())
                switch damage {
                case "flip": bytes[bytes.count / 2] ^= 1
                case "cut": bytes.removeLast(bytes.count / 3)
                default: break
                }
                if damage == "gone" {
                    try FileManager.default.removeItem(atPath: file)
                } else {
                    try Data(bytes).write(to: URL(fileURLWithPath: file))
                }
                // What a process that was killed leaves.
                try Data([1, 2]).write(to: URL(fileURLWithPath: path + "/.x.pages.1.partial"))
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSinceNow: -7200)],
                    ofItemAtPath: path + "/.x.pages.1.partial")
                let again = try await answer(path, Self.prompt)
                #expect(again.restored < 512)
                #expect(again.response.tokens == first.response.tokens)
                #expect(again.response.logprobs == first.response.logprobs)
                try await settle(path, 2)
                #expect(!FileManager.default.fileExists(atPath: path + "/.x.pages.1.partial"))
            }
        }
    }

    @Test func theLongestUnusedGoFirst() async throws {
        try await withFolder { path in
            _ = try await answer(path, Self.prompt)
            try await settle(path, 2)
            let size = try #require(
                try FileManager.default.attributesOfItem(atPath: path + "/" + files(path)[0])[.size]
                    as? Int)
            let before = Set(files(path))
            _ = try await answer(path, "Other. " + Self.prompt, bytes: 3 * size)
            for _ in 0..<300 where Set(files(path)).subtracting(before).count < 2 {
                try await Task.sleep(for: .milliseconds(10))
            }
            try await Task.sleep(for: .milliseconds(50))
            #expect(files(path).count <= 3)
            #expect(Set(files(path)).subtracting(before).count == 2)
        }
    }

    /// What another process removes is written again, what it is writing is left to it, and waiting waits.
    @Test func twoProcessesShareAFolder() async throws {
        try await withFolder { path in
            let folder = try PrefixFolder(path, maximumBytes: 1 << 20)
            folder.write("a", [1, 2, 3])
            await folder.flush()
            #expect(files(path) == ["a.pages"])
            try FileManager.default.removeItem(atPath: path + "/a.pages")
            #expect(folder.read("a") == nil && !folder.contains("a"))
            folder.write("a", [4])
            await folder.flush()
            #expect(folder.read("a") == [4])
            let partial = path + "/.b.pages.1.partial"
            try Data([1]).write(to: URL(fileURLWithPath: partial))
            _ = try PrefixFolder(path, maximumBytes: 1 << 20)
            #expect(FileManager.default.fileExists(atPath: partial))
        }
    }

    /// A model that is shut down has written what it computed.
    @Test func shutdownWritesWhatIsLeft() async throws {
        try await withFolder { path in
            _ = try await answer(path, Self.prompt)
            #expect(files(path).count == 2)
        }
    }

    /// The traces of weights behind a link change with them, and those of an adapter with its name.
    @Test func whatLinksLeadToIsTraced() async throws {
        try await withFolder { path in
            try FileManager.default.createDirectory(
                atPath: path + "/model", withIntermediateDirectories: true)
            for (name, bytes) in [("one", 10), ("two", 11)] {
                try Data(count: bytes).write(to: URL(fileURLWithPath: path + "/" + name))
            }
            let link = path + "/model/weights"
            func traces(_ target: String, _ name: String = "weights") throws -> [String] {
                try? FileManager.default.removeItem(atPath: link)
                try FileManager.default.createSymbolicLink(
                    atPath: link, withDestinationPath: path + "/" + target)
                return LoadedModel.traces(of: name, at: path + "/model")
            }
            let one = try traces("one")
            let others = [try traces("one"), try traces("two"), try traces("one", "adapter a")]
            #expect(one.count == 1 && others.map { $0 == one } == [true, false, false])
            // The file itself is written anew.
            try Data(count: 12).write(to: URL(fileURLWithPath: path + "/one"))
            #expect(try traces("one") != one)
        }
    }

    @Test func aFolderThatIsNoneIsRefused() async throws {
        try await withFolder { path in
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
            try Data([1]).write(to: URL(fileURLWithPath: path + "/key"))
            await #expect(throws: MartletError.self) { _ = try await answer(path, "a") }
        }
    }
}
