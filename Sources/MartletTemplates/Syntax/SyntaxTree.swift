/// A parsed template: statements and expressions, each with its place.

/// An expression, with its place and how deep it nests.
struct TemplateExpression: Sendable {
    let kind: Kind
    let position: SourcePosition
    /// 1 for a leaf.
    let depth: Int

    indirect enum Kind: Sendable {
        case constant(Constant)
        case name(String)
        case list([TemplateExpression])
        case tuple([TemplateExpression])
        case dictionary([(key: TemplateExpression, value: TemplateExpression)])
        case attribute(TemplateExpression, String)
        case subscripted(TemplateExpression, TemplateExpression)
        case slice(
            TemplateExpression, start: TemplateExpression?, end: TemplateExpression?,
            step: TemplateExpression?)
        case call(TemplateExpression, TemplateArguments)
        case filter(TemplateExpression, name: String, TemplateArguments)
        case test(TemplateExpression, name: String, TemplateArguments)
        case not(TemplateExpression)
        case negative(TemplateExpression)
        case positive(TemplateExpression)
        case binary(BinaryOperator, TemplateExpression, TemplateExpression)
        case comparison(TemplateExpression, [(ComparisonOperator, TemplateExpression)])
        case concatenation([TemplateExpression])
        case and(TemplateExpression, TemplateExpression)
        case or(TemplateExpression, TemplateExpression)
        case conditional(
            test: TemplateExpression, then: TemplateExpression, otherwise: TemplateExpression?)
    }

    enum Constant: Sendable {
        case none
        case bool(Bool)
        case integer(Int)
        case number(Double)
        case string(String)
    }
}

enum BinaryOperator: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case modulo = "%"
    case power = "**"
}

enum ComparisonOperator: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isIn = "in"
    case isNotIn = "not in"
}

/// What a call is given.
struct TemplateArguments: Sendable {
    var positional: [TemplateExpression] = []
    var named: [(name: String, value: TemplateExpression)] = []
    /// `*list` and `**dictionary`.
    var unpacked: TemplateExpression?
    var unpackedNames: TemplateExpression?

    static let none = TemplateArguments()

    var depth: Int {
        var depth = 0
        for argument in positional { depth = max(depth, argument.depth) }
        for argument in named { depth = max(depth, argument.value.depth) }
        return max(depth, unpacked?.depth ?? 0, unpackedNames?.depth ?? 0)
    }
}

/// What a value is bound to.
indirect enum AssignmentTarget: Sendable {
    case name(String)
    case attribute(namespace: String, name: String)
    case tuple([AssignmentTarget])
}

/// A statement, with its place.
struct TemplateStatement: Sendable {
    let kind: Kind
    let position: SourcePosition

    enum Kind: Sendable {
        case text(TemplateText)
        case output(TemplateExpression)
        case conditional(
            [(test: TemplateExpression, body: [TemplateStatement])], otherwise: [TemplateStatement])
        case loop(LoopStatement)
        case set(AssignmentTarget, TemplateExpression)
        case setBlock(AssignmentTarget, filters: [NamedFilter], body: [TemplateStatement])
        case macro(MacroDefinition)
        case call(TemplateExpression, MacroDefinition)
        case filter([NamedFilter], body: [TemplateStatement])
        case with([(AssignmentTarget, TemplateExpression)], body: [TemplateStatement])
        case group([TemplateStatement])
        case breakLoop
        case continueLoop
    }
}

/// A filter of a block.
struct NamedFilter: Sendable {
    let name: String
    let arguments: TemplateArguments
    let position: SourcePosition
}

/// A loop.
struct LoopStatement: Sendable {
    let target: AssignmentTarget
    let sequence: TemplateExpression
    let condition: TemplateExpression?
    let isRecursive: Bool
    let body: [TemplateStatement]
    let otherwise: [TemplateStatement]
}

/// A macro.
struct MacroDefinition: Sendable {
    let name: String
    let parameters: [(name: String, defaultValue: TemplateExpression?)]
    let body: [TemplateStatement]
    /// Whether the body speaks of these, which it is then given.
    let usesExtraArguments: Bool
    let usesExtraNames: Bool
    let usesCaller: Bool
}
