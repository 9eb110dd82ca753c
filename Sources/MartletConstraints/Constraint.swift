/// What a text must match, as callers say it.

/// What a text must match.
public enum Constraint: Hashable, Sendable {
    /// A JSON value that a schema allows; the schema as JSON text.
    case jsonSchema(String)
    /// Any JSON object.
    case jsonObject
    /// A text that a regular expression matches from beginning to end.
    case regex(String)
    /// One of the texts.
    case choice([String])
    /// A text that a grammar in llama.cpp's notation (GBNF) derives from its rule `root`.
    case grammar(String)
    /// A text that a grammar in Lark's notation derives from its rule `start`. Terminals are not longest matches: the
    /// text matches as its characters do.
    case lark(String)
    /// A text of parts, such as calls of tools.
    case outline(Outline)
}

/// A text whose parts are known: what comes before, between and after values, and which values.
public indirect enum Outline: Hashable, Sendable {
    /// This text.
    case text(String)
    /// This special token, which is no text.
    case special(String)
    /// Any text up to the first place where this one stands, and that. A special token of the same name counts too.
    case until(String)
    /// A text that matches a constraint, such as a JSON value.
    case matching(Constraint)
    /// Any of these.
    case choice([Outline])
    /// These one after another.
    case sequence([Outline])
    /// A part so many times, with another one between; `most` is nil where there is no bound.
    case repetition(Outline, least: Int, most: Int?, separator: String)
    /// Any text. Where one of the triggers comes, what belongs to it must follow, and after that any text again.
    case triggered([Trigger], isRequired: Bool)

    /// A text that begins something that must match, such as a call.
    public struct Trigger: Hashable, Sendable {
        /// The text, or the name of a special token.
        public let text: String
        /// What must follow.
        public let body: Outline

        /// Pairs a text with what must follow it.
        public init(_ text: String, _ body: Outline) {
            self.text = text
            self.body = body
        }
    }

    /// A constraint that holds once a text has come, such as the end of what a model thinks.
    public static func after(_ marker: String, _ body: Outline) -> Outline {
        .sequence([.until(marker), .matching(.regex("\\s{0,4}")), body])
    }
}
