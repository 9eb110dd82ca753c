/// Whether generated tokens can be taken back.

/// How far tokens that were generated can be forgotten so that what follows has the bits that it would have had
/// without them. Speculation needs this of every token that it proposes.
package enum UndoRule: String, Sendable, Hashable, Comparable {
    /// Never: a step changes what cannot be restored.
    case never
    /// Back to some token only, beyond which pages were freed or sealed.
    case sometimes
    /// Back to the end of the prompt.
    case always

    /// The more a rule allows, the greater it is.
    package static func < (a: UndoRule, b: UndoRule) -> Bool { a.order < b.order }

    private var order: Int {
        switch self {
        case .never: 0
        case .sometimes: 1
        case .always: 2
        }
    }
}
