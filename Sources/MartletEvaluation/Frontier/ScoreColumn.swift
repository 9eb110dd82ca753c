/// The scores of a configuration in one or two characters each, exactly.

import MartletFormats

/// Scores as places in the list of the values that occur: `01101` where problems are right or wrong.
struct ScoreColumn: Sendable, Hashable {
    /// The values that occur, rising; 0 and 1 where there are no others.
    let values: [Double]
    private let levels: [UInt16]

    /// Scores from 0 to 1. Where more than 4,096 different ones occur they are rounded to the nearest 4,095th.
    init(_ scores: [Double]) {
        var rounded = scores
        if Set(scores).count > ResultColumn.mostLevel + 1 {
            let most = Double(ResultColumn.mostLevel)
            rounded = scores.map { ($0 * most).rounded() / most }
        }
        let values = rounded.allSatisfy { $0 == 0 || $0 == 1 } ? [0, 1] : Set(rounded).sorted()
        let places = Dictionary(
            values.enumerated().map { ($1, UInt16($0)) }, uniquingKeysWith: { a, _ in a })
        self.values = values
        levels = rounded.map { places[$0] ?? 0 }
    }

    var scores: [Double] { levels.map { values[Int($0)] } }

    /// `{"values": [0, 1], "digits": "…"}`.
    var json: JSONValue {
        [
            "values": .array(values.map { .number($0) }),
            "digits": .string(ResultColumn.digits(of: levels)),
        ]
    }

    /// Nil where the value is no column of `count` scores.
    init?(json: JSONValue?, count: Int) {
        guard let object = json?.objectValue, let list = object["values"]?.arrayValue,
            list.count <= ResultColumn.mostLevel + 1,
            let digits = object["digits"]?.stringValue,
            let levels = ResultColumn.levels(digits, count: count)
        else { return nil }
        let values = list.compactMap(\.doubleValue)
        guard values.count == list.count, values.allSatisfy({ (0...1).contains($0) }),
            levels.allSatisfy({ Int($0) < values.count })
        else { return nil }
        self.values = values
        self.levels = levels
    }
}
