// Files that hold other things: JSON, JSON lines, YAML, tensors.

import Foundation
import MartletJSON

@testable import MartletFormats
@testable import MartletTraining

extension UntrustedInput {
    /// The package's folder.
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// A file of the package.
    static func file(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: root + "/" + name)))
    }

    static let json = #"""
        {"a": [1, -2.5e3, true, null, "x\n\u00e9\ud83e\udd99"], "b": {"c": {}, "": [[], [0]]},
         "long": 9007199254740993, "text": "ü 中 🦙"}
        """#

    static let containers: [UntrustedInput] = [
        UntrustedInput("JSON", texts: [json, "[1,2]", "\"x\"", "0"]) { text in
            let value = try JSONValue.parse(Array(text.utf8))
            _ = try JSONValue.parse(value.serialized(indentation: 2))
        },
        UntrustedInput(
            "JSON lines", seeds: { [Array("{\"a\": 1}\n{\"b\": [2]}\n{\"c\"".utf8), []] }
        ) { bytes, folder in
            _ = try JSONLinesFile.read(folder.write("lines.jsonl", bytes))
        },
        UntrustedInput(
            "recipe",
            seeds: {
                try ["builtin", "compare", "small"].map { try file("recipes/\($0).yaml") }
            }
        ) { bytes, _ in
            let text = String(decoding: bytes, as: UTF8.self)
            _ = try Recipe(text, file: "recipe.yaml")
            _ = try Recipe.finalData(text, file: "recipe.yaml")
        },
        UntrustedInput(
            "data of a recipe", seeds: { [try file("recipes/builtin-sizes.yaml")] }
        ) { bytes, _ in
            _ = try Recipe.finalData(String(decoding: bytes, as: UTF8.self), file: "data.yaml")
        },
        UntrustedInput("safetensors", seeds: { [try weights(), try weights(["one"])] }) {
            bytes, folder in
            let tensors = try SafetensorsFile(path: folder.write("a.safetensors", bytes))
            for entry in tensors.entries { try use(entry) }
        },
        UntrustedInput(
            "safetensors index",
            seeds: {
                let map =
                    #"{"metadata": {"total_size": 80}, "weight_map": {"one": "a.safetensors", "#
                return [Array((map + #""two": "b.safetensors", "three": "b.safetensors"}}"#).utf8)]
            }
        ) { bytes, folder in
            try folder.write("a.safetensors", weights(["one"]))
            try folder.write("b.safetensors", weights(["two", "three"]))
            try folder.write("model.safetensors.index.json", bytes)
            let tensors = try SafetensorsDirectory(folder.path)
            for entry in tensors.entries { try use(entry) }
        },
    ]

    private static let adapterConfiguration = #"""
        {"peft_type": "LORA", "r": 2, "lora_alpha": 16, "use_rslora": false, "bias": "none", "target_modules": ["one"],
         "rank_pattern": {"two": 3}, "alpha_pattern": {"one": 4.5}, "modules_to_save": null, "fan_in_fan_out": false}
        """#

    static let adapters: [UntrustedInput] = [
        UntrustedInput("configuration of an adapter", texts: [adapterConfiguration]) { text in
            guard let root = try JSONValue.parse(Array(text.utf8)).objectValue else { return }
            let configuration = try AdapterConfiguration(
                ConfigurationFile(path: "adapter_config.json", root: root))
            _ = configuration.scale(of: "model.one")
        },
        UntrustedInput(
            "card of an adapter",
            seeds: {
                [
                    AdapterCard.json(
                        base: ("a model", "sha256:00"),
                        eviction: JSONObject([.init(key: "method", value: "dms")]),
                        ratio: (4, 3.5), rank: 2, modules: ["one"],
                        training: JSONObject([.init(key: "steps", value: 5)])
                    ).serialized()
                ]
            }
        ) { bytes, folder in
            try folder.write(AdapterCard.name, bytes)
            let card = try AdapterCard(directory: folder.path)
            _ = (card.rank, card.method, card.ratio)
        },
        UntrustedInput(
            "weights of an adapter",
            seeds: {
                [
                    try adapterWeights(["one.weight"]),
                    try adapterWeights(["one.weight", "two.weight"]),
                ]
            }
        ) { bytes, folder in
            try folder.write("adapter_config.json", Array(#"{"peft_type": "LORA", "r": 2}"#.utf8))
            try folder.write("adapter_model.safetensors", bytes)
            try folder.write("model.safetensors", weights(["one.weight", "two.weight"]))
            let base = try SafetensorsDirectory(folder.path)
            let tensors = try AdaptedTensors(
                base, AdapterFile(directory: folder.path, of: base))
            for entry in tensors.entries { _ = try entry.floats() }
        },
    ]

    private static func adapterWeights(_ names: [String]) throws -> [UInt8] {
        let folder = try WorkFolder()
        let path = folder.path + "/a.safetensors"
        try SafetensorsWriter.write(
            names.flatMap { name in
                let module = "base_model.model." + name.dropLast(".weight".count)
                return [
                    TensorToWrite(
                        name: module + ".lora_A.weight", shape: [2, 3], floats: [1, 2, 3, 4, 5, 6]),
                    TensorToWrite(
                        name: module + ".lora_B.weight", shape: [2, 2], floats: [1, 2, 3, 4]),
                ]
            }, to: path)
        return [UInt8](try Data(contentsOf: URL(filePath: path)))
    }

    /// A safetensors file of some tensors.
    static func weights(_ names: [String] = ["one", "two", "three"]) throws -> [UInt8] {
        let folder = try WorkFolder()
        let path = folder.path + "/a.safetensors"
        try SafetensorsWriter.write(
            names.map { TensorToWrite(name: $0, shape: [2, 3], floats: [1, 2, 3, 4, 5, 6]) },
            to: path)
        return [UInt8](try Data(contentsOf: URL(filePath: path)))
    }

    private static func use(_ entry: TensorEntry) throws {
        var sum = 0
        for byte in entry.bytes { sum &+= Int(byte) }
        if TensorEntry.floatTypes.contains(entry.dtype) { _ = try entry.floats() }
    }
}
