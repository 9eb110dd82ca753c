/// A chat template: parsed once, rendered for each conversation.

public import MartletJSON

/// A template in the part of Jinja's language that chat templates use, with the settings that they are written for.
///
/// Templates come from downloads and are not trusted: they can neither reach anything outside of what they are given,
/// nor take more time, memory or stack than ``RenderLimits`` allows.
public struct ChatTemplate: Sendable {
    /// The template's text.
    public let source: String
    /// What errors call it.
    public let name: String
    private let body: [TemplateStatement]

    /// Parses a template.
    ///
    /// - Throws: ``TemplateError`` with line and column of what is not in the language.
    public init(_ source: String, name: String = "chat template") throws(TemplateError) {
        self.source = source
        self.name = name
        do throws(PlacedFault) {
            body = try TemplateParser.parse(source)
        } catch {
            throw TemplateError(error.fault, template: name, at: error.position)
        }
    }

    /// Renders the template.
    ///
    /// - Parameters:
    ///   - input: what comes from the conversation, by name: messages, tools, settings. Its texts are marked as input in
    ///     what is rendered.
    ///   - constants: what belongs to the model, by name: the texts of special tokens. These are not marked.
    ///   - clock: what `strftime_now` tells.
    /// - Throws: ``TemplateError`` when the template refuses the conversation or fails on it.
    public func render(
        _ input: JSONObject, constants: JSONObject = JSONObject(), clock: TemplateClock = .system,
        limits: RenderLimits = RenderLimits()
    ) throws(TemplateError) -> RenderedPrompt {
        let interpreter = Interpreter(limits: limits, clock: clock)
        do throws(TemplateFault) {
            let globals = TemplateScope()
            for member in constants.members {
                globals.values[member.key] = TemplateValue(member.value, fromInput: false)
            }
            for member in input.members {
                globals.values[member.key] = TemplateValue(member.value, fromInput: true)
            }
            try interpreter.execute(body, in: TemplateScope(in: globals))
        } catch {
            throw TemplateError(error, template: name, at: interpreter.position)
        }
        return RenderedPrompt(interpreter.output)
    }
}

/// A rendered prompt, in segments of one origin each.
public struct RenderedPrompt: Sendable, Hashable {
    /// A part of a prompt.
    public struct Segment: Sendable, Hashable {
        /// Its text.
        public let text: String
        /// Whether it came from the conversation rather than from the template, so that it may hold no control tokens.
        public let fromInput: Bool
    }

    /// The parts in order; neighbours differ in origin.
    public let segments: [Segment]

    init(_ text: TemplateText) {
        segments = text.pieces.map { piece in
            Segment(
                text: String(decoding: text.utf8[piece.range], as: UTF8.self),
                fromInput: piece.fromInput)
        }
    }

    /// The whole text.
    public var text: String { segments.map(\.text).joined() }

    /// The prompt with more text of the conversation at its end: what the model has begun to answer.
    package func followed(byInput text: String) -> RenderedPrompt {
        text.isEmpty
            ? self : RenderedPrompt(segments: segments + [Segment(text: text, fromInput: true)])
    }

    private init(segments: [Segment]) { self.segments = segments }
}
