/// Why a template was refused or failed: what kind of fault, where, in one sentence.

import MartletJSON

/// A template that does not parse, or whose rendering failed.
public struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A kind of fault.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The template is not in the language.
        case syntax
        /// Something that is not there was used.
        case undefined
        /// An operation was given a value of a kind that it does not take.
        case type
        /// An operation was given a value that it does not take.
        case value
        /// The template asked for what does not exist.
        case runtime
        /// The template itself refused the conversation: `raise_exception`.
        case raised
        /// The template asked for what templates may not do.
        case security
        /// The template took more than it may: text, steps, depth or time.
        case limit
    }

    /// What kind of fault it is.
    public let kind: Kind
    /// What went wrong, without the place.
    public let message: String
    /// The template's name.
    public let template: String
    /// The line, from 1.
    public let line: Int
    /// The column, from 1, in characters.
    public let column: Int

    init(_ fault: TemplateFault, template: String, at position: SourcePosition) {
        kind = fault.kind
        message = excerpt(fault.message)
        self.template = template
        line = position.line
        column = position.column
    }

    /// What, where, and what to do, in one sentence.
    public var description: String {
        let advice =
            switch kind {
            case .raised: "the template refuses this conversation; change it accordingly"
            case .limit: "shorten the conversation, or use another template"
            default: "correct the template, or what it is given"
            }
        return "\(printable(template)):\(line):\(column): \(message); \(advice)"
    }
}

/// A fault before its place is known.
struct TemplateFault: Error {
    let kind: TemplateError.Kind
    let message: String

    init(_ kind: TemplateError.Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

/// A place in a template.
struct SourcePosition: Sendable, Hashable {
    var line: Int
    var column: Int

    static let start = SourcePosition(line: 1, column: 1)
}
