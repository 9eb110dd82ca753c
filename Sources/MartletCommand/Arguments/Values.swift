/// Values of options that are more than a word or a number. Each says what it expects.

public import ArgumentParser
import Foundation
public import Martlet

extension WeightType: ExpressibleByArgument {}
extension CacheCodec: ExpressibleByArgument {}
extension Pooling: ExpressibleByArgument {}

/// What an option expected and did not get; the parser adds which option and what it got.
struct Expected: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ what: String) { description = "expected \(what)" }
}

/// Whole numbers with commas between them; an empty text is an empty list.
struct NumberList: Equatable, CustomStringConvertible {
    var values: [Int]

    init(_ values: [Int]) { self.values = values }

    @Sendable init(parsing text: String) throws {
        values = []
        guard !text.isEmpty else { return }
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let value = Int(part.trimmingSpaces), value >= 0 else {
                throw Expected("whole numbers with commas between them, such as 1,2,3")
            }
            values.append(value)
        }
    }

    var description: String { values.map(String.init).joined(separator: ",") }
}

/// Numbers with commas between them, fractions allowed.
struct DecimalList: Equatable, CustomStringConvertible {
    let values: [Double]

    init(_ values: [Double]) { self.values = values }

    @Sendable init(parsing text: String) throws {
        values = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let value = Double(part.trimmingSpaces), value.isFinite else {
                throw Expected("numbers with commas between them, such as 1,1.5,2")
            }
            return value
        }
    }

    var description: String {
        values.map { $0 == $0.rounded() ? String(format: "%.0f", $0) : "\($0)" }
            .joined(separator: ",")
    }
}

/// Token ids with commas between them.
struct TokenList: Equatable {
    let tokens: [Int32]

    @Sendable init(parsing text: String) throws {
        tokens = try NumberList(parsing: text).values.map { value in
            guard let token = Int32(exactly: value) else {
                throw Expected("token ids below \(Int32.max)")
            }
            return token
        }
    }
}

/// A number of bytes: `4096`, `64MB`, `1.5GiB`.
struct ByteCount: Equatable {
    let bytes: Int

    private static let units: [(name: String, bytes: Double)] = [
        ("kib", 1024), ("mib", 1_048_576), ("gib", 1_073_741_824), ("tib", 1_099_511_627_776),
        ("kb", 1e3), ("mb", 1e6), ("gb", 1e9), ("tb", 1e12), ("b", 1),
    ]

    @Sendable init(parsing text: String) throws {
        let lower = text.lowercased()
        let unit = Self.units.first { lower.hasSuffix($0.name) }
        let number = lower.dropLast(unit?.name.count ?? 0).trimmingSpaces
        guard let value = Double(number), value.isFinite, value >= 0,
            let bytes = Int(exactly: (value * (unit?.bytes ?? 1)).rounded())
        else { throw Expected("a number of bytes, such as 4096, 64MB or 1.5GiB") }
        self.bytes = bytes
    }
}

/// A token and what is added to its logit: `123=-5`, `123=-inf`.
struct LogitBias: Equatable {
    let token: Int32
    let bias: Float

    @Sendable init(parsing text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let token = Int32(parts[0]), let bias = Float(parts[1]) else {
            throw Expected("a token id and a number, such as 13=-5 or 13=-inf")
        }
        self.token = token
        self.bias = bias
    }
}

extension StopToken {
    /// A whole number is an id, anything else the token's text.
    @Sendable init(parsing text: String) throws {
        guard !text.isEmpty else { throw Expected("a token's id or its text") }
        self = Int32(text).map { .id($0) } ?? .text(text)
    }
}

extension StringProtocol {
    /// The text without spaces around it.
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
