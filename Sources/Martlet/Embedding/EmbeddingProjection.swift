/// The products after pooling: what files say of them, and their weights.

import Foundation
import MartletFormats
import MartletModels

/// A product of a pooled vector with a matrix, and an activation, as files describe it. Its weights stay in the file.
struct EmbeddingProjection: Sendable {
    let inputs: Int
    let outputs: Int
    /// `[output][input]`.
    private let matrix: TensorEntry
    private let bias: TensorEntry?
    private let isTanh: Bool

    private static let largest = 65_536

    /// A product alone, of a matrix of a GGUF file.
    init(_ entry: TensorEntry) throws {
        guard entry.shape.count == 2, entry.shape.allSatisfy({ (1...Self.largest).contains($0) })
        else {
            throw FormatError.malformedTensor(
                file: entry.file.path, tensor: entry.name, field: "shape", got: "\(entry.shape)",
                expected: "outputs and inputs, at most \(Self.largest) each")
        }
        try entry.check()
        (outputs, inputs) = (entry.shape[0], entry.shape[1])
        (matrix, bias, isTanh) = (entry, nil, false)
    }

    /// Reads what a module of type `Dense` says of itself.
    init(_ model: EmbeddingFolder, folder: String) throws {
        let path = model.path + "/" + folder
        let file = try ConfigurationFile(path: path + "/config.json")
        inputs = try file.int("in_features", in: 1...Self.largest)
        outputs = try file.int("out_features", in: 1...Self.largest)
        let activation = try file.string(
            "activation_function", default: "torch.nn.modules.linear.Identity")
        let name = activation.split(separator: ".").last.map(String.init) ?? ""
        guard ["Identity", "Tanh"].contains(name), try !file.bool("use_residual", default: false)
        else {
            throw file.wrongValue(
                "activation_function", expected: "Identity or Tanh, without a residual")
        }
        isTanh = name == "Tanh"
        let tensors = try SafetensorsFile(path: path + "/model.safetensors")
        func entry(_ name: String, _ shape: [Int]) throws -> TensorEntry {
            guard let entry = tensors[name] else {
                throw FormatError.missingTensor(path: path, tensor: name)
            }
            try entry.check(shape: shape)
            return entry
        }
        matrix = try entry("linear.weight", [outputs, inputs])
        bias = try file.bool("bias", default: true) ? entry("linear.bias", [outputs]) : nil
    }

    /// Reads the weights.
    func loaded() throws -> LoadedProjection {
        LoadedProjection(
            inputs: inputs, outputs: outputs, weights: try matrix.floats(),
            bias: try bias?.floats() ?? [Float](repeating: 0, count: outputs), isTanh: isTanh)
    }

    /// Whether it is a product alone.
    func isPlain() throws -> Bool {
        try !isTanh && bias?.floats().allSatisfy { $0 == 0 } ?? true
    }

    /// The matrix as a tensor of a GGUF file.
    func tensor(_ name: String) -> GGUFTensorToWrite {
        GGUFTensorToWrite(name: name, type: .plain(.f32), shape: [outputs, inputs]) { sink in
            try matrix.floats().withUnsafeBytes(sink)
        }
    }

    /// The content of a module's `config.json`, of a product alone.
    var configuration: [UInt8] {
        let value: JSONValue = [
            "in_features": .integer(inputs), "out_features": .integer(outputs), "bias": false,
            "activation_function": "torch.nn.modules.linear.Identity",
        ]
        return value.serialized(indentation: 2)
    }

    /// The content of a module's `model.safetensors`, of a product alone; errors call it `path`.
    func content(path: String) throws -> [UInt8] {
        try SafetensorsWriter.content(
            of: [
                TensorToWrite(
                    name: "linear.weight", shape: [outputs, inputs], floats: try matrix.floats())
            ], path: path)
    }
}

/// A product with its weights.
struct LoadedProjection: Sendable {
    let inputs: Int
    let outputs: Int
    /// `[output][input]`.
    let weights: [Float]
    let bias: [Float]
    let isTanh: Bool

    /// The projected vector; sums ascend over the inputs, in double precision.
    func callAsFunction(_ vector: [Float]) -> [Float] {
        (0..<outputs).map { output in
            var sum = Double(bias[output])
            for input in 0..<inputs {
                sum += Double(weights[output * inputs + input]) * Double(vector[input])
            }
            return Float(isTanh ? tanh(sum) : sum)
        }
    }
}
