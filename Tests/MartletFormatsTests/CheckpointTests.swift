/// Model directories: configuration keys, shards, and the sentences for everything that is missing.

import Foundation
import MartletFormats
import MartletKernels
import Testing

@Suite struct CheckpointTests {
    private func shard(_ names: String...) -> [UInt8] {
        let entries = names.enumerated().map { index, name in
            "\"\(name)\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[\(index * 2),\(index * 2 + 2)]}"
        }
        return safetensors("{" + entries.joined(separator: ",") + "}", data: names.count * 2)
    }

    private func model(index: String, _ shards: [(String, [UInt8])]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("config.json", "{}")
        try folder.write("model.safetensors.index.json", index)
        for (name, bytes) in shards { try folder.write(name, bytes) }
        return folder
    }

    private func openMessage(_ folder: TemporaryFolder, _ name: String? = nil) -> String {
        folder.message { _ = try Checkpoint(directory: name.map(folder.file) ?? folder.path) }
    }

    @Test func findsTensorsInShards() throws {
        let folder = try model(
            index:
                #"{"metadata":{},"weight_map":{"a":"x.safetensors","b":"y.safetensors","c":"x.safetensors"}}"#,
            [("x.safetensors", shard("a", "c", "extra")), ("y.safetensors", shard("b"))])
        let checkpoint = try Checkpoint(directory: folder.path + "/")
        #expect(checkpoint.tensors.names == ["a", "c", "extra", "b"])
        #expect(checkpoint.tensors.files.count == 2)
        #expect(checkpoint.tensors.contains("b"))
        // An index may lack a tensor that its shards hold.
        #expect(checkpoint.tensors.contains("extra"))
        #expect(try checkpoint.tensors.tensor("b").file.path.hasSuffix("y.safetensors"))
        #expect(
            folder.message { _ = try checkpoint.tensors.tensor("d") }
                .hasSuffix("has no tensor \"d\": check that the weights belong to this config.json")
        )
        #expect(try checkpoint.tensors.requireTensor("a", shape: [2], dtypes: [.u8]).byteCount == 2)
        checkpoint.tensors.releaseResident()
    }

    private static let revision = ": download the index and the shards of one revision again"

    @Test(arguments: [
        "../x.safetensors", "/etc/x.safetensors", "sub/x.safetensors", "..", "", ".safetensors",
        "x.bin", "x\\\\y.safetensors", "x\\u0000.safetensors", ".hidden.safetensors",
    ])
    func shardNamesStayInTheDirectory(name: String) throws {
        let folder = try model(index: "{\"weight_map\":{\"a\":\"\(name)\"}}", [])
        let message = openMessage(folder)
        #expect(
            message.hasPrefix("model.safetensors.index.json: \"a\" is \"")
                && message.hasSuffix(
                    "expected the name of a .safetensors file in the same directory"
                        + Self.revision),
            "\(message)")
    }

    @Test func missingShard() throws {
        let folder = try model(
            index: #"{"weight_map":{"a":"x.safetensors","b":"y.safetensors"}}"#,
            [("x.safetensors", shard("a"))])
        #expect(
            openMessage(folder)
                == "no shard at y.safetensors: the index names it, download the missing file")
    }

    @Test func tensorsThatAreNotWhereTheIndexSays() throws {
        let nowhere = try model(
            index: #"{"weight_map":{"a":"x.safetensors","b":"x.safetensors"}}"#,
            [("x.safetensors", shard("a"))])
        let stale = try Checkpoint(directory: nowhere.path).tensors
        #expect(stale.names == ["a"])
        #expect(
            nowhere.message { _ = try stale.tensor("b") }.hasSuffix(
                "has no tensor \"b\": check that the weights belong to this config.json"))
        let elsewhere = try model(
            index: #"{"weight_map":{"a":"x.safetensors","b":"y.safetensors"}}"#,
            [("x.safetensors", shard("a", "b")), ("y.safetensors", shard("c"))])
        #expect(try Checkpoint(directory: elsewhere.path).tensors.names == ["a", "b", "c"])
        let gone = try model(
            index: #"{"weight_map":{"a":"x.safetensors","b":"y.safetensors"}}"#,
            [("x.safetensors", shard("a", "b"))])
        #expect(try Checkpoint(directory: gone.path).tensors.names == ["a", "b"])
        let twice = try model(
            index: #"{"weight_map":{"a":"x.safetensors","b":"y.safetensors"}}"#,
            [("x.safetensors", shard("a")), ("y.safetensors", shard("b", "a"))])
        #expect(
            openMessage(twice)
                == "tensor \"a\" is in x.safetensors and in y.safetensors, expected one file: remove "
                + "the files that do not belong to this checkpoint")
    }

    @Test func packedWeightsAreRefusedByNameBeforeTheirTypes() throws {
        let folder = try TemporaryFolder()
        try folder.write("config.json", #"{"quantization_config":{"quant_method":"hqq"}}"#)
        try folder.write(
            "model.safetensors",
            safetensors(
                #"{"a":{"dtype":"F8_E5M2","shape":[2],"data_offsets":[0,2]}}"#, data: 2))
        #expect(
            openMessage(folder)
                == "config.json has no weights that can be read, got quantization_config, weights "
                + "packed by hqq: take the model in F32, F16 or BF16, or packed by gptq, awq, fp8 or "
                + "compressed-tensors")
    }

    @Test func compiledModelsHaveTheirPlainNames() throws {
        let folder = try TemporaryFolder()
        try folder.write("config.json", "{}")
        try folder.write("model.safetensors", shard("_orig_mod.a", "model._orig_mod.b", "c"))
        let tensors = try Checkpoint(directory: folder.path).tensors
        #expect(["a", "model.b", "c"].allSatisfy(tensors.contains))
        try folder.write("model.safetensors", shard("_orig_mod.a", "a"))
        #expect(
            openMessage(folder).hasPrefix("tensor \"a\" is in model.safetensors and in model"))
    }

    @Test(arguments: [
        (
            "{}",
            "model.safetensors.index.json has no key \"weight_map\", expected an object: add the key, or check that the file belongs to this model"
        ),
        (
            #"{"weight_map":[]}"#,
            "model.safetensors.index.json: \"weight_map\" is [], expected an object: correct the value"
        ),
        (
            #"{"weight_map":{}}"#,
            "model.safetensors.index.json: \"weight_map\" is empty, expected at least one tensor"
                + revision
        ),
        (
            #"{"weight_map":{"a":1}}"#,
            "model.safetensors.index.json: \"a\" is 1, expected the name of a .safetensors file in the same directory"
                + revision
        ),
        (
            "[]",
            "model.safetensors.index.json is not valid JSON at byte 0, got [], expected an object: correct the text or download the file again"
        ),
    ])
    func malformedIndices(index: String, expected: String) throws {
        #expect(openMessage(try model(index: index, [])) == expected)
    }

    @Test func theSingleFileWins() throws {
        let folder = try model(
            index: #"{"weight_map":{"a":"gone.safetensors"}}"#, [("model.safetensors", shard("s"))])
        #expect(try Checkpoint(directory: folder.path).tensors.names == ["s"])
    }

    @Test func directoriesThatAreNoModels() throws {
        let folder = try TemporaryFolder()
        #expect(
            openMessage(folder, "none")
                == "no model directory at none: check the path, or download the model first")
        try folder.write("m.safetensors", shard("a"))
        #expect(
            openMessage(folder, "m.safetensors")
                == "m.safetensors is a file, expected a directory: give the directory that holds it "
                + "and its config.json")
        try folder.write("m.gguf", "GGUF")
        #expect(
            openMessage(folder, "m.gguf")
                == "m.gguf is a file, expected a directory: a GGUF file is a model of its own, give it "
                + "where a model is asked for")
        #expect(
            openMessage(folder) == "no configuration at config.json: give a complete Hugging Face "
                + "model directory, with config.json and model.safetensors")
    }

    @Test func directoriesWithoutReadableWeights() throws {
        func message(_ files: String...) throws -> String {
            let folder = try TemporaryFolder()
            try folder.write("config.json", "{}")
            for file in files { try folder.write(file, "x") }
            return openMessage(folder)
        }
        #expect(
            try message() == "no weight file at model.safetensors: the directory needs "
                + "model.safetensors, or model.safetensors.index.json and its shards")
        #expect(
            try message("pytorch_model.bin", "tokenizer.json")
                == "<folder> has no weights that can be read, got only \"pytorch_model.bin\": "
                + "pickled weights can run code and are not read, convert them with "
                + "save_pretrained(safe_serialization=True)")
        #expect(
            try message("q4.gguf") == "<folder> has no weights that can be read, got only "
                + "\"q4.gguf\": use the safetensors version of the model")
        #expect(
            try message("weights.safetensors") == "<folder> has no weights that can be read, got "
                + "only \"weights.safetensors\": name a single weight file model.safetensors, or "
                + "add model.safetensors.index.json")
    }

    @Test func configurationValues() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "config.json",
            #"{"n":8,"x":1e-05,"f":4096.0,"b":true,"s":"llama","none":null,"list":["a","b"],"#
                + #""eos":[1,2],"scaling":{"factor":8.0,"type":"llama3"},"parts":[0.5,1]}"#)
        let config = try ConfigurationFile(path: path)
        #expect(try config.int("n") == 8)
        #expect(try config.int("f", in: 1...5000) == 4096)
        #expect(try config.double("x") == 1e-5)
        #expect(try config.double("n") == 8)
        #expect(try config.bool("b"))
        #expect(try config.string("s") == "llama")
        #expect(try config.strings("list") == ["a", "b"])
        #expect(try config.strings("s") == ["llama"])
        #expect(try config.ints("eos") == [1, 2])
        #expect(try config.ints("n") == [8])
        #expect(try config.doubles("parts") == [0.5, 1])
        #expect(try config.object("scaling").double("factor") == 8)
        #expect(try config.int("none", default: 5) == 5)
        #expect(try config.int("absent", default: 5) == 5)
        #expect(try config.double("absent", default: 0.5) == 0.5)
        #expect(try config.bool("absent", default: true))
        #expect(try config.string("absent", default: "x") == "x")
        #expect(try config.optionalInts("absent") == nil)
        #expect(try config.optionalObject("none") == nil)
        #expect(!config.contains("none"))
    }

    @Test func configurationErrors() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "config.json",
            #"{"n":-3,"x":"eight","none":null,"scaling":{"factor":"big"},"eos":[1,"2"]}"#)
        let config = try ConfigurationFile(path: path)
        #expect(
            folder.message { _ = try config.int("hidden_size") }
                == "config.json has no key \"hidden_size\", expected an integer: add the key, or "
                + "check that the file belongs to this model")
        #expect(
            folder.message { _ = try config.int("n", in: 1...64) }
                == "config.json: \"n\" is -3, expected an integer from 1 to 64: correct the value")
        #expect(
            folder.message { _ = try config.int("n", default: 2, in: 1...Int.max) }
                == "config.json: \"n\" is -3, expected an integer of at least 1: correct the value")
        #expect(
            folder.message { _ = try config.double("x") }
                == "config.json: \"x\" is \"eight\", expected a number: correct the value")
        #expect(
            folder.message { _ = try config.bool("none") }
                == "config.json: \"none\" is null, expected true or false: correct the value")
        #expect(
            folder.message { _ = try config.object("scaling").double("factor", in: 1...64) }
                == "config.json: \"scaling.factor\" is \"big\", expected a number from 1.0 to 64.0: "
                + "correct the value")
        #expect(
            folder.message { _ = try config.ints("eos") }
                == "config.json: \"eos\" is [1, \"2\"], expected an integer or an array of integers: "
                + "correct the value")
        #expect(
            folder.message { throw config.wrongValue("x", expected: "silu or gelu") }
                == "config.json: \"x\" is \"eight\", expected silu or gelu: correct the value")
    }

    @Test(.enabled(if: SharedData.has("models/stories260K")))
    func opensARealLlama() throws {
        let checkpoint = try Checkpoint(directory: SharedData.path("models/stories260K"))
        let hidden = try checkpoint.configuration.int("hidden_size", in: 1...1_000_000)
        let vocabulary = try checkpoint.configuration.int("vocab_size")
        let embedding = try checkpoint.tensors.requireTensor(
            "model.embed_tokens.weight", shape: [vocabulary, hidden])
        let row = try embedding.floats(row: 1)
        #expect(row.count == hidden)
        #expect(row.allSatisfy { $0.isFinite })
        #expect(checkpoint.tensors.weightBytes > 1_000_000)
    }

    @Test(.enabled(if: SharedData.has("models/bytegpt-950K")))
    func copiesARealModelUnchanged() throws {
        let folder = try TemporaryFolder()
        let original = try Checkpoint(directory: SharedData.path("models/bytegpt-950K"))
        try CheckpointWriter(directory: folder.path, maximumShardBytes: 1 << 20).write(
            configuration: original.configuration.root,
            tensors: try original.tensors.names.map {
                TensorToWrite(try original.tensors.tensor($0))
            })
        let copy = try Checkpoint(directory: folder.path)
        #expect(copy.tensors.files.count > 1)
        #expect(Set(copy.tensors.names) == Set(original.tensors.names))
        #expect(copy.configuration.root == original.configuration.root)
        for name in original.tensors.names {
            let same = try copy.tensors.tensor(name).bytes.elementsEqual(
                original.tensors.tensor(name).bytes)
            #expect(same, "\(name)")
        }
    }
}
