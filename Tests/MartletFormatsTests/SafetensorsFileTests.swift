/// Reading safetensors: a good file, and one test for each way of lying, with its sentence.

import MartletFormats
import MartletKernels
import Testing

@Suite struct SafetensorsFileTests {
    private static let damaged = ": the file is damaged or incomplete, download or write it again"

    @Test func readsNamesTypesShapesAndBytes() throws {
        let folder = try TemporaryFolder()
        // The data offsets are odd on purpose: nothing in the format aligns them.
        let header = #"""
            {"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,1],"data_offsets":[1,9]},
            "a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},
            "none":{"dtype":"F16","shape":[0,7],"data_offsets":[9,9]},
            "one":{"dtype":"BF16","shape":[],"data_offsets":[9,11]}}   
            """#
        let path = try folder.write("m.safetensors", safetensors(header, data: 11))
        let file = try SafetensorsFile(path: path)
        #expect(file.metadata == ["format": "pt"])
        #expect(file.entries.map(\.name) == ["a", "b", "none", "one"])
        let entry = try #require(file["b"])
        #expect(entry.dtype == .f32)
        #expect(entry.shape == [2, 1])
        #expect(entry.elementCount == 2)
        #expect(Array(entry.bytes) == (1..<9).map { UInt8(truncatingIfNeeded: $0 * 37 + 1) })
        #expect(file["one"]?.elementCount == 1)
        #expect(file["none"]?.elementCount == 0)
        #expect(try file["none"]?.floats() == [])
        #expect(file["missing"] == nil)
        entry.releaseResident()
        #expect(entry.bytes.first == 38)
    }

    @Test func aFileWithoutTensorsIsValid() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("m.safetensors", safetensors("{}", data: 0))
        #expect(try SafetensorsFile(path: path).entries.isEmpty)
    }

    @Test(arguments: [
        (
            "[4]", "[0,15]",
            "data_offsets of tensor \"w\" is [0, 15] (15 bytes), expected 16 bytes for F32 of shape [4]"
        ),
        (
            "[4]", "[16,0]",
            "data_offsets of tensor \"w\" is [16, 0], expected begin <= end, both in 0...16 (the bytes after the header)"
        ),
        (
            "[4]", "[-1,15]",
            "data_offsets of tensor \"w\" is [-1, 15], expected begin <= end, both in 0...16 (the bytes after the header)"
        ),
        (
            "[4]", "[0,17]",
            "data_offsets of tensor \"w\" is [0, 17], expected begin <= end, both in 0...16 (the bytes after the header)"
        ),
        (
            "[4]", "[0,9223372036854775807]",
            "data_offsets of tensor \"w\" is [0, 9223372036854775807], expected begin <= end, both in 0...16 (the bytes after the header)"
        ),
        (
            "[4]", "[0,18446744073709551616]",
            "data_offsets of tensor \"w\" is [0, 1.8446744073709552e+19], expected two integers"
        ),
        ("[4]", "[0]", "data_offsets of tensor \"w\" is [0], expected two integers"),
        ("[4]", "[0,16.5]", "data_offsets of tensor \"w\" is [0, 16.5], expected two integers"),
        ("[4]", "null", "data_offsets of tensor \"w\" is null, expected two integers"),
        ("[-4]", "[0,16]", "shape of tensor \"w\" is [-4], expected lengths of 0 or more"),
        ("[4.0]", "[0,16]", "shape of tensor \"w\" is [4.0], expected lengths of 0 or more"),
        ("4", "[0,16]", "shape of tensor \"w\" is 4, expected an array of lengths"),
        (
            "[4294967296,4294967296]", "[0,16]",
            "shape of tensor \"w\" is [4294967296, 4294967296], expected a product that fits in 64 bits"
        ),
        (
            "[9223372036854775807]", "[0,16]",
            "shape of tensor \"w\" is [9223372036854775807], expected a product that fits in 64 bits"
        ),
        (
            "[5]", "[0,16]",
            "data_offsets of tensor \"w\" is [0, 16] (16 bytes), expected 20 bytes for F32 of shape [5]"
        ),
    ])
    func refusesAWrongEntry(shape: String, offsets: String, expected: String) throws {
        let folder = try TemporaryFolder()
        let header = "{\"w\":{\"dtype\":\"F32\",\"shape\":\(shape),\"data_offsets\":\(offsets)}}"
        let path = try folder.write("m.safetensors", safetensors(header, data: 16))
        let message = folder.message { _ = try SafetensorsFile(path: path) }
        #expect(message == "m.safetensors: " + expected + Self.damaged)
    }

    @Test(arguments: [
        (#"{"w":3}"#, "entry of tensor \"w\" is 3, expected an object"),
        (
            #"{"w":{"shape":[],"data_offsets":[0,4]}}"#,
            "dtype of tensor \"w\" is missing, expected a string"
        ),
        (
            #"{"w":{"dtype":7,"shape":[],"data_offsets":[0,4]}}"#,
            "dtype of tensor \"w\" is 7, expected a string"
        ),
        (
            #"{"w":{"dtype":"F32","data_offsets":[0,4]}}"#,
            "shape of tensor \"w\" is missing, expected an array of lengths"
        ),
        (#"{"__metadata__":["pt"]}"#, "__metadata__ is [\"pt\"], expected an object of strings"),
        (#"{"__metadata__":{"k":1}}"#, "\"k\" of __metadata__ is 1, expected a string"),
        ("[]", "first byte of the header is 91, expected '{'"),
        (" {}", "first byte of the header is 32, expected '{'"),
        ("", "first byte of the header is missing, expected '{'"),
        ("{}", "size is 14 bytes, expected 10 bytes, where the last tensor ends"),
        (
            #"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#,
            "size is 65 bytes, expected 64 bytes, where the last tensor ends"
        ),
        (
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#,
            "data_offsets of tensor \"b\" is a hole, beginning at 2, expected to begin at 1, where the tensor before it ends"
        ),
        (
            #"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#,
            "data_offsets of tensor \"b\" is an overlap, beginning at 2, expected to begin at 3, where the tensor before it ends"
        ),
        (
            "{\"\u{e9}\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},\"e\u{301}\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[3,4]}}",
            "name of tensor \"e\u{301}\" is there twice, expected a name of its own"
        ),
    ])
    func refusesAWrongHeader(header: String, expected: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("m.safetensors", safetensors(header, data: 4))
        let message = folder.message { _ = try SafetensorsFile(path: path) }
        #expect(message == "m.safetensors: " + expected + Self.damaged)
    }

    @Test func refusesHeadersThatAreNotJSON() throws {
        let folder = try TemporaryFolder()
        func message(_ header: String) throws -> String {
            let path = try folder.write("m.safetensors", safetensors(header, data: 0))
            return folder.message { _ = try SafetensorsFile(path: path) }
        }
        #expect(
            try message("{\"a\":") == "m.safetensors (header) is not valid JSON at byte 5, got the "
                + "end of the text, expected a value: correct the text or download the file again")
        #expect(
            try message(#"{"a":{},"a":{}}"#)
                == "m.safetensors (header) is not valid JSON at byte 0, "
                + "got an object with the key \"a\" twice, expected each key once: correct the text "
                + "or download the file again")
        let deep = "{\"a\":" + String(repeating: "[", count: 100_000)
        #expect(try message(deep).contains("nesting deeper than 128"))
    }

    @Test func refusesUnknownTypes() throws {
        let folder = try TemporaryFolder()
        let header = #"{"w":{"dtype":"F8_E5M2","shape":[4],"data_offsets":[0,4]}}"#
        let path = try folder.write("m.safetensors", safetensors(header, data: 4))
        #expect(
            folder.message { _ = try SafetensorsFile(path: path) }
                == "m.safetensors: element type of tensor \"w\" is \"F8_E5M2\", expected one of F64, "
                + "F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL, F8_E4M3: convert "
                + "the checkpoint to one of these")
    }

    @Test(arguments: [
        (0, "size is 0 bytes, expected at least the 8 bytes of the header length"),
        (7, "size is 7 bytes, expected at least the 8 bytes of the header length"),
        (8, "header length is 57, expected at most the 0 bytes that follow it"),
        (40, "header length is 57, expected at most the 32 bytes that follow it"),
        (
            80,
            "data_offsets of tensor \"w\" is [0, 16], expected begin <= end, both in 0...15 (the bytes after the header)"
        ),
    ])
    func refusesTruncatedFiles(count: Int, expected: String) throws {
        let folder = try TemporaryFolder()
        let header = #"{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}  "#
        let whole = safetensors(header, data: 16)
        #expect(whole.count == 81)
        let path = try folder.write("m.safetensors", Array(whole[..<count]))
        let message = folder.message { _ = try SafetensorsFile(path: path) }
        #expect(message == "m.safetensors: " + expected + Self.damaged)
    }

    @Test(arguments: [UInt64.max, 1 << 63, 100_000_001, 1_000, 3])
    func refusesLyingHeaderLengths(length: UInt64) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("m.safetensors", safetensors("{}", data: 0, length: length))
        #expect(
            folder.message { _ = try SafetensorsFile(path: path) }
                == "m.safetensors: header length is \(length), expected at most the 2 bytes that "
                + "follow it" + Self.damaged)
    }

    @Test func refusesTooManyDimensionsAndShortensNames() throws {
        let folder = try TemporaryFolder()
        let shape = "[" + Array(repeating: "1", count: 65).joined(separator: ",") + "]"
        let name = String(repeating: "n", count: 100_000) + "\u{1b}"
        let header =
            "{\"\(name.dropLast())\":{\"dtype\":\"U8\",\"shape\":\(shape),\"data_offsets\":[0,1]}}"
        let path = try folder.write("m.safetensors", safetensors(header, data: 1))
        let message = folder.message { _ = try SafetensorsFile(path: path) }
        #expect(
            message == "m.safetensors: shape of tensor \""
                + String(repeating: "n", count: 80) + "…\" is 65 dimensions, expected at most 64"
                + Self.damaged)
    }

    @Test func controlCharactersOfNamesAreNotPrintedAsTheyAre() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("m.safetensors", safetensors(#"{"\u001b[2J":3}"#, data: 0))
        let message = folder.message { _ = try SafetensorsFile(path: path) }
        #expect(message.contains("\"\\u{1b}[2J\""))
    }
}
