/// Holds the documents to the repository: links lead somewhere, tables name what there is.

import Foundation
import Testing

@Suite struct DocumentTests {
    /// The Markdown files, by path from the root, with their lines outside of fenced code.
    private static let documents: [(path: String, lines: [String])] = {
        let manager = FileManager.default
        var paths = (try? manager.contentsOfDirectory(atPath: SourceTree.root.path)) ?? []
        for folder in ["Sources", "docs", "tools", "Benchmarks", "recipes"] {
            let names = manager.enumerator(atPath: SourceTree.root.appending(path: folder).path)
            while let name = names?.nextObject() as? String {
                // Environments and build folders hold the documents of others.
                if [".build", "venv", "node_modules"].contains((name as NSString).lastPathComponent)
                {
                    names?.skipDescendants()
                }
                paths.append("\(folder)/\(name)")
            }
        }
        return paths.filter { $0.hasSuffix(".md") }.sorted().map { path in
            var isCode = false
            let lines = ((try? SourceTree.text(path)) ?? "").components(separatedBy: "\n")
            return (
                path,
                lines.map { line in
                    let isFence = line.trimmingCharacters(in: .whitespaces).hasPrefix("```")
                    if isFence { isCode.toggle() }
                    return isCode || isFence ? "" : line
                }
            )
        }
    }()

    @Test func linksLeadSomewhere() throws {
        #expect(Self.documents.count > 8)
        for (path, lines) in Self.documents {
            for (index, line) in lines.enumerated() {
                for link in line.matches(of: /\]\(([^)\s]+)\)/).map({ String($0.1) })
                where !link.contains("://") && !link.hasPrefix("mailto:") {
                    if let complaint = complaint(about: link, in: path) {
                        Issue.record("\(path):\(index + 1): \(complaint)")
                    }
                }
            }
        }
    }

    private func complaint(about link: String, in path: String) -> String? {
        let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let folder = (path as NSString).deletingLastPathComponent
        let target = parts[0].isEmpty ? path : normalised(folder + "/" + parts[0])
        guard FileManager.default.fileExists(atPath: SourceTree.root.appending(path: target).path)
        else { return "\(link) does not exist" }
        guard parts.count == 2, target.hasSuffix(".md") else { return nil }
        let headings = Self.documents.first { $0.path == target }?.lines ?? []
        let anchors = headings.filter { $0.hasPrefix("#") }.map(Self.anchor)
        return anchors.contains(String(parts[1])) ? nil : "\(target) has no heading #\(parts[1])"
    }

    private func normalised(_ path: String) -> String {
        var components: [Substring] = []
        for component in path.split(separator: "/") {
            if component == ".." { _ = components.popLast() } else { components.append(component) }
        }
        return components.filter { $0 != "." }.joined(separator: "/")
    }

    /// The anchor that GitHub gives to a heading.
    private static func anchor(_ heading: String) -> String {
        let title = heading.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).lowercased()
        return String(
            title.compactMap { character in
                if character == " " { return "-" }
                return character.isLetter || character.isNumber || "-_".contains(character)
                    ? character : nil
            })
    }

    /// Paths such as `docs/…` or `Sources/…` in a document's text exist.
    @Test func pathsExist() throws {
        let texts = Self.documents.filter { $0.path != "CHANGELOG.md" }.map {
            (path: $0.path, text: $0.lines.joined(separator: "\n"))
        }
        for (path, text) in texts {
            for found in text.matches(
                of: /`((?:Sources|Tests|docs|tools|recipes|Benchmarks)\/[\w\/.+-]+)`/)
            {
                let file = String(found.1)
                let exists = FileManager.default.fileExists(
                    atPath: SourceTree.root.appending(path: file).path)
                #expect(exists, "\(path) names \(file)")
            }
        }
    }

    @Test func theFrontPageIsShort() throws {
        let lines = try SourceTree.text("README.md").split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 151, "README.md has \(lines.count - 1) lines; 150 are enough")
    }

    @Test func theTestCommandIsOne() throws {
        let command = "swift test --disable-xctest"
        for path in ["README.md", "CONTRIBUTING.md", "AGENTS.md", "Makefile", ".ci/run"] {
            #expect(try SourceTree.text(path).contains(command), "\(path) lacks \(command)")
        }
    }

    @Test func thePolicyTablesAreComplete() throws {
        try expectNames(
            of: House.policyEntries, in: "Sources/Martlet/Martlet.docc/CachePolicies.md")
        // What each touches beside attention.
        try expectNames(of: House.policyEntries, in: "docs/measurements.md")
    }

    @Test func theFamilyTableIsComplete() throws {
        try expectNames(of: House.familyEntries, in: "Sources/Martlet/Martlet.docc/Models.md")
    }

    /// The code spans in the first column of the document's tables begin with exactly the entries' names.
    private func expectNames(of types: [String], in path: String) throws {
        let entries = SourceTree.repository.files.filter { $0.path.hasPrefix("Sources/") }
            .reduce(into: Set<String>()) { names, file in
                for type in types { names.formUnion(NameComparisons.names(of: type, in: file)) }
            }
        let rows = try SourceTree.text(path).split(separator: "\n").filter { $0.hasPrefix("| `") }
        let listed = rows.reduce(into: Set<String>()) { names, row in
            let column = row.split(separator: "|", maxSplits: 1)[0]
            names.formUnion(column.matches(of: /`([\w-]+)/).map { String($0.1) })
        }
        #expect(!entries.isEmpty)
        for name in entries.subtracting(listed).sorted() {
            Issue.record("\(path) does not list \(name)")
        }
        for name in listed.subtracting(entries).sorted() {
            Issue.record("\(path) lists \(name), which does not exist")
        }
    }
}
