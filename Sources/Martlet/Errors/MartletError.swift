/// The one error that leaves the library; how it is made from lower errors is in
/// `MartletError+Sources.swift`.

import MartletFormats

/// Why something was refused or failed: what to branch on, what it was about, and one sentence that
/// says what was wrong, where, got and expected, and what to do.
///
/// An ending (stop, length, cancellation, a full cache) is not an error: see `FinishReason`.
public struct MartletError: Error, Sendable, CustomStringConvertible {
    /// What to branch on.
    public let code: Code
    /// The file, tensor, parameter or request it was about, when there is one.
    public let subject: String?
    /// One sentence.
    public let message: String
    /// The error of the module that found it, for a debugger.
    public let underlying: (any Error)?

    /// Makes an error. The library makes its own from what lower modules throw.
    public init(
        code: Code, subject: String? = nil, message: String, underlying: (any Error)? = nil
    ) {
        self.code = code
        self.subject = subject
        self.message = Self.sentence(message)
        self.underlying = underlying
    }

    /// The sentence.
    public var description: String { message }

    /// Lower modules differ in whether their sentences end, and quote names and texts from outside, which must not
    /// steer a terminal.
    private static func sentence(_ text: String) -> String {
        let text = printable(text)
        guard let last = text.last, !".!?".contains(last) else { return text }
        return text + "."
    }
}

extension MartletError {
    /// A kind of error. More may be added; treat one you do not know as ``internalInvariant``.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Name: String, CaseIterable {
            case fileNotFound, unreadableFile, malformedFile, alreadyExists, unsupportedFormat
            case unsupportedArchitecture, unsupportedDType, missingTensor, shapeMismatch
            case unknownModel, invalidTokenizer, missingTokenizer, unsupportedTokenizer
            case invalidTemplate, missingTemplate, refusedConversation
            case invalidText, tokenOutOfRange, invalidParameter, invalidPolicy, emptyPrompt
            case promptTooLong, contextExceeded, budgetTooSmall, deadlineTooShort
            case outOfPages, outOfMemory
            case accessDenied, unreachable
            case unavailableInstructionSet, badLogits, cancelled, busy, shutDown, internalInvariant
        }

        private let name: Name
        private init(_ name: Name) { self.name = name }

        /// The code's name.
        public var description: String { name.rawValue }

        /// All codes, so that tables over them can be proved complete.
        package static var all: [Code] { Name.allCases.map(Code.init) }

        /// Nothing is at a path.
        public static let fileNotFound = Code(.fileNotFound)
        /// The system refused to read or write a file.
        public static let unreadableFile = Code(.unreadableFile)
        /// A file's content is damaged, incomplete or inconsistent.
        public static let malformedFile = Code(.malformedFile)
        /// Something is already where a file was to be written.
        public static let alreadyExists = Code(.alreadyExists)
        /// The weights are in a format that is not read.
        public static let unsupportedFormat = Code(.unsupportedFormat)
        /// The model's family, or something its configuration asks for, is not implemented.
        public static let unsupportedArchitecture = Code(.unsupportedArchitecture)
        /// A tensor has an element type that its use does not allow.
        public static let unsupportedDType = Code(.unsupportedDType)
        /// A tensor that the model needs is not there.
        public static let missingTensor = Code(.missingTensor)
        /// A tensor has another shape than the configuration asks for.
        public static let shapeMismatch = Code(.shapeMismatch)
        /// The name of a model without a file is not known.
        public static let unknownModel = Code(.unknownModel)
        /// A tokenizer's files are damaged.
        public static let invalidTokenizer = Code(.invalidTokenizer)
        /// The model has no tokenizer and text was given or asked for.
        public static let missingTokenizer = Code(.missingTokenizer)
        /// A tokenizer asks for something that is not implemented.
        public static let unsupportedTokenizer = Code(.unsupportedTokenizer)
        /// A model's chat template is damaged, or fails on a conversation.
        public static let invalidTemplate = Code(.invalidTemplate)
        /// The model has no chat template and a conversation needs one.
        public static let missingTemplate = Code(.missingTemplate)
        /// The model's chat template refuses the conversation.
        public static let refusedConversation = Code(.refusedConversation)
        /// Text is not valid UTF-8.
        public static let invalidText = Code(.invalidText)
        /// A token id is not in the vocabulary.
        public static let tokenOutOfRange = Code(.tokenOutOfRange)
        /// A parameter has a value outside its range.
        public static let invalidParameter = Code(.invalidParameter)
        /// A cache policy's text is wrong.
        public static let invalidPolicy = Code(.invalidPolicy)
        /// A prompt has no tokens.
        public static let emptyPrompt = Code(.emptyPrompt)
        /// A prompt has more tokens than the model has positions, or than the budget holds.
        public static let promptTooLong = Code(.promptTooLong)
        /// Prompt and completion together would pass the model's context length.
        public static let contextExceeded = Code(.contextExceeded)
        /// The cache's budget does not hold one page for each layer and KV head.
        public static let budgetTooSmall = Code(.budgetTooSmall)
        /// The deadline leaves no time for an answer.
        public static let deadlineTooShort = Code(.deadlineTooShort)
        /// The cache's budget is used up.
        public static let outOfPages = Code(.outOfPages)
        /// The machine does not have the memory.
        public static let outOfMemory = Code(.outOfMemory)
        /// A hub shows a model only to others: its licence has to be accepted, or a token is missing.
        public static let accessDenied = Code(.accessDenied)
        /// A hub does not answer, or asks to wait.
        public static let unreachable = Code(.unreachable)
        /// `MARTLET_ISA` names an instruction set that this machine lacks.
        public static let unavailableInstructionSet = Code(.unavailableInstructionSet)
        /// The model produced numbers that cannot be used.
        public static let badLogits = Code(.badLogits)
        /// The caller gave up before there was a result.
        public static let cancelled = Code(.cancelled)
        /// The session is already responding.
        public static let busy = Code(.busy)
        /// The model was shut down.
        public static let shutDown = Code(.shutDown)
        /// A defect in the library.
        public static let internalInvariant = Code(.internalInvariant)
    }
}
