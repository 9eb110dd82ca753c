// Vocabularies in GGUF files, read as far as their tokenizers go.

import Foundation
import MartletTokenizers

/// The keys of a GGUF file's metadata that tests need; the file is one of the shared vectors, so it is trusted.
struct MetadataFixture {
    private var bytes: [UInt8]
    private var position = 0
    private(set) var metadata: TokenizerMetadata

    static func read(_ path: String) throws -> TokenizerMetadata {
        var reader = MetadataFixture(
            bytes: [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))),
            metadata: TokenizerMetadata(source: path, kind: "", tokens: []))
        reader.readAll()
        return reader.metadata
    }

    private enum Value {
        case number(Double)
        case text(ArraySlice<UInt8>)
        case numbers([Double])
        case texts([ArraySlice<UInt8>])
    }

    private mutating func number(_ size: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<size { value |= UInt64(bytes[position + index]) << UInt64(index * 8) }
        position += size
        return value
    }

    private mutating func text() -> ArraySlice<UInt8> {
        let count = Int(number(8))
        position += count
        return bytes[(position - count)..<position]
    }

    private static let sizes = [
        0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8,
    ]

    private mutating func scalar(_ type: Int) -> Double {
        let raw = number(Self.sizes[type] ?? 0)
        switch type {
        case 6: return Double(Float(bitPattern: UInt32(truncatingIfNeeded: raw)))
        case 5: return Double(Int32(truncatingIfNeeded: raw))
        case 1: return Double(Int8(truncatingIfNeeded: raw))
        default: return Double(raw)
        }
    }

    private mutating func value(_ type: Int) -> Value {
        if type == 8 { return .text(text()) }
        guard type == 9 else { return .number(scalar(type)) }
        let element = Int(number(4))
        let count = Int(number(8))
        if element == 8 { return .texts((0..<count).map { _ in text() }) }
        return .numbers((0..<count).map { _ in scalar(element) })
    }

    private mutating func readAll() {
        position = 16
        let count = number(8)
        for _ in 0..<count {
            let key = String(decoding: text(), as: UTF8.self)
            let value = value(Int(number(4)))
            guard key.hasPrefix("tokenizer.ggml.") else { continue }
            take(String(key.dropFirst(15)), value)
        }
    }

    private mutating func take(_ key: String, _ value: Value) {
        switch (key, value) {
        case ("model", .text(let text)): metadata.kind = String(decoding: text, as: UTF8.self)
        case ("pre", .text(let text)):
            metadata.preTokenizer = String(decoding: text, as: UTF8.self)
        case ("tokens", .texts(let texts)): metadata.tokens = texts
        case ("merges", .texts(let texts)): metadata.merges = texts
        case ("scores", .numbers(let numbers)): metadata.scores = numbers.map { Float($0) }
        case ("token_type", .numbers(let numbers)): metadata.types = numbers.map { Int32($0) }
        case ("precompiled_charsmap", .numbers(let numbers)):
            metadata.charsmap = numbers.map { UInt8(truncatingIfNeeded: Int($0)) }
        case ("bos_token_id", .number(let id)): metadata.bos = Int(id)
        case ("eos_token_id", .number(let id)): metadata.eos = Int(id)
        case ("unknown_token_id", .number(let id)): metadata.unknown = Int(id)
        case ("seperator_token_id", .number(let id)): metadata.separator = Int(id)
        case ("cls_token_id", .number(let id)): metadata.classification = Int(id)
        case ("padding_token_id", .number(let id)): metadata.padding = Int(id)
        case ("add_bos_token", .number(let flag)): metadata.addsBos = flag != 0
        case ("add_eos_token", .number(let flag)): metadata.addsEos = flag != 0
        case ("add_space_prefix", .number(let flag)): metadata.prefixesSpace = flag != 0
        case ("remove_extra_whitespaces", .number(let flag)):
            metadata.removesExtraWhitespace = flag != 0
        default: break
        }
    }
}
