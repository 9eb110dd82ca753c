/// Low-rank adapters: merged elements against a plain computation, and what is refused.

import Foundation
import MartletKernels
import Testing

@testable import MartletFormats

@Suite struct AdapterTests {
    private static let prefix = "base_model.model."
    private static let module = "model.layers.0.self_attn.q_proj"

    private func withTemporaryDirectory(_ body: (String) throws -> Void) throws {
        let folder = try TemporaryFolder()
        try withExtendedLifetime(folder) { try body(folder.path) }
    }

    private func values(_ count: Int, _ seed: Int) -> [Float] {
        (0..<count).map { Float((($0 * 37 + seed * 11) % 101) - 50) / 64 }
    }

    /// A model of two matrices and a table, and an adapter of rank 2 for the first.
    private func write(
        _ folder: String,
        configuration: String = #"{"peft_type": "LORA", "r": 2, "lora_alpha": 3}"#,
        tensors: [TensorToWrite]? = nil
    ) throws {
        for part in ["/model", "/adapter"] {
            try FileManager.default.createDirectory(
                atPath: folder + part, withIntermediateDirectories: true)
        }
        try Data("{}".utf8).write(to: URL(filePath: folder + "/model/config.json"))
        try SafetensorsWriter.write(
            [
                TensorToWrite(
                    name: Self.module + ".weight", shape: [5, 7], floats: values(35, 1)),
                TensorToWrite(name: "model.norm.weight", shape: [7], floats: values(7, 2)),
                TensorToWrite(name: "lm_head.weight", shape: [3, 7], floats: values(21, 3)),
            ], to: folder + "/model/model.safetensors")
        try Data(configuration.utf8).write(
            to: URL(filePath: folder + "/adapter/adapter_config.json"))
        try SafetensorsWriter.write(
            tensors ?? pair(), to: folder + "/adapter/adapter_model.safetensors")
    }

    private func pair(
        _ module: String = AdapterTests.module, rank: Int = 2, inputs: Int = 7, outputs: Int = 5
    ) -> [TensorToWrite] {
        [
            TensorToWrite(
                name: "\(Self.prefix)\(module).lora_A.weight", shape: [rank, inputs],
                floats: values(rank * inputs, 4)),
            TensorToWrite(
                name: "\(Self.prefix)\(module).lora_B.weight", shape: [outputs, rank],
                floats: values(outputs * rank, 5)),
        ]
    }

    private func adapted(_ folder: String) throws -> Checkpoint {
        try Checkpoint(directory: folder + "/model").adapted(by: folder + "/adapter")
    }

    /// Element by element, in double precision.
    private func merged(scale: Double, rank: Int = 2, isTransposed: Bool = false) -> [Double] {
        let (rows, columns) = (5, 7)
        let (inputs, outputs) = isTransposed ? (rows, columns) : (columns, rows)
        let (w, a, b) = (values(35, 1), values(rank * inputs, 4), values(outputs * rank, 5))
        return (0..<rows * columns).map { index in
            let (row, column) = (index / columns, index % columns)
            let (output, input) = isTransposed ? (column, row) : (row, column)
            let sum = (0..<rank).reduce(0.0) {
                $0 + Double(b[output * rank + $1]) * Double(a[$1 * inputs + input])
            }
            return Double(w[index]) + scale * sum
        }
    }

