/// Renders a parsed template: its state, its limits and its statements.

/// One rendering.
final class Interpreter {
    /// What is rendered so far, by the innermost block that collects text.
    var output = TemplateText()
    /// Where the template is, for faults.
    private(set) var position = SourcePosition.start
    let clock: TemplateClock
    private let limits: RenderLimits
    private let deadline: ContinuousClock.Instant
    private var steps = 0
    private var depth = 0
    private var calls = 0
    /// What a macro or a namespace may hold in a circle, to be emptied at the end.
    private var scopes: [TemplateScope] = []
    private var namespaces: [NamespaceValue] = []

    /// Levels of evaluation inside of each other, each of which takes stack.
    private static let maximumDepth = 400
    /// Bytes or elements that count as one step.
    private static let bytesPerStep = 16

    init(limits: RenderLimits, clock: TemplateClock) {
        self.limits = limits
        self.clock = clock
        deadline = .now + limits.time
    }

    deinit {
        for scope in scopes { scope.values = [:] }
        for namespace in namespaces { namespace.values = [:] }
    }

    // MARK: Limits

    func step(_ count: Int = 1, at place: SourcePosition? = nil) throws(TemplateFault) {
        if let place { position = place }
        let before = steps >> 12
        steps += count
        guard steps <= limits.steps else {
            throw TemplateFault(.limit, "the template takes more than \(limits.steps) steps")
        }
        if steps >> 12 != before, ContinuousClock.now > deadline {
            throw TemplateFault(.limit, "the template takes longer than \(limits.time)")
        }
    }

    /// Counts what a new value takes, and refuses one that is too large.
    func charge(_ value: TemplateValue) throws(TemplateFault) -> TemplateValue {
        switch value {
        case .text(let text): try charge(bytes: text.count)
        case .list(let list): try charge(bytes: list.elements.count * Self.bytesPerStep)
        case .view(let view):
            try charge(bytes: view.list.elements.count * Self.bytesPerStep)
        default: break
        }
        try check(bytes: value.weight)
        guard value.depth <= TemplateValue.maximumDepth else {
            throw TemplateFault(
                .limit, "a value nests deeper than \(TemplateValue.maximumDepth) levels")
        }
        return value
    }

    /// Refuses what is too large, before it is made.
    func check(bytes: Int) throws(TemplateFault) {
        guard bytes <= limits.bytes else {
            throw TemplateFault(.limit, "a text is longer than \(limits.bytes) bytes")
        }
    }

    func charge(bytes: Int) throws(TemplateFault) {
        try check(bytes: bytes)
        if bytes >= Self.bytesPerStep { try step(bytes / Self.bytesPerStep) }
    }

    func enter() throws(TemplateFault) {
        depth += 1
        guard depth <= Self.maximumDepth else {
            throw TemplateFault(
                .limit, "the template nests deeper than \(Self.maximumDepth) levels")
        }
    }

    func leave() { depth -= 1 }

    /// Runs a macro's body or another round of a recursive loop.
    func calling<Result>(
        _ body: () throws(TemplateFault) -> Result
    ) throws(TemplateFault) -> Result {
        calls += 1
        defer { calls -= 1 }
        guard calls <= limits.calls else {
            throw TemplateFault(.limit, "macros call each other deeper than \(limits.calls) times")
        }
        return try body()
    }

    /// Remembers a namespace until the rendering ends.
    func makeNamespace(_ values: [String: TemplateValue]) -> TemplateValue {
        let namespace = NamespaceValue(values)
        namespaces.append(namespace)
        return .namespace(namespace)
    }

    // MARK: Output

    func write(_ text: TemplateText) throws(TemplateFault) {
        try charge(bytes: text.count)
        guard output.count + text.count <= limits.bytes else {
            throw TemplateFault(.limit, "the rendered text is longer than \(limits.bytes) bytes")
        }
        output.append(text)
    }

    /// What a body renders, as a text.
    func collect(_ body: () throws(TemplateFault) -> Void) throws(TemplateFault) -> TemplateText {
        let outer = output
        output = TemplateText()
        defer { output = outer }
        try body()
        return output
    }

    // MARK: Statements

    enum Flow { case onward, breakLoop, continueLoop }

    @discardableResult
    func execute(
        _ statements: [TemplateStatement], in scope: TemplateScope
    ) throws(TemplateFault) -> Flow {
        try enter()
        defer { leave() }
        for statement in statements {
            let flow = try execute(statement, in: scope)
            if flow != .onward { return flow }
        }
        return .onward
    }

