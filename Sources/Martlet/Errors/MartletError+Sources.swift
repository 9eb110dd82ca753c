/// The one place where errors of lower modules become ``MartletError``.

package import MartletCache
package import MartletConstraints
package import MartletEngine
package import MartletFormats
package import MartletHub
package import MartletKernels
package import MartletModels
package import MartletTasks
package import MartletTemplates
package import MartletTokenizers

extension MartletError {
    /// From reading or writing files.
    package init(_ error: FormatError) {
        let (code, subject): (Code, String) =
            switch error {
            case .notFound(let path, _, _): (.fileNotFound, path)
            case .wrongKind(let path, _, _, _): (.fileNotFound, path)
            case .inputOutput(let path, _, _): (.unreadableFile, path)
            case .unsupportedFormat(let path, _, _): (.unsupportedFormat, path)
            case .alreadyExists(let path): (.alreadyExists, path)
            case .malformedJSON(let file, _, _, _), .missingKey(let file, _, _),
                .wrongValue(let file, _, _, _), .malformedFile(let file, _, _, _),
                .malformedIndex(let file, _, _, _):
                (.malformedFile, file)
            case .malformedTensor(_, let tensor, _, _, _), .duplicateTensor(let tensor, _),
                .emptyTensor(_, let tensor, _):
                (.malformedFile, tensor)
            case .unsupportedDType(_, let tensor, _), .dtypeMismatch(_, let tensor, _, _):
                (.unsupportedDType, tensor)
            case .missingTensor(_, let tensor): (.missingTensor, tensor)
            case .shapeMismatch(_, let tensor, _, _): (.shapeMismatch, tensor)
            }
        self.init(code: code, subject: subject, message: error.description, underlying: error)
    }

    /// From models of a hub.
    package init(_ error: HubError) {
        let (code, subject): (Code, String?) =
            switch error {
            case .badReference(let got, _): (.invalidParameter, got)
            case .badSetting(let name, _, _): (.invalidParameter, name)
            case .nothingChosen(let name, _, _), .ambiguous(let name, _): (.invalidParameter, name)
            case .repositoryNotFound(let name, _, _), .revisionNotFound(let name, _, _),
                .fileNotFound(let name, _, _), .offline(let name, _), .notPulled(let name, _),
                .nothingToRemove(let name, _), .incomplete(let name, _):
                (.fileNotFound, name)
            case .gated(let name, _, _), .refused(let name, _, _): (.accessDenied, name)
            case .unreachable(let url, _), .rateLimited(let url, _): (.unreachable, url)
            case .notAHub(let name, _), .badAnswer(let name, _, _), .wrongContent(let name, _, _):
                (.malformedFile, name)
            case .onlyPickles(let name, _): (.unsupportedFormat, name)
            case .diskFull(let path, _, _): (.unreadableFile, path)
            // Another process has it: nothing of ours is at work.
            case .busy(let name): (.unreadableFile, name)
            case .cancelled: (.cancelled, nil)
            case .file(let error): (Self(error).code, Self(error).subject)
            }
        self.init(code: code, subject: subject, message: error.description, underlying: error)
    }

    /// From what an answer must match.
    package init(_ error: ConstraintError) {
        self.init(
            code: .invalidParameter, subject: error.place, message: error.description,
            underlying: error)
    }

    /// From text and tokens.
    package init(_ error: TokenizerError) {
        let (code, subject): (Code, String?) =
            switch error {
            case .unreadable(let file, _): (.unreadableFile, file)
            case .malformed(let file, _): (.invalidTokenizer, file)
            case .unsupported(let file, _, _): (.unsupportedTokenizer, file)
            case .unknownToken(let id, _): (.tokenOutOfRange, "\(id)")
            case .invalidUTF8, .missingToken: (.invalidText, nil)
            }
        self.init(code: code, subject: subject, message: error.description, underlying: error)
    }

    /// From the cache and its policies.
    package init(_ error: CacheError) {
        let (code, subject): (Code, String?) =
            switch error {
            case .outOfPages: (.outOfPages, nil)
            case .budgetTooSmall: (.budgetTooSmall, nil)
            case .cannotMapArena: (.outOfMemory, nil)
            case .malformedPolicy(let text, _, _, _): (.invalidPolicy, text)
            case .unknownPolicy(let name, _): (.invalidPolicy, name)
            case .badPolicyParameter(let policy, _, _, _): (.invalidPolicy, policy)
            case .policiesDoNotCombine(let first, _, _): (.invalidPolicy, first)
            case .policiesExclude(let first, _, _): (.invalidPolicy, first)
            case .policyNeedsFullAttention(let policy, _): (.invalidPolicy, policy)
            case .policyNeedsOutputs(let policy): (.invalidPolicy, policy)
            case .damagedSegment: (.malformedFile, nil)
            case .positionEvicted, .brokenIntegrity: (.internalInvariant, nil)
            }
        self.init(code: code, subject: subject, message: error.description, underlying: error)
    }

    /// From loading and running models.
    package init(_ error: ModelError) {
        let (code, subject): (Code, String?) =
            switch error {
            case .format(let error): (Self(error).code, Self(error).subject)
            case .kernel(let error): (Self(error).code, Self(error).subject)
            case .unknownArchitecture(let file, _, _): (.unsupportedArchitecture, file)
            case .unsupported(let file, _, _, _): (.unsupportedArchitecture, file)
            case .unknownShape(let got, _): (.unknownModel, got)
            case .batchTooLarge: (.invalidParameter, "chunk")
            case .tokenOutOfRange(let got, _): (.tokenOutOfRange, "\(got)")
            case .contextExceeded: (.contextExceeded, nil)
            case .policyNeedsHeads(let policy, _), .policyNeedsPlainScores(let policy, _):
                (.invalidPolicy, policy)
            case .unknownAdapter(let name, _): (.invalidParameter, name)
            }
        self.init(code: code, subject: subject, message: error.description, underlying: error)
    }

