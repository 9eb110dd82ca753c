// The page that shows a cache over time: true data, and something on the screen.

import Foundation
import MartletFormats
import MartletPictures
import Testing

@testable import Martlet

@Suite struct CacheMapTests {
    private func map() throws -> CacheMap {
        var options = ModelOptions()
        options.cachePolicy = "h2o(budget=24, recent=4)"
        let loaded = try LoadedModel("random:tiny", options: options)
        return try CacheMap(
            loaded, beside: ["dense", "knorm(ratio=0.5) + kv(q8)"],
            prompt: (0..<40).map { Int32($0 * 7 % 256) }, following: [1, 2, 3, 4, 5],
            budgetBytes: nil, command: "martlet </script> \"x\"")
    }

    /// The data in the page is what the caches held.
    @Test func dataIsTrue() throws {
        let map = try map()
        let page = map.html
        let start = try #require(page.range(of: "type=\"application/json\">"))
        let end = try #require(page.range(of: "</script>", range: start.upperBound..<page.endIndex))
        let data = try JSONValue.parse(
            Array(page[start.upperBound..<end.lowerBound].utf8))
        let root = try #require(data.objectValue)
        #expect(root["promptTokens"]?.intValue == 40)
        #expect(root["command"]?.stringValue == "martlet </script> \"x\"")
        let policies = try #require(root["policies"]?.arrayValue)
        #expect(policies.count == 3)
        for (index, policy) in policies.enumerated() {
            let steps = try #require(policy.objectValue?["steps"]?.arrayValue)
            #expect(steps.count == 6)
            #expect(steps.last?.objectValue?["count"]?.intValue == 45)
            let gone = try #require(policy.objectValue?["gone"]?.arrayValue)
            #expect(gone.count == 4)
            for head in gone {
                let held = try #require(head.arrayValue).filter { $0.intValue == -1 }.count
                #expect(held == [24, 45, 25][index])
            }
            #expect(policy.objectValue?["lossy"]?.boolValue == (index != 1))
        }
    }

    /// A browser, where there is one, draws it.
    @Test func aBrowserDrawsIt() throws {
        let names = ["chromium", "chromium-browser", "google-chrome"]
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let browser = folders.flatMap { folder in names.map { "\(folder)/\($0)" } }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let browser else { return }
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("map-\(UUID().uuidString).html")
        defer { try? FileManager.default.removeItem(at: path) }
        try Data(try map().html.utf8).write(to: path)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: browser)
        process.arguments = [
            "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000",
            "--dump-dom", path.absoluteString,
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let drawn = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(drawn.contains("data-rendered=\"true\""))
        #expect(drawn.contains("<canvas"))
        #expect(drawn.contains("h2o(budget=24"))
        // Curves were drawn from the figures, not left blank.
        #expect(drawn.contains("<path") || drawn.contains("<polyline"))
    }
}
