/// Writing safetensors and whole checkpoints, and reading them back.

import Foundation
import MartletFormats
import MartletKernels
import MartletTestSupport
import Testing

@Suite struct SafetensorsWriterTests {
    private func source(
        _ name: String, _ dtype: DType, _ shape: [Int], seed: UInt64 = 1
    ) -> TensorToWrite {
        var generator = SeededGenerator(seed: seed)
        let count = shape.reduce(dtype.byteCount, *)
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        return TensorToWrite(name: name, dtype: dtype, shape: shape, bytes: bytes)
    }

    /// The header was written by version 0.8.0 of the reference implementation from the same
    /// tensors.
    @Test func layoutIsTheReferenceImplementations() throws {
        let folder = try TemporaryFolder()
        let tensors: [(String, DType, Int)] = [
            ("z", .f32, 2), ("a", .f16, 3), ("B", .bf16, 1), ("i", .i64, 1), ("u", .u8, 5),
            ("b", .bool, 1), ("c", .f64, 1), ("q", .i32, 1), ("e", .u64, 1), ("h", .u16, 1),
            ("k", .i8, 2), ("l", .i16, 1), ("m", .u32, 1),
        ]
        let path = folder.file("m.safetensors")
        try SafetensorsWriter.write(
            tensors.map { source($0.0, $0.1, [$0.2]) }, metadata: [("format", "pt")], to: path)
        let bytes = try folder.read("m.safetensors")
        let expected =
            #"{"__metadata__":{"format":"pt"},"e":{"dtype":"U64","shape":[1],"da"#
            + #"ta_offsets":[0,8]},"i":{"dtype":"I64","shape":[1],"data_offsets":["#
            + #"8,16]},"c":{"dtype":"F64","shape":[1],"data_offsets":[16,24]},"z":"#
            + #"{"dtype":"F32","shape":[2],"data_offsets":[24,32]},"m":{"dtype":"U"#
            + #"32","shape":[1],"data_offsets":[32,36]},"q":{"dtype":"I32","shape""#
            + #":[1],"data_offsets":[36,40]},"B":{"dtype":"BF16","shape":[1],"data"#
            + #"_offsets":[40,42]},"a":{"dtype":"F16","shape":[3],"data_offsets":["#
            + #"42,48]},"h":{"dtype":"U16","shape":[1],"data_offsets":[48,50]},"l""#
            + #":{"dtype":"I16","shape":[1],"data_offsets":[50,52]},"k":{"dtype":""#
            + #"I8","shape":[2],"data_offsets":[52,54]},"u":{"dtype":"U8","shape":"#
            + #"[5],"data_offsets":[54,59]},"b":{"dtype":"BOOL","shape":[1],"data_"#
            + #"offsets":[59,60]}}"#
        #expect(Int(bytes[0]) + Int(bytes[1]) << 8 == expected.utf8.count)
        #expect(
            String(decoding: bytes[8..<8 + expected.utf8.count], as: UTF8.self) == expected)
    }

    @Test func everyTypeRoundTrips() throws {
        let folder = try TemporaryFolder()
        var tensors = DType.allCases.enumerated().map { index, dtype in
            source("t.\(dtype.rawValue)", dtype, [3, index + 1], seed: UInt64(index))
        }
        tensors.append(source("empty", .f32, [0, 5]))
        tensors.append(source("one", .bf16, []))
        let path = folder.file("m.safetensors")
        try SafetensorsWriter.write(
            tensors, metadata: [("note", "quote \" and é")], to: path)
        let file = try SafetensorsFile(path: path)
        #expect(file.metadata == ["note": "quote \" and é"])
        #expect(file.entries.count == tensors.count)
        for tensor in tensors {
            let entry = try #require(file[tensor.name])
            #expect(entry.dtype == tensor.dtype)
            #expect(entry.shape == tensor.shape)
            #expect(entry.range.lowerBound % tensor.dtype.byteCount == 0)
            var expected: [UInt8] = []
            try tensor.deliver { expected += $0 }
            #expect(entry.bytes.elementsEqual(expected))
        }
        // A copy of a copy is the same file.
        let copy = folder.file("copy.safetensors")
        try SafetensorsWriter.write(
            file.entries.reversed().map { TensorToWrite($0) },
            metadata: [("note", "quote \" and é")], to: copy)
        #expect(try folder.read("copy.safetensors") == folder.read("m.safetensors"))
    }

    @Test func deliveredInPieces() throws {
        let folder = try TemporaryFolder()
        let tensor = TensorToWrite(name: "t", dtype: .u8, shape: [1000]) { sink in
            for start in stride(from: 0, to: 1000, by: 300) {
                let piece = (start..<min(start + 300, 1000)).map { UInt8(truncatingIfNeeded: $0) }
                try piece.withUnsafeBytes(sink)
            }
        }
        let path = folder.file("m.safetensors")
        try SafetensorsWriter.write([tensor], to: path)
        let entry = try #require(try SafetensorsFile(path: path)["t"])
        #expect(entry.bytes.elementsEqual((0..<1000).map { UInt8(truncatingIfNeeded: $0) }))
    }

    @Test func refusesWhatItCouldNotReadBack() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("m.safetensors")
        let advice = ": the file is damaged or incomplete, download or write it again"
        func message(_ tensors: [TensorToWrite]) -> String {
            folder.message { try SafetensorsWriter.write(tensors, to: path) }
        }
        #expect(
            message([TensorToWrite(name: "t", shape: [3], floats: [1, 2])])
                == "m.safetensors: data to write of tensor \"t\" is 8 bytes, expected 12 for F32 of "
                + "shape [3]" + advice)
        #expect(
            message([TensorToWrite(name: "t", shape: [1], floats: [1, 2])]).contains(
                "is 8 bytes, expected 4"))
        #expect(
            message([source("t", .u8, [1]), source("t", .f32, [1])]).contains(
                "name to write of tensor \"t\" is reserved or there twice"))
        #expect(message([source("__metadata__", .u8, [1])]).contains("reserved"))
        #expect(
            message([TensorToWrite(name: "t", dtype: .u8, shape: [-1], bytes: [])]).contains(
                "shape to write of tensor \"t\" is [-1]"))
        #expect(folder.names.isEmpty)
    }

    private let configuration = JSONObject([
        .init(key: "model_type", value: "llama"), .init(key: "hidden_size", value: 8),
    ])

    @Test func aCheckpointRoundTrips() throws {
        let folder = try TemporaryFolder()
        let writer = CheckpointWriter(directory: folder.file("deep/model"))
        let tensors = [source("a", .f32, [2, 2]), source("b", .bf16, [3], seed: 2)]
        let written = try writer.write(configuration: configuration, tensors: tensors)
        #expect(written == ["model.safetensors", "config.json"])
        let checkpoint = try Checkpoint(directory: folder.file("deep/model"))
        #expect(checkpoint.configuration.root == configuration)
        #expect(checkpoint.tensors.names == ["a", "b"])
        #expect(checkpoint.tensors.weightBytes == 22)
        #expect(
            folder.message { try writer.write(configuration: configuration, tensors: tensors) }
                == "deep/model already holds a checkpoint: choose another directory or ask to "
                + "replace it")
    }

    @Test func shardsRoundTripAndReplace() throws {
        let folder = try TemporaryFolder()
        let tensors = (0..<5).map { source("layer.\($0)", .f32, [16], seed: UInt64($0)) }
        let sharded = CheckpointWriter(directory: folder.path, maximumShardBytes: 128)
        let names = try sharded.write(configuration: configuration, tensors: tensors)
        #expect(
            names == [
                "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
                "model-00003-of-00003.safetensors", "model.safetensors.index.json", "config.json",
            ])
        #expect(folder.names == names.sorted())
        let index = try JSONValue.parse(contentsOf: folder.file("model.safetensors.index.json"))
        #expect(index.objectValue?["metadata"]?.objectValue?["total_size"] == 320)
        let first = try Checkpoint(directory: folder.path)
        #expect(first.tensors.files.count == 3)
        #expect(first.tensors.names == tensors.map(\.name))

        // Into one file, out of the shards that it replaces.
        let single = CheckpointWriter(directory: folder.path)
        let sources = try first.tensors.names.map { TensorToWrite(try first.tensors.tensor($0)) }
        try single.write(configuration: configuration, tensors: sources, replacing: true)
        #expect(folder.names == ["config.json", "model.safetensors"])
        let second = try Checkpoint(directory: folder.path)
        for name in first.tensors.names {
            let same = try second.tensors.tensor(name).bytes.elementsEqual(
                first.tensors.tensor(name).bytes)
            #expect(same)
        }

        // And back: the single file, which would win, has to go.
        try sharded.write(configuration: configuration, tensors: tensors, replacing: true)
        #expect(folder.names == names.sorted())
    }

    @Test func anUnfinishedCheckpointHasNoConfiguration() throws {
        struct Stop: Error {}
        let folder = try TemporaryFolder()
        let writer = CheckpointWriter(directory: folder.path, maximumShardBytes: 64)
        let good = source("a", .f32, [16])
        let bad = TensorToWrite(name: "b", dtype: .f32, shape: [16]) { _ in throw Stop() }
        #expect(throws: Stop.self) {
            try writer.write(configuration: configuration, tensors: [good, bad])
        }
        #expect(folder.names == ["model-00001-of-00002.safetensors"])
        #expect(throws: FormatError.self) { try Checkpoint(directory: folder.path) }
        try writer.write(configuration: configuration, tensors: [good])
        #expect(folder.names == ["config.json", "model.safetensors"])
        #expect(
            folder.message {
                try writer.write(
                    configuration: configuration, tensors: [good, good], replacing: true)
            }.contains("name to write of tensor \"a\" is there twice"))
    }
}
