/// The scanner behind `RoomTests`, on small pieces of source.

import Testing

@Suite struct ScannerTests {
    private func words(_ source: String) -> [String] {
        SwiftScanner.tokens(of: source).compactMap(\.word)
    }

    private func texts(_ source: String) -> [String] {
        SwiftScanner.tokens(of: source).compactMap(\.text)
    }

    @Test func commentsAreNoCode() {
        #expect(
            words(
                """
                let a // KVCache "x"
                /// KVCache
                /* KVCache /* nested */ KVCache */ let b
                """) == ["let", "a", "let", "b"])
        #expect(SwiftScanner.tokens(of: "\n/* \n */ a").map(\.line) == [3])
        #expect(texts(#"x /* "no" */ + "yes" // "no""#) == ["yes"])
    }

    @Test func textsAreNoCode() {
        #expect(words(##"f("KVCache // \" KVCache", #"KVCache " \(no)"#)"##) == ["f"])
        #expect(texts(##"f("a \" b", #"c " \(d)"#)"##) == [#"a \" b"#, #"c " \(d)"#])
        let long = "let a = \"\"\"\n    KVCache \"x\"\n    \"\"\"\nlet b"
        #expect(words(long) == ["let", "a", "let", "b"])
        #expect(SwiftScanner.tokens(of: long).last?.line == 4)
    }

    @Test func interpolationsAreCode() {
        #expect(
            words(#"f("a \(g(KVCache.self, "b \(h)")) c") i"#) == [
                "f", "g", "KVCache", "self", "h", "i",
            ])
        #expect(texts(#""a \(b == "c") d""#) == [#"a \() d"#, "c"])
        #expect(words(##"#"\#(one) \(two)"#"##) == ["one"])
    }

    @Test func regularExpressionsAreNoCode() {
        #expect(words(#"a.wholeMatch(of: /"{ \/ KVCache/) b"#) == ["a", "wholeMatch", "of", "b"])
        #expect(words("a = b / c + d / e") == ["a", "b", "c", "d", "e"])
    }

    /// A text or an expression that was read wrongly leaves a bracket open.
    @Test func bracketsOfEveryFileBalance() {
        #expect(SourceTree.repository.files.count > 500)
        for file in SourceTree.repository.files {
            for (open, close) in ["()", "[]", "{}"].map({ ($0.first, $0.last) }) {
                var depth = 0
                for case .mark(let mark) in file.tokens.map(\.kind) {
                    if mark == open { depth += 1 }
                    if mark == close { depth -= 1 }
                }
                #expect(depth == 0, "\(file.path): \(depth) more brackets are opened than closed")
            }
        }
    }

    @Test func declarationsAndImports() {
        let file = SourceFile(
            path: "Sources/House/Room/Cupboard/File.swift",
            source: """
                public import Martlet
                @testable import struct MartletModels.Step
                struct Outer { enum Inner {} ; class func make() {} }
                private typealias Short = Outer
                extension String { protocol Hidden {} }
                """)
        #expect(file.types == ["Outer", "Short"])
        #expect(file.allTypes == ["Outer", "Short", "Inner", "Hidden"])
        #expect(file.imports.map(\.module) == ["Martlet", "MartletModels"])
        #expect(file.imports.map(\.line) == [1, 2])
        #expect(file.target == "House")
        #expect(file.room == "Room")
        #expect(SourceFile(path: "Sources/House/File.swift", source: "").room == nil)
    }

    @Test func filesUseFilesByTheTypesThatOneDeclares() {
        let files = [
            SourceFile(path: "Sources/H/A/One.swift", source: "struct One { let two: Two }"),
            SourceFile(path: "Sources/H/B/Two.swift", source: "struct Two {}\n\nextension One {}"),
            SourceFile(path: "Sources/H/B/Twin.swift", source: "struct Twin { struct One {} }"),
            SourceFile(path: "Sources/H/A/Twin.swift", source: "enum Twin {} // Two"),
            SourceFile(path: "Sources/H/C/Last.swift", source: "let last: Twin? = f(Two.self)"),
        ]
        let graph = TypeGraph(files)
        #expect(
            graph.uses.map { "\($0.from.path):\($0.line) \($0.type)" } == [
                "Sources/H/A/One.swift:1 Two", "Sources/H/B/Two.swift:3 One",
                "Sources/H/C/Last.swift:1 Two",
            ])
        #expect(graph.largestCircle == ["Sources/H/A/One.swift", "Sources/H/B/Two.swift"])
        #expect(
            Set(graph.usesBetweenRooms.keys) == [Edge("A", "B"), Edge("B", "A"), Edge("C", "B")])
    }

    @Test func circlesAreFound() {
        #expect(circles([Edge("a", "b"), Edge("b", "c"), Edge("a", "c")]).isEmpty)
        #expect(
            circles([
                Edge("a", "b"), Edge("b", "c"), Edge("c", "a"), Edge("c", "d"), Edge("d", "e"),
                Edge("e", "d"),
            ]) == [["a", "b", "c"], ["d", "e"]])
    }

    @Test func namesAreReadFromTheirEntries() {
        func names(_ source: String) -> Set<String> {
            NameComparisons.names(
                of: "Entry", in: SourceFile(path: "Sources/H/File.swift", source: source))
        }
        #expect(names(#"let a = Entry(name: "snapkv", summary: "what is read")"#) == ["snapkv"])
        #expect(names(#"[Entry("llama", "Llama"), Entry("gpt2", "GPT2")]"#) == ["llama", "gpt2"])
        #expect(names(#"let a: Entry = .keeping("tova", "newest")"#) == ["tova"])
        #expect(
            names(
                """
                extension Entry {
                    static let one = keeping("h2o", "heavy")
                    static func make() { let local = text("no") }
                    static let two = Entry(
                        // "no"
                        name: "dms", parameters: [Parameter(name: "window")])
                }
                let other = text("no")
                """) == ["h2o", "dms"])
        #expect(names(#"func f(_ entries: [Entry]) -> String { "no" }"#) == [])
    }

    @Test func manifestsAreRead() {
        let source = """
            products: [.library(name: "A", targets: ["A"])], targets: [
                .target(name: "A"),
                .testTarget(
                    name: "B", dependencies: ["A", .product(name: "P", package: "p"), "C"],
                    exclude: ["Goldens"]),
                .executableTarget(name: "C", dependencies: [], resources: [.copy("Files")]),
            ]
            """
        #expect(Manifest.dependencies(in: source) == ["A": [], "B": ["A", "C"], "C": []])
    }

    @Test(arguments: [
        #"if name == "dms" {}"#, #"if "dms" != name {}"#, #"name.hasPrefix("dms")"#,
        #"name.hasPrefix("dms(")"#, #"switch name { case "dms": 1 }"#,
        #"switch name { case "other", "dms" where yes: 1 }"#, #"if case "dms" = name {}"#,
        #"switch pair { case (1, "dms"): 1 }"#, #"#expect(entry.name == "dms")"#,
        #""text \(name == "dms" ? 1 : 2)""#, #"guard case .some("dms") = name else {}"#,
    ])
    func comparisonsAreFound(source: String) {
        #expect(comparisons(source) == ["dms"])
    }

    @Test(arguments: [
        #"run("dms")"#, #"let texts = ["dms", "dms(window=16)"]"#, #"// name == "dms""#,
        #"name == "dmsx""#, #"case dms = "dms""#, #"switch name { case "other": "dms" }"#,
        #"enum Kind { case one, two } ; f("dms")"#, #"/// case "dms":"#, #"x = "name == \"dms\"""#,
        #"f(.case, "dms")"#, #"name == other ? "dms" : x"#, #"name.hasPrefix("dms(window")"#,
    ])
    func otherMentionsAreFine(source: String) {
        #expect(comparisons(source) == [])
    }

    private func comparisons(_ source: String) -> [String] {
        NameComparisons.comparisons(
            with: ["dms"], in: SourceFile(path: "Sources/H/File.swift", source: source)
        ).map(\.name)
    }
}
