/// The page inside of the program is the page of the folder, and keeps the rules that its safety stands on.

import Foundation
import MartletPage
import Testing

@Suite struct PageFileTests {
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Sources/CMartletPage/Page")

    /// The files of the folder by the paths that they have on a server.
    private static func filesOfFolder() throws -> [String: [UInt8]] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        var files: [String: [UInt8]] = [:]
        for name in names where name.contains(".") {
            let path = name == "index.html" ? "/" : "/" + name
            files[path] = Array(try Data(contentsOf: folder.appending(path: name)))
        }
        return files
    }

    @Test func theProgramHasEveryFileAsItIs() throws {
        let files = try Self.filesOfFolder()
        #expect(files.count > 30)
        #expect(Set(files.keys) == Set(PageFile.all.keys))
        for (path, bytes) in files {
            #expect(
                PageFile.all[path]?.bytes == bytes,
                "\(path) in the program is not that of the folder")
        }
    }

    @Test func headersSayWhatAFileIs() throws {
        let document = try #require(PageFile.all["/"])
        #expect(document.contentType == "text/html; charset=utf-8")
        #expect(PageFile.all["/main.js"]?.contentType == "text/javascript; charset=utf-8")
        #expect(PageFile.all["/icon.svg"]?.contentType == "image/svg+xml")
        #expect(document.headers.contains { $0.name == "content-security-policy" })
        #expect(Set(PageFile.all.values.map(\.tag)).count == PageFile.all.count)
        #expect(PageFile.all["/index.html"] == nil && PageFile.all["/../Package.swift"] == nil)
        #expect(!PageFile.all.values.contains { $0.contentType == "application/octet-stream" })
    }

    /// A browser that learns of modules one after another asks for them one after another.
    @Test func theDocumentNamesEveryModule() throws {
        let document = try #require(PageFile.all["/"])
        let text = String(decoding: document.bytes, as: UTF8.self)
        let named = Set(text.matches(of: /(?:href|src)="([a-z\/]+\.js)"/).map { "/\($0.1)" })
        #expect(named == Set(PageFile.all.keys.filter { $0.hasSuffix(".js") }))
    }

    @Test func nothingIsReadAsHTMLAndNothingComesFromElsewhere() {
        let forbidden = [
            "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
            "createContextualFragment",
            "DOMParser", "setHTML", "eval(", "new Function", " style=\"", " onclick=", "@import",
            "url(",
        ]
        for (path, file) in PageFile.all {
            let text = String(decoding: file.bytes, as: UTF8.self)
            for word in forbidden { #expect(!text.contains(word), "\(path) has \(word)") }
            // SVG's and MathML's names are addresses; nobody fetches them.
            for match in text.matches(of: /https?:\/\/[a-z0-9.]+/) {
                #expect(match.0 == "http://www.w3.org", "\(path) names \(match.0)")
            }
        }
    }

    /// The page is served as it lies, comments included; what grows here is waited for there.
    @Test func thePageStaysSmall() {
        #expect(PageFile.all.values.reduce(0) { $0 + $1.bytes.count } < 230_000)
    }
}
