/// When two names in an answer are the same; knows spelling, no story.

import Foundation

enum StoryAnswer {
    /// In small letters, without an article before it and a full stop after it.
    static func normalized(_ name: String) -> String {
        var name = name.lowercased().trimmingCharacters(in: .whitespacesAndNewlines)
        if name.hasSuffix(".") { name.removeLast() }
        for article in ["the ", "an ", "a "] where name.hasPrefix(article) {
            return String(name.dropFirst(article.count))
        }
        return name
    }

    static func isSame(_ given: String, _ expected: String) -> Bool {
        normalized(given) == normalized(expected)
    }
}