    /// From the machine.
    package init(_ error: KernelError) {
        let (code, subject): (Code, String) =
            switch error {
            case .unknownInstructionSet(let name): (.unavailableInstructionSet, name)
            case .outOfMemory(_, let purpose): (.outOfMemory, purpose)
            }
        self.init(code: code, subject: subject, message: error.description, underlying: error)
    }

    /// From a chat template.
    package init(_ error: TemplateError) {
        self.init(
            code: error.kind == .raised ? .refusedConversation : .invalidTemplate,
            subject: error.template, message: error.description, underlying: error)
    }

    /// From the text of a task.
    package init(_ error: TaskError) {
        let (code, subject): (Code, String) =
            switch error {
            case .badFile(let path, _, _, _): (.malformedFile, path)
            case .missingFile(let path, _): (.fileNotFound, path)
            default: (.invalidParameter, "task")
            }
        self.init(code: code, subject: subject, message: error.description, underlying: error)
    }

    /// From serving requests. What a forward pass or a start failed with comes through unwrapped.
    package init(_ error: EngineError) {
        let (code, subject): (Code, String?)
        switch error {
        case .emptyPrompt: (code, subject) = (.emptyPrompt, nil)
        case .tokenOutOfRange(let token, _, _): (code, subject) = (.tokenOutOfRange, "\(token)")
        case .promptTooLong, .promptExceedsBudget, .promptOutgrewBudget:
            (code, subject) = (.promptTooLong, nil)
        case .invalidParameter(let name, _, _): (code, subject) = (.invalidParameter, name)
        case .badLogits: (code, subject) = (.badLogits, nil)
        case .constraintFailed: (code, subject) = (.invalidParameter, "constraint")
        case .outOfPages: (code, subject) = (.outOfPages, nil)
        case .forwardFailed(let inner), .startFailed(let inner):
            self.init(any: inner)
            return
        case .cancelled: (code, subject) = (.cancelled, nil)
        case .shutDown: (code, subject) = (.shutDown, nil)
        case .brokenIntegrity: (code, subject) = (.internalInvariant, nil)
        }
        self.init(code: code, subject: subject, message: error.description, underlying: error)
    }

    /// From anything that a lower module threw without saying its type.
    package init(any error: any Error) {
        switch error {
        case let error as MartletError: self = error
        case let error as FormatError: self.init(error)
        case let error as HubError: self.init(error)
        case let error as JSONError: self.init(FormatError(error))
        case let error as TokenizerError: self.init(error)
        case let error as CacheError: self.init(error)
        case let error as ModelError: self.init(error)
        case let error as KernelError: self.init(error)
        case let error as ConstraintError: self.init(error)
        case let error as TaskError: self.init(error)
        case let error as TemplateError: self.init(error)
        case let error as EngineError: self.init(error)
        default:
            self.init(
                code: .internalInvariant,
                message: "an unexpected error: \(error); please report it", underlying: error)
        }
    }

    // MARK: What the front door itself refuses

    /// A model without tokenizer files was given text.
    static func missingTokenizer(_ name: String) -> MartletError {
        MartletError(
            code: .missingTokenizer, subject: name,
            message: "\(name): it has no tokenizer, expected tokenizer.json, or vocab.json with "
                + "merges.txt, or tokenizer.model; add one, or give token ids instead of text")
    }

    /// Something in a file of JSON is not what it should be: `place` is where, `thing` what stands there elsewhere.
    static func malformed(
        _ file: String, _ place: String, no thing: String, expected: String
    ) -> MartletError {
        MartletError(
            code: .malformedFile, subject: file,
            message: "\(file): \(place) is no \(thing), expected \(expected); correct or remove it")
    }

    /// More tokens were asked for than the model has positions.
    static func contextExceeded(
        prompt: Int, maximum: Int, context: Int, isLearned: Bool
    ) -> MartletError {
        MartletError(
            code: .contextExceeded,
            message:
                "request: \(prompt) prompt tokens and \(maximum) more pass the model's context "
                + "of \(context) tokens; ask for at most \(max(0, context + 1 - prompt)) tokens"
                + boundingAdvice(context, isLearned))
    }

    /// A prompt does not fit the model at all.
    static func promptTooLong(prompt: Int, context: Int, isLearned: Bool) -> MartletError {
        MartletError(
            code: .promptTooLong,
            message: "request: the prompt has \(prompt) tokens, expected at most \(context) (the "
                + "model's context length); shorten it" + boundingAdvice(context, isLearned))
    }

    /// Learned positions end; relative ones go on while distances stay within the context.
    private static func boundingAdvice(_ context: Int, _ isLearned: Bool) -> String {
        guard !isLearned else { return "" }
        return ", or use a cache policy that bounds distances, such as window(sinks=4, "
            + "recent=\(max(1, context / 2)))"
    }

    /// The cache that a request needs is larger than the machine's memory.
    package static func cacheExceedsMachine(needed: Int, memory: Int) -> MartletError {
        MartletError(
            code: .outOfMemory, subject: "KV cache",
            message:
                "KV cache: the request needs \(needed) bytes, the machine has \(memory); set a "
                + "budget, ask for fewer tokens, or use a smaller cache codec or a bounded policy")
    }

    /// A session was asked to respond while it responds.
    static var sessionIsBusy: MartletError {
        MartletError(
            code: .busy,
            message: "session: it is already responding; await that response, or make another "
                + "session")
    }
}
