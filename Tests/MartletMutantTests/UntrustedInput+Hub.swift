// What a hub answers, and what other tools leave in the cache that is shared with them.

import MartletFormats

@testable import MartletHub

extension UntrustedInput {
    private static let commit = String(repeating: "0123456789", count: 4)
    private static let sha256 = String(repeating: "0123456789abcdef", count: 4)

    private static let revision = #"""
        {"id": "a/b", "sha": "\#(commit)", "private": false, "gated": "auto", "disabled": false,
         "siblings": [{"rfilename": "config.json"}], "safetensors": {"total": 494032768}}
        """#
    private static let listing = #"""
        [{"type": "file", "oid": "\#(commit)", "size": 659, "path": "config.json"},
         {"type": "file", "oid": "\#(commit)", "size": 988097824, "path": "sub/model.safetensors",
          "lfs": {"oid": "\#(sha256)", "size": 988097824, "pointerSize": 134}, "xetHash": "\#(sha256)"},
         {"type": "directory", "oid": "\#(commit)", "size": 0, "path": "sub"}]
        """#
    private static let tree = #"""
        {"format_version": 1, "files": {"config.json": {"size": 519, "blob_id": "\#(commit)"},
         "m.safetensors": {"size": 1234, "blob_id": "\#(commit)", "lfs_sha256": "\#(sha256)", "lfs_size": 1234}}}
        """#

    static let hub: [UntrustedInput] = [
        UntrustedInput("revision of a hub", texts: [revision]) { text in
            _ = try RevisionAnswer(Array(text.utf8), url: "https://hub/revision")
        },
        UntrustedInput("listing of a hub", texts: [listing, "[]"]) { text in
            for file in try TreeAnswer(Array(text.utf8), url: "https://hub/tree").files {
                guard RepositoryFile.isSafe(file.path), file.size >= 0 else {
                    throw FormatError.alreadyExists(path: "a file outside of the repository")
                }
            }
        },
        UntrustedInput(
            "branches of a hub",
            texts: [#"{"branches": [{"name": "main"}], "tags": [{"name": "v1"}]}"#]
        ) { text in
            _ = try ReferencesAnswer(Array(text.utf8), url: "https://hub/refs").names
        },
        UntrustedInput("next page of a hub", texts: ["<https://hub/a?b>; rel=\"next\", <c>; rel=d"])
        {
            _ = HubAnswer.nextPage($0)
        },
        UntrustedInput("listing of a cache", texts: [tree]) { text in
            _ = try CachedRepository.files(ofTree: JSONValue.parse(Array(text.utf8)))
        },
        UntrustedInput(
            "reference of a cache", seeds: { [Array(commit.utf8), Array((commit + "\n").utf8)] }
        ) { bytes, folder in
            _ = CachedRepository.commit(inFile: try folder.write("main", bytes))
        },
        UntrustedInput(
            "download that was cut",
            seeds: {
                let numbers: [UInt64] = [40, 16, 16, 3, 0]
                return [
                    Array(repeating: 7, count: 40) + Array("MARTLETP".utf8)
                        + numbers.flatMap { number in
                            withUnsafeBytes(of: number.littleEndian) { Array($0) }
                        }
                ]
            }
        ) { bytes, folder in
            let file = try PartialFile(
                folder.write("x.martlet.incomplete", bytes), size: 40, pieceBytes: 16)
            for piece in 0..<file.pieceCount { _ = file.missing(piece) }
        },
        UntrustedInput(
            "name of a model of a hub",
            texts: [
                "owner/name", "hf.co/owner/name@refs/pr/1:Q4_K_M",
                "https://huggingface.co/owner/name/blob/main/sub/file-Q8_0.gguf",
            ]
        ) { text in
            let reference = try HubReference(text)
            _ = try HubReference("\(reference)")
            _ = reference.repository.folder
        },
        UntrustedInput("pattern of files", texts: ["*.safetensors", "[!a-c]x?/*", "sub/"]) { text in
            _ = Glob(text).matches("sub/model-00001-of-00002.safetensors")
        },
        UntrustedInput(
            "names of GGUF files", texts: ["a/m-UD-Q4_K_XL-00001-of-00002.gguf", "m.Q8_0.gguf"]
        ) { text in
            for model in GGUFModel.all(in: [text, "m-Q8_0.gguf"]) { _ = model.isCalled("Q4_K_M") }
        },
    ]
}
