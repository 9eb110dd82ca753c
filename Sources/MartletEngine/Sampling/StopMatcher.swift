/// Finds stop strings in text that arrives in pieces. Knows no tokens.

/// Holds back text that may turn out to begin a stop string, and releases the rest.
///
/// The match is the one that is complete first, the longest of those that end there; so the result
/// does not depend on how the text is cut into pieces. Comparison is by UTF-8 bytes.
struct StopMatcher: Sendable {
    private let stops: [[UInt8]]
    private let isAfterText: Bool
    /// Whether anything but blanks was released.
    private var hasText = false
    private var held: [UInt8] = []
    /// The stop string that was found. The text before it is all that is ever released.
    private(set) var match: String?

    /// Precondition: no stop string is empty.
    ///
    /// - Parameter afterText: whether a stop string before which there are only blanks is none.
    init(stops: [String], afterText: Bool = false) {
        precondition(!stops.contains(""), "StopMatcher: got an empty stop string, expected text")
        self.stops = stops.map { Array($0.utf8) }
        isAfterText = afterText
    }

    /// Takes the next piece and returns the text that is certainly not part of a stop string.
    mutating func append(_ text: String) -> String {
        guard match == nil else { return "" }
        guard !stops.isEmpty else { return text }
        var end = held.count
        held.append(contentsOf: text.utf8)
        while end < held.count {
            end += 1
            guard let found = longestStop(endingAt: end),
                !isAfterText || hasText || says(held[..<(end - found.count)])
            else { continue }
            match = String(decoding: found, as: UTF8.self)
            let released = String(decoding: held[..<(end - found.count)], as: UTF8.self)
            held = []
            return released
        }
        let keep = longestHeldPrefix()
        hasText = hasText || says(held[..<(held.count - keep)])
        let released = String(decoding: held[..<(held.count - keep)], as: UTF8.self)
        held.removeFirst(held.count - keep)
        return released
    }

    /// Returns the text held back: nothing more will come.
    mutating func flush() -> String {
        defer { held = [] }
        return String(decoding: held, as: UTF8.self)
    }

    /// Whether a part is more than spaces, tabs and line breaks.
    private func says(_ part: ArraySlice<UInt8>) -> Bool {
        part.contains { ![UInt8(ascii: " "), 9, 10, 13].contains($0) }
    }

    private func longestStop(endingAt end: Int) -> [UInt8]? {
        var longest: [UInt8]?
        for stop in stops
        where stop.count > longest?.count ?? 0 && held[..<end].hasSuffix(stop[...]) {
            longest = stop
        }
        return longest
    }

    /// The length of the longest end of the held text that begins some stop string.
    private func longestHeldPrefix() -> Int {
        var longest = 0
        for stop in stops {
            var length = min(stop.count - 1, held.count)
            while length > longest {
                if held.hasSuffix(stop[..<length]) { longest = length }
                length -= 1
            }
        }
        return longest
    }
}

extension RandomAccessCollection where Element == UInt8 {
    fileprivate func hasSuffix(_ other: ArraySlice<UInt8>) -> Bool {
        count >= other.count && suffix(other.count).elementsEqual(other)
    }
}
