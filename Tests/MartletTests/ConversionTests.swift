/// A model to a GGUF file and back: what lies beside the weights comes along.

import Foundation
import MartletFormats
import MartletTemplates
import Testing

@testable import Martlet

@Suite struct ConversionTests {
    /// The package's model with a chat template, one for tools, and advice on sampling beside it.
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.path + "/martlet-conversion-\(UUID())"

        init() throws {
            let source = try #require(ModelSource("builtin").path)
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
            for name in ["config.json", "model.safetensors", "tokenizer.json"] {
                try FileManager.default.createSymbolicLink(
                    atPath: path + "/" + name, withDestinationPath: source + "/" + name)
            }
            try write(
                "tokenizer_config.json",
                #"{"tokenizer_class":"PreTrainedTokenizerFast","eos_token":"<|end|>","chat_template":["#
                    + #"{"name":"default","template":"{% for m in messages %}[{{ m.role }}]{{ m.content }}"#
                    + #"{{ eos_token }}{% endfor %}"},{"name":"tool_use","template":"{{ tools | length }}"}]}"#
            )
            try write(
                "generation_config.json",
                #"{"eos_token_id":[256,10],"temperature":0.7,"top_k":20,"top_p":0.8}"#)
        }

        func write(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: URL(filePath: path + "/" + name))
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private static func render(_ source: ChatTemplateSource?, hasTools: Bool) throws -> String {
        let format = try #require(source).format(hasTools: hasTools)
        return try format.prompt(
            [Message(.user, "ab<|end|>c"), Message(.assistant, "d")]
        ).segments.map(\.text).joined()
    }

    @Test func everythingComesAlong() throws {
        let folder = try Folder()
        let (file, back) = (folder.path + "/model.gguf", folder.path + "/back")
        let notes = try ModelConversion(folder.path).write(to: file, as: .file(.f32))
        #expect(notes.isEmpty)
        #expect(try ModelConversion(file).write(to: back, as: .directory(.f32)).isEmpty)
        let texts = ["", "Hello, wörld 123\n\t x<|end|>y"]
        let codecs = try [folder.path, file, back].map { try TextCodec(directory: $0) }
        for text in texts {
            let ids = try codecs.map { try $0.encode(utf8: Array(text.utf8)) }
            #expect(ids[1] == ids[0] && ids[2] == ids[0])
        }
        #expect(codecs.map(\.endTokens) == [[256, 10], [256, 10], [256, 10]])
        let sources = [
            try ChatTemplateSource(directory: folder.path),
            try ChatTemplateSource(metadata: GGUFFile(path: file)),
            try ChatTemplateSource(directory: back),
        ]
        for hasTools in [false, true] {
            let prompts = try sources.map { try Self.render($0, hasTools: hasTools) }
            #expect(prompts[1] == prompts[0] && prompts[2] == prompts[0])
        }
        let advice = try ConfigurationFile(path: back + "/generation_config.json")
        #expect(advice.value("temperature")?.doubleValue == 0.7)
        #expect(advice.value("top_k")?.intValue == 20)
        #expect(advice.value("top_p")?.doubleValue == 0.8)
        let weights = try [folder.path, back].map { try Checkpoint(directory: $0) }
        for entry in weights[1].tensors.entries {
            #expect(try entry.floats() == weights[0].tensors.tensor(entry.name).floats())
        }
    }

    /// A copy in another type has the files of the first, and none of those that lay in its place.
    @Test func aDirectoryTakesItsFilesAlong() throws {
        let folder = try Folder()
        let out = folder.path + "/copy"
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        try Data("{}".utf8).write(to: URL(filePath: out + "/added_tokens.json"))
        try Data("{}".utf8).write(to: URL(filePath: out + "/config.json"))
        try ModelConversion(folder.path).write(to: out, as: .directory(.f16))
        let names = try FileManager.default.contentsOfDirectory(atPath: out).sorted()
        #expect(
            names == [
                "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
                "tokenizer_config.json",
            ])
        for name in ["tokenizer.json", "tokenizer_config.json", "generation_config.json"] {
            #expect(
                FileManager.default.contents(atPath: out + "/" + name)
                    == FileManager.default.contents(atPath: folder.path + "/" + name))
        }
        let checkpoint = try Checkpoint(directory: out)
        #expect(checkpoint.tensors.entries.allSatisfy { $0.dtype == .f16 })
    }

    /// One file to another keeps who made it and how it is used.
    @Test func aFileTakesItsKeysAlong() throws {
        let folder = try Folder()
        let (first, second) = (folder.path + "/first.gguf", folder.path + "/second.gguf")
        try ModelConversion(folder.path).write(to: first, as: .file(.f16))
        try ModelConversion(first).write(to: second, as: .file(.q8_0))
        let (before, after) = (try GGUFFile(path: first), try GGUFFile(path: second))
        #expect(after["general.sampling.temp"]?.double == Double(Float(0.7)))
        #expect(after["tokenizer.chat_template.tool_use"]?.text == "{{ tools | length }}")
        #expect(Set(after.metadata.map(\.key)) == Set(before.metadata.map(\.key)))
    }
}
