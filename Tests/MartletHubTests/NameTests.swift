/// Names, patterns, quantisations and settings: values without a network.

import Foundation
import MartletFormats
import Testing

@testable import MartletHub

@Suite struct NameTests {
    @Test func namesAreRead() throws {
        let plain = try HubReference("Qwen/Qwen3-0.6B")
        #expect(plain.repository.folder == "models--Qwen--Qwen3-0.6B")
        #expect(plain.revision == nil && plain.quantisation == nil && plain.path == nil)
        let all = try HubReference("hf.co/a/b-GGUF@refs/pr/1:Q4_K_M")
        #expect("\(all)" == "a/b-GGUF@refs/pr/1:Q4_K_M")
        #expect(all.revision == "refs/pr/1" && all.quantisation == "Q4_K_M")
        #expect(try HubReference("a/b:UD-Q4_K_XL").quantisation == "UD-Q4_K_XL")
        let page = try HubReference("https://huggingface.co/a/b/tree/v1.0/")
        #expect(page.revision == "v1.0" && "\(page.repository)" == "a/b")
        let file = try HubReference("https://huggingface.co/a/b/resolve/main/x/y-Q8_0.gguf")
        #expect(file.path == "x/y-Q8_0.gguf" && file.revision == "main")
        #expect(try HubReference("a/b/y.gguf").path == "y.gguf")
        #expect(try HubReference("gpt2").repository.folder == "models--gpt2")
        #expect(RepositoryName(folder: "models--a--b")?.description == "a/b")
        #expect(RepositoryName(folder: "datasets--a--b") == nil)
    }

    @Test(arguments: [
        "", "/", "a/", "/a", "../b", "a/..", "a/b/../c", "a--b/c", "a/-b", "a/b.", "a b/c", "a/b@",
        "a/b@../x", "a/b@/x", "a/b@x y", "a/b:", "a/b:Q4/x", "a/b@main:", "a/b\u{0}", "a/b@x\n",
        "é/b",
        "a/b//c", "a/b@a//b", "http://example.org/a/b/c",
    ])
    func otherNamesAreRefused(name: String) {
        #expect(throws: HubError.self) { try HubReference(name) }
    }

    @Test(arguments: [
        ("*", "a/b", true), ("*.json", "config.json", true), ("*.json", "sub/x.json", true),
        ("*.json", "x.jsonl", false), ("a?c", "abc", true), ("a?c", "ac", false),
        ("[a-c]x", "bx", true), ("[!a-c]x", "bx", false), ("[!a-c]x", "dx", true),
        ("[]]", "]", true),
        ("[a", "[a", true), ("onnx/", "onnx/x/y", true), ("onnx/", "onnx", false), ("", "", true),
        ("", "x", false), ("a*b*c", "aXbYbZc", true), ("a*b*c", "aXbYbZ", false),
        ("é*", "é.txt", true),
        ("**", "", true), ("*a*", "bab", true),
    ])
    func patternsMatch(pattern: String, text: String, expected: Bool) {
        #expect(Glob(pattern).matches(text) == expected)
    }