    private func execute(
        _ statement: TemplateStatement, in scope: TemplateScope
    ) throws(TemplateFault) -> Flow {
        try step(at: statement.position)
        switch statement.kind {
        case .text(let text): try write(text)
        case .output(let expression):
            let value = try evaluate(expression, in: scope)
            if case .undefined(let value) = value, value.isWithheld { throw value.fault }
            try write(value.printed)
        case .conditional(let branches, let otherwise):
            for branch in branches where try evaluate(branch.test, in: scope).isTrue {
                return try execute(branch.body, in: scope)
            }
            return try execute(otherwise, in: scope)
        case .loop(let loop): try run(loop, in: scope)
        case .set(let target, let expression):
            try assign(try evaluate(expression, in: scope), to: target, in: scope)
        case .setBlock(let target, let filters, let body):
            let text = try collect { () throws(TemplateFault) in
                try execute(body, in: TemplateScope(in: scope))
            }
            try assign(try apply(filters, to: .text(text), in: scope), to: target, in: scope)
        case .macro(let definition):
            scopes.append(scope)
            scope.values[definition.name] = .macro(MacroValue(definition: definition, scope: scope))
        case .call(let expression, let definition):
            guard case .call(let callee, let arguments) = expression.kind else { break }
            scopes.append(scope)
            let caller = TemplateValue.macro(MacroValue(definition: definition, scope: scope))
            let value = try call(
                try evaluate(callee, in: scope),
                try evaluate(arguments, in: scope), caller: caller)
            try write(value.printed)
        case .filter(let filters, let body):
            let text = try collect { () throws(TemplateFault) in
                try execute(body, in: TemplateScope(in: scope))
            }
            try write(try apply(filters, to: .text(text), in: scope).printed)
        case .with(let bindings, let body):
            let inner = TemplateScope(in: scope)
            for (target, expression) in bindings {
                try assign(try evaluate(expression, in: scope), to: target, in: inner)
            }
            return try execute(body, in: inner)
        case .group(let body): return try execute(body, in: scope)
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        }
        return .onward
    }

    private func apply(
        _ filters: [NamedFilter], to value: TemplateValue, in scope: TemplateScope
    ) throws(TemplateFault) -> TemplateValue {
        var value = value
        for filter in filters {
            let arguments = try evaluate(filter.arguments, in: scope)
            try step(at: filter.position)
            value = try charge(try self.filter(filter.name, value, arguments))
        }
        return value
    }

    func assign(
        _ value: TemplateValue, to target: AssignmentTarget, in scope: TemplateScope
    ) throws(TemplateFault) {
        switch target {
        case .name(let name): scope.values[name] = value
        case .attribute(let name, let attribute):
            guard case .namespace(let namespace)? = scope[name] else {
                throw TemplateFault(.runtime, "cannot assign attribute on non-namespace object")
            }
            namespace.values[attribute] = value
        case .tuple(let targets):
            let elements = try value.elements(
                "cannot unpack non-iterable \(value.typeName) object")
            guard elements.count == targets.count else {
                let (got, expected) = (elements.count, targets.count)
                throw TemplateFault(
                    .value,
                    got > expected
                        ? "too many values to unpack (expected \(expected))"
                        : "not enough values to unpack (expected \(expected), got \(got))")
            }
            for (target, element) in zip(targets, elements) {
                try assign(element, to: target, in: scope)
            }
        }
    }

    // MARK: Loops

    private func run(
        _ statement: LoopStatement, in scope: TemplateScope
    ) throws(TemplateFault) {
        let sequence = try evaluate(statement.sequence, in: scope)
        try run(statement, over: sequence, in: scope, depth: 0)
    }

    func run(
        _ statement: LoopStatement, over sequence: TemplateValue, in scope: TemplateScope,
        depth: Int
    ) throws(TemplateFault) {
        var elements = try sequence.elements()
        if let condition = statement.condition {
            var kept: [TemplateValue] = []
            for element in elements {
                try step()
                let inner = TemplateScope(in: scope)
                try assign(element, to: statement.target, in: inner)
                if try evaluate(condition, in: inner).isTrue { kept.append(element) }
            }
            elements = kept
        }
        let loop = LoopValue(
            elements, depth: depth, recursion: statement.isRecursive ? (statement, scope) : nil)
        for (index, element) in elements.enumerated() {
            try step()
            loop.index = index
            let inner = TemplateScope(["loop": .loop(loop)], in: scope)
            try assign(element, to: statement.target, in: inner)
            if try execute(statement.body, in: inner) == .breakLoop { return }
        }
        if elements.isEmpty { try execute(statement.otherwise, in: TemplateScope(in: scope)) }
    }
}
