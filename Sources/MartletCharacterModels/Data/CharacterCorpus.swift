// Text as numbered characters, cut into what is trained on and what is held out.
// This file knows Unicode scalars; it refuses to know models.

import Foundation
public import MartletTraining

/// The characters of a text, the most frequent first. All others are one symbol, the last.
public struct CharacterVocabulary: Sendable, Hashable {
    /// The characters that have a symbol of their own.
    public let scalars: [Unicode.Scalar]
    private let spaces: [Bool]

    /// Symbols, the one for all other characters included.
    public var count: Int { scalars.count + 1 }
    /// The symbol of characters that have none.
    public var unknown: Int32 { Int32(scalars.count) }

    /// The most frequent characters of a text.
    ///
    /// - Parameter limit: characters at most; rarer ones share a symbol.
    public init(of text: ArraySlice<Unicode.Scalar>, limit: Int = 255) {
        var counts: [Unicode.Scalar: Int] = [:]
        for scalar in text { counts[scalar, default: 0] += 1 }
        let ordered = counts.sorted { ($1.value, $0.key.value) < ($0.value, $1.key.value) }
        self.init(scalars: ordered.prefix(limit).map(\.key))
    }

    /// Characters in the order of their symbols, no two the same.
    init(scalars: [Unicode.Scalar]) {
        self.scalars = scalars
        spaces = scalars.map(\.properties.isWhitespace) + [false]
    }

    /// Whether a symbol is a blank, a line's end or a tab.
    public func isSpace(_ symbol: Int32) -> Bool { spaces[Int(symbol)] }

    /// The characters of symbols; U+FFFD for the one that stands for several.
    public func text(_ symbols: [Int32]) -> String {
        var text = String.UnicodeScalarView()
        for symbol in symbols { text.append(symbol < unknown ? scalars[Int(symbol)] : "\u{FFFD}") }
        return String(text)
    }

    /// The symbols of a text.
    public func symbols(_ text: some Sequence<Unicode.Scalar>) -> [Int32] {
        let index = Dictionary(scalars.enumerated().map { ($1, Int32($0)) }) { first, _ in first }
        return text.map { index[$0] ?? unknown }
    }
}

/// A text to train on, its last twentieth held out (by characters, not shuffled).
public struct CharacterCorpus: Sendable {
    /// What tables call it.
    public let name: String
    /// The whole text.
    public let symbols: [Int32]
    /// The symbols, counted in the part that is trained on.
    public let vocabulary: CharacterVocabulary
    /// Characters that are trained on; the rest is held out.
    public let trainingCount: Int

    /// Reads a text.
    ///
    /// - Parameters:
    ///   - limit: characters that are read at most; nil for all.
    ///   - context: the length of windows; both parts must have one with the character after it.
    /// - Throws: ``TrainingError/data(source:reason:)`` in one sentence.
    public init(
        name: String, bytes: [UInt8], limit: Int? = nil, context: Int
    ) throws(TrainingError) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .data(source: name, reason: "is not valid UTF-8; convert it first")
        }
        let scalars =
            limit.map { Array(text.unicodeScalars.prefix($0)) } ?? Array(text.unicodeScalars)
        let held = scalars.count / 20
        guard held > context else {
            throw .data(
                source: name,
                reason:
                    "has \(scalars.count) characters, expected at least \(20 * (context + 1)) so that "
                    + "a twentieth holds a context of \(context); give more text or a shorter context"
            )
        }
        self.name = name
        trainingCount = scalars.count - held
        vocabulary = CharacterVocabulary(of: scalars[..<trainingCount])
        symbols = vocabulary.symbols(scalars)
    }

    /// What is trained on.
    var training: ArraySlice<Int32> { symbols[..<trainingCount] }
    /// What is held out.
    var heldOut: ArraySlice<Int32> { symbols[trainingCount...] }
}