    @Test func aPatternTakesNoTimeToFail() {
        let pattern = Glob(String(repeating: "*a", count: 200) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 2000)))
    }

    private static let quantised = [
        "m-Q4_K_M.gguf", "m-Q8_0.gguf", "mmproj-F16.gguf", "m.imatrix.gguf", "m-UD-Q4_K_XL.gguf",
        "BF16/m-BF16-00001-of-00002.gguf", "BF16/m-BF16-00002-of-00002.gguf", "README.md",
        "m-IQ2_XXS-00001-of-00003.gguf",
    ]

    private func files(_ names: [String], size: Int = 10) -> [RepositoryFile] {
        names.map { RepositoryFile(path: $0, size: size, blobID: "", sha256: nil) }
    }

    private func choice(_ name: String, _ names: [String]) throws -> [String] {
        try FileSelection().choose(of: files(names), for: HubReference(name)).map(\.path)
    }

    @Test func quantisationsAreFound() throws {
        let models = GGUFModel.all(in: Self.quantised)
        #expect(
            models.map { $0.quantisation ?? "-" } == [
                "BF16", "IQ2_XXS", "Q4_K_M", "Q8_0", "UD-Q4_K_XL",
            ])
        #expect(models[1].missingParts == 2 && models[0].missingParts == 0)
        #expect(try choice("a/b:q4_k_m", Self.quantised) == ["m-Q4_K_M.gguf"])
        #expect(try choice("a/b:Q4_K_XL", Self.quantised) == ["m-UD-Q4_K_XL.gguf"])
        #expect(try choice("a/b:BF16", Self.quantised).count == 2)
        #expect(try choice("a/b", Self.quantised) == ["m-Q4_K_M.gguf"])
        #expect(try choice("a/b/BF16/m-BF16-00002-of-00002.gguf", Self.quantised).count == 2)
        for name in ["a/b:Q4_K", "a/b:Q5_K_M", "a/b:IQ2_XXS"] {
            #expect(throws: HubError.self, "\(name)") { try choice(name, Self.quantised) }
        }
        #expect(
            throws: HubError.ambiguous(
                name: "a/b:Q8_0", choices: ["a/b/large-Q8_0.gguf", "a/b/small-Q8_0.gguf"])
        ) { try choice("a/b:Q8_0", ["small-Q8_0.gguf", "large-Q8_0.gguf"]) }
    }

    @Test func whatAModelNeedsIsChosen() throws {
        let names = [
            "config.json", "tokenizer.json", "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
            "onnx/model.onnx", "original/consolidated.00.pth", "consolidated.safetensors",
            "m-Q4_K_M.gguf", "1_Pooling/config.json", "2_Dense/model.safetensors", "tf_model.h5",
            "checkpoint-500/model.safetensors", "chat_templates/tool.jinja", "README.md",
        ]
        #expect(
            try choice("a/b", names) == [
                "1_Pooling/config.json", "2_Dense/model.safetensors", "README.md",
                "chat_templates/tool.jinja", "config.json", "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors", "model.safetensors.index.json",
                "tokenizer.json",
            ])
        #expect(throws: HubError.onlyPickles(repository: "a/b", file: "pytorch_model.bin")) {
            try choice("a/b", ["config.json", "pytorch_model.bin"])
        }
        let patterns = FileSelection(include: ["*.json"], exclude: ["tok*"])
        #expect(
            try patterns.choose(of: files(names), for: HubReference("a/b")).map(\.path) == [
                "1_Pooling/config.json", "config.json", "model.safetensors.index.json",
            ])
        #expect(throws: HubError.self) {
            try FileSelection(include: ["*.xyz"]).choose(of: files(names), for: HubReference("a/b"))
        }
        // Weights come after what describes them.
        let sizes = [
            RepositoryFile(path: "a.safetensors", size: 1 << 30, blobID: "", sha256: nil),
            RepositoryFile(path: "config.json", size: 10, blobID: "", sha256: nil),
        ]
        #expect(
            try FileSelection().choose(of: sizes, for: HubReference("a/b")).map(\.path) == [
                "config.json", "a.safetensors",
            ])
    }

    @Test func theEnvironmentIsRead() throws {
        let plain = try HubSettings(environment: [:], home: "/home/me")
        #expect(plain.cache == "/home/me/.cache/huggingface/hub")
        #expect(
            plain.endpoint == "https://huggingface.co" && plain.token == nil && !plain.isOffline)
        let set = try HubSettings(
            environment: [
                "HF_HOME": "~/hf/$NAME/${NAME}/$NONE", "NAME": "x", "HF_TOKEN": " hf_abc\n",
                "HF_ENDPOINT": "http://127.0.0.1:80//", "HF_HUB_OFFLINE": "yes",
                "HF_HUB_DOWNLOAD_TIMEOUT": "3",
            ], home: "/home/me")
        #expect(set.cache == "/home/me/hf/x/x/$NONE/hub")
        #expect(set.token == "hf_abc" && set.endpoint == "http://127.0.0.1:80" && set.isOffline)
        #expect(set.downloadTimeout == 3 && set.questionTimeout == 10)
        let xdg = try HubSettings(environment: ["XDG_CACHE_HOME": "/c"], home: "/h")
        #expect(xdg.cache == "/c/huggingface/hub")
        #expect(
            try HubSettings(environment: ["HF_HUB_CACHE": "/x", "HF_HOME": "/y"], home: "/h").cache
                == "/x")
        for wrong in [
            ["HF_TOKEN": "a\r\nHost: b"], ["HF_ENDPOINT": "ftp://x"], ["HF_ENDPOINT": "http://"],
            ["HF_HUB_ETAG_TIMEOUT": "soon"], ["HF_ENDPOINT": "https://user:secret@host"],
        ] {
            #expect(throws: HubError.self, "\(wrong)") {
                try HubSettings(environment: wrong, home: "/h")
            }
        }
    }

    @Test func aTokenIsReadFromItsFile() throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "martlet-token-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("hf_stored\n".utf8).write(to: folder.appending(path: "token"))
        func token(_ more: [String: String]) throws -> String? {
            try HubSettings(
                environment: ["HF_HOME": folder.path].merging(more) { $1 }, home: "/h"
            ).token
        }
        #expect(try token([:]) == "hf_stored")
        #expect(try token(["HF_TOKEN": "hf_other"]) == "hf_other")
        #expect(try token(["HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"]) == nil)
    }

    @Test func pagesAreFollowed() {
        #expect(HubAnswer.nextPage(#"<https://a/b?c=1>; rel="next""#) == "https://a/b?c=1")
        #expect(
            HubAnswer.nextPage(#"<https://a/x>; rel="xet-auth", <https://a/y>; rel="next""#)
                == "https://a/y")
        #expect(HubAnswer.nextPage(#"<https://a/x>; rel="prev""#) == nil)
        #expect(HubAnswer.nextPage("<>;") == nil && HubAnswer.nextPage("> <") == nil)
    }

    @Test func onlyTheHubItselfIsTheHub() {
        #expect(Origin("https://huggingface.co/a") == Origin("https://HuggingFace.co:443/b?c"))
        #expect(Origin("http://huggingface.co") != Origin("https://huggingface.co"))
        #expect(Origin("https://huggingface.co.evil.org") != Origin("https://huggingface.co"))
        #expect(Origin("https://huggingface.co@evil.org") != Origin("https://huggingface.co"))
        #expect(Origin("http://127.0.0.1:1") != Origin("http://127.0.0.1:2"))
        #expect(Origin("file:///etc/passwd") == nil && Origin("x") == nil)
    }

    @Test func manyFilesAreListedQuickly() throws {
        let hash = String(repeating: "a", count: 40)
        let entries = (0..<10_000).map {
            #"{"type": "file", "path": "f/\#($0)", "size": 1, "oid": "\#(hash)"}"#
        }
        let begin = ContinuousClock.now
        let answer = try TreeAnswer(Array("[\(entries.joined(separator: ","))]".utf8), url: "x")
        #expect(answer.files.count == 10_000)
        // A second in release, with room for debug and a busy machine.
        #expect(ContinuousClock.now - begin < .seconds(10))
    }
}
