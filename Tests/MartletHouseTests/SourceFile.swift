/// A Swift file of the repository: where it lies, and what its tokens say.

import Foundation

struct SourceFile {
    /// From the root of the repository, such as `Sources/Martlet/Model.swift`.
    let path: String
    let tokens: [SwiftToken]
    /// The types declared outside of every other declaration.
    let types: Set<String>
    /// Every type declared, the nested ones included.
    let allTypes: Set<String>
    /// The modules imported, each with its line.
    let imports: [(module: String, line: Int)]

    init(path: String, source: String) {
        self.path = path
        tokens = SwiftScanner.tokens(of: source)
        (types, allTypes, imports) = Self.declarations(tokens)
    }

    /// The folder under `Sources` or `Tests`.
    var target: String { component(1) }

    /// The folder inside the target in which the file lies at any depth; nil at the target's root.
    var room: String? {
        path.split(separator: "/").count > 3 ? component(2) : nil
    }

    private func component(_ index: Int) -> String {
        let components = path.split(separator: "/")
        return index < components.count ? String(components[index]) : ""
    }

    private static let declarators: Set<String> = [
        "struct", "class", "enum", "protocol", "actor", "typealias",
    ]

    private static func declarations(
        _ tokens: [SwiftToken]
    ) -> (Set<String>, Set<String>, [(module: String, line: Int)]) {
        var types: Set<String> = []
        var all: Set<String> = []
        var imports: [(module: String, line: Int)] = []
        var depth = 0
        for (index, token) in tokens.enumerated() {
            if token.isMark("{") { depth += 1 }
            if token.isMark("}") { depth -= 1 }
            guard let word = token.word, index + 1 < tokens.count,
                let next = tokens[index + 1].word
            else { continue }
            if word == "import", depth == 0 {
                // `import struct Foundation.Data` names its kind first.
                let kinds = declarators.union(["func", "let", "var"])
                let place = kinds.contains(next) ? index + 2 : index + 1
                if place < tokens.count, let module = tokens[place].word {
                    imports.append((module, token.line))
                }
            } else if declarators.contains(word), next.first?.isUppercase == true,
                index == 0 || tokens[index - 1].word != "import"
            {
                all.insert(next)
                if depth == 0 { types.insert(next) }
            }
        }
        return (types, all, imports)
    }
}

/// The Swift files of `Sources` and `Tests`.
struct SourceTree {
    let files: [SourceFile]

    /// The repository, found from this file.
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Read once for all tests.
    static let repository = SourceTree(root: root)

    init(files: [SourceFile]) { self.files = files }

    init(root: URL) {
        var files: [SourceFile] = []
        for folder in ["Sources", "Tests"] {
            let names = FileManager.default.enumerator(atPath: root.appending(path: folder).path)
            while let name = names?.nextObject() as? String {
                guard name.hasSuffix(".swift"),
                    let source = try? String(
                        contentsOf: root.appending(path: "\(folder)/\(name)"), encoding: .utf8)
                else { continue }
                files.append(SourceFile(path: "\(folder)/\(name)", source: source))
            }
        }
        self.files = files.sorted { $0.path < $1.path }
    }

    /// The files of a target under `Sources`.
    func files(of target: String) -> [SourceFile] {
        files.filter { $0.path.hasPrefix("Sources/\(target)/") }
    }

    /// The targets under `Sources` that have Swift files.
    var targets: [String] {
        Set(files.filter { $0.path.hasPrefix("Sources/") }.map(\.target)).sorted()
    }

    /// The text of a file of the repository, at a path from its root.
    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
}
