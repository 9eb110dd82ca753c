/// How alike two sets of answers are; knows letters and digits, not what they name.

enum SetOverlap {
    /// Intersection over union, from 0 to 1. Two empty sets share nothing.
    static func score(_ given: Set<String>, _ expected: Set<String>) -> Double {
        let union = given.union(expected).count
        return union == 0 ? 0 : Double(given.intersection(expected).count) / Double(union)
    }

    /// The runs of ASCII letters in a text, separated by all other characters, so that the numbers of a list
    /// are no words.
    static func words(_ text: String) -> Set<String> {
        Set(text.split { !($0.isASCII && $0.isLetter) }.map(String.init))
    }

    /// The whole numbers in a text, without leading zeros.
    static func numbers(_ text: String) -> Set<String> {
        Set(
            text.split { !($0.isASCII && $0.isNumber) }
                .map { digits in String(digits.drop { $0 == "0" }) })
    }
}
