/// A number for each problem, in one or two characters each; knows not what the numbers mean.

import MartletFormats

/// Whole numbers of a unit, one for each problem. The unit is a power of two, so that sums of them are exact in any
/// order and in any language.
struct ResultColumn: Sendable, Hashable {
    /// A power of two.
    let unit: Double
    /// From 0 to ``mostLevel``.
    let levels: [UInt16]

    /// The digits, the lowest first.
    static let alphabet = Array(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_".utf8)
    /// Two digits.
    static let mostLevel = 64 * 64 - 1
    private static let values: [Int8] = {
        var values = [Int8](repeating: -1, count: 256)
        for (value, byte) in alphabet.enumerated() { values[Int(byte)] = Int8(value) }
        return values
    }()

    /// The numbers in the smallest unit in which the largest has two digits, from 1/256 on: an error of at most one in
    /// 4,096 of the largest.
    ///
    /// - Parameter numbers: not negative, finite.
    init(_ numbers: [Double]) {
        let most = numbers.max() ?? 0
        var unit = 1.0 / 256
        // Where all are whole numbers a finer unit would say nothing more.
        if numbers.allSatisfy({ $0 == $0.rounded() }) { unit = 1 }
        while most / unit > Double(Self.mostLevel) { unit *= 2 }
        self.unit = unit
        levels = numbers.map { UInt16(($0 / unit).rounded()) }
    }

    init(unit: Double, levels: [UInt16]) {
        self.unit = unit
        self.levels = levels
    }

    subscript(index: Int) -> Double { unit * Double(levels[index]) }

    var sum: Double { unit * Double(levels.reduce(0) { $0 + Int($1) }) }
    var mean: Double { levels.isEmpty ? 0 : sum / Double(levels.count) }

    /// One digit for each number where that is enough, otherwise two, the higher one first.
    static func digits(of levels: [UInt16]) -> String {
        let isShort = levels.allSatisfy { $0 < 64 }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(levels.count * 2)
        for level in levels {
            if !isShort { bytes.append(alphabet[Int(level >> 6) & 63]) }
            bytes.append(alphabet[Int(level & 63)])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The numbers of `count` problems; nil where the text has others.
    static func levels(_ digits: String, count: Int) -> [UInt16]? {
        let bytes = digits.utf8
        guard count > 0, bytes.count == count || bytes.count == 2 * count else { return nil }
        let isShort = bytes.count == count
        var levels: [UInt16] = []
        levels.reserveCapacity(count)
        var high: Int8?
        for byte in bytes {
            let value = values[Int(byte)]
            guard value >= 0 else { return nil }
            if isShort {
                levels.append(UInt16(value))
            } else if let first = high {
                levels.append(UInt16(first) << 6 | UInt16(value))
                high = nil
            } else {
                high = value
            }
        }
        return levels
    }

    /// `{"unit": 4, "digits": "…"}`.
    var json: JSONValue {
        ["unit": .number(unit), "digits": .string(Self.digits(of: levels))]
    }

    /// Nil where the value is no column of `count` numbers.
    init?(json: JSONValue?, count: Int) {
        guard let object = json?.objectValue, let unit = object["unit"]?.doubleValue,
            // A power of two from 1/256 to 2^60.
            unit.significand == 1, (-8...60).contains(unit.exponent), unit > 0,
            let digits = object["digits"]?.stringValue,
            let levels = Self.levels(digits, count: count)
        else { return nil }
        self.init(unit: unit, levels: levels)
    }
}