    private func expect(_ found: [Float], _ expected: [Double]) {
        #expect(found.count == expected.count)
        for (value, wanted) in zip(found, expected) { #expect(abs(Double(value) - wanted) < 1e-6) }
    }

    @Test(arguments: [
        (#""r": 2, "lora_alpha": 3"#, 1.5), (#""r": 2"#, 4.0),
        (#""r": 2, "lora_alpha": 3, "use_rslora": true"#, 3 / 2.0.squareRoot()),
        (#""r": 8, "lora_alpha": 3, "rank_pattern": {"q_proj": 2}"#, 1.5),
        (#""r": 2, "lora_alpha": 3, "alpha_pattern": {"k_proj": 9, "self_attn.q_proj": 5}"#, 2.5),
        (#""r": 2, "lora_alpha": 3, "alpha_pattern": {"proj": 9}"#, 1.5),
        (#""r": 2, "lora_alpha": 0"#, 0.0),
    ])
    func elementsAreMerged(keys: String, scale: Double) throws {
        try withTemporaryDirectory { folder in
            try write(
                folder,
                configuration:
                    #"{"peft_type": "LORA", \#(keys), "target_modules": ["q_proj"], "lora_dropout": 0.1}"#
            )
            let tensors = try adapted(folder).tensors
            let entry = try tensors.requireTensor(Self.module + ".weight", shape: [5, 7])
            expect(try entry.floats(), merged(scale: scale))
            // A part has the same bits as the whole.
            let whole = try entry.floats()
            for range in [0..<1, 3..<20, 6..<8, 34..<35, 0..<35] {
                var part = [Float](repeating: 0, count: range.count)
                try part.withUnsafeMutableBufferPointer {
                    try entry.copyFloats(of: range, into: $0)
                }
                #expect(part == Array(whole[range]))
            }
            #expect(!entry.isPlain && entry.shape == [5, 7])
            let norm = try tensors.tensor("model.norm.weight")
            #expect(try norm.isPlain && norm.floats() == values(7, 2))
            #expect(
                tensors.names.sorted()
                    == ["lm_head.weight", Self.module + ".weight", "model.norm.weight"].sorted())
        }
    }

    @Test func storedColumnsMayBeOutputs() throws {
        try withTemporaryDirectory { folder in
            try write(
                folder,
                configuration:
                    #"{"peft_type": "LORA", "r": 3, "lora_alpha": 6, "fan_in_fan_out": true}"#,
                tensors: pair(rank: 3, inputs: 5, outputs: 7))
            let entry = try adapted(folder).tensors.tensor(Self.module + ".weight")
            expect(try entry.floats(), merged(scale: 2, rank: 3, isTransposed: true))
        }
    }

    @Test func tablesOfTokensAreReplaced() throws {
        try withTemporaryDirectory { folder in
            let head = TensorToWrite(
                name: Self.prefix + "lm_head.weight", shape: [3, 7], floats: values(21, 9))
            try write(
                folder,
                configuration: #"{"peft_type": "LORA", "r": 2, "modules_to_save": ["lm_head"]}"#,
                tensors: pair() + [head])
            let tensors = try adapted(folder).tensors
            #expect(try tensors.tensor("lm_head.weight").floats() == values(21, 9))
            #expect(tensors.entries.count == 3)
        }
    }

    @Test(arguments: [
        (#"{"peft_type": "IA3", "r": 2}"#, "IA3"), (#"{"r": 2}"#, "peft_type"),
        (#"{"peft_type": "LORA"}"#, "\"r\""), (#"{"peft_type": "LORA", "r": 0}"#, "\"r\""),
        (#"{"peft_type": "LORA", "r": 2, "use_dora": true}"#, "DoRA"),
        (#"{"peft_type": "LORA", "r": 2, "bias": "all"}"#, "\"bias\""),
        (#"{"peft_type": "LORA", "r": 2, "lora_bias": true}"#, "lora_bias"),
        (#"{"peft_type": "LORA", "r": 2, "modules_to_save": ["classifier"]}"#, "classifier"),
        (#"{"peft_type": "LORA", "r": 2, "init_lora_weights": "pissa"}"#, "pissa"),
        (#"{"peft_type": "LORA", "r": 2, "layer_replication": [[0, 2]]}"#, "layer_replication"),
        (#"{"peft_type": "LORA", "r": 2, "rank_pattern": {".*q.*": 4}}"#, "rank_pattern"),
        (#"{"peft_type": "LORA", "r": 2, "something_new": 1}"#, "something_new"),
        (#"{"peft_type": "LORA", "r": 2, "rank_pattern": {"q_proj": 2.5}}"#, "whole number"),
        (#"{"peft_type": "LORA", "r": 4}"#, "lora_A"), ("{", "JSON"),
    ])
    func othersAreRefusedByName(configuration: String, says: String) throws {
        try withTemporaryDirectory { folder in
            try write(folder, configuration: configuration)
            let error = #expect(throws: FormatError.self) { try adapted(folder) }
            #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
        }
    }

    @Test func tensorsOfAnotherModelAreRefused() throws {
        let cases: [([TensorToWrite], String)] = [
            ([pair()[0]], "lora_B"), (pair("model.layers.9.self_attn.q_proj"), "layers.9"),
            (pair(inputs: 6), "shape"), (pair(outputs: 4), "shape"), ([], "empty"),
            (pair("model.norm", inputs: 7, outputs: 7), "model.norm"),
            (
                [
                    TensorToWrite(
                        name: Self.prefix + "model.embed_tokens.lora_embedding_A", shape: [2, 3],
                        floats: values(6, 1))
                ], "lora_embedding_A"
            ),
            (
                [
                    TensorToWrite(
                        name: Self.prefix + "lm_head.weight", shape: [4, 7], floats: values(28, 1))
                ], "shape"
            ),
            ([TensorToWrite(name: "other", shape: [1], floats: [1])], "base_model.model."),
        ]
        for (tensors, says) in cases {
            try withTemporaryDirectory { folder in
                try write(folder, tensors: tensors)
                let error = #expect(throws: FormatError.self) { try adapted(folder) }
                #expect(
                    error?.description.contains(says) == true,
                    "\(says): \(error?.description ?? "")")
            }
        }
    }

    @Test func filesThatAreMissingAreNamed() throws {
        try withTemporaryDirectory { folder in
            try write(folder)
            let path = folder + "/adapter/adapter_model.safetensors"
            try FileManager.default.moveItem(
                atPath: path, toPath: folder + "/adapter/adapter_model.bin")
            let error = #expect(throws: FormatError.self) { try adapted(folder) }
            #expect(error?.description.contains("pickle") == true)
            #expect(throws: FormatError.self) {
                try Checkpoint(directory: folder + "/model").adapted(by: folder + "/none")
            }
        }
    }
}
