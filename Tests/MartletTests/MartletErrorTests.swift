/// Every error of a lower module becomes one sentence with the right code.

import Martlet
import MartletCache
import MartletEngine
import MartletFormats
import MartletHub
import MartletKernels
import MartletModels
import MartletTokenizers
import Testing

@Suite struct MartletErrorTests {
    @Test func formatErrorsKeepCodeAndSubject() {
        let rows: [(FormatError, MartletError.Code, String)] = [
            (.notFound(path: "p", role: "file", advice: "look"), .fileNotFound, "p"),
            (
                .wrongKind(path: "p", got: "a", expected: "b", advice: "c"), .fileNotFound, "p"
            ),
            (.inputOutput(path: "p", operation: "read", reason: "r"), .unreadableFile, "p"),
            (.unsupportedFormat(path: "p", got: "g", advice: "a"), .unsupportedFormat, "p"),
            (.alreadyExists(path: "p"), .alreadyExists, "p"),
            (
                .malformedJSON(file: "f", offset: 1, got: "g", expected: "e"), .malformedFile, "f"
            ),
            (.missingKey(file: "f", key: "k", expected: "e"), .malformedFile, "f"),
            (.wrongValue(file: "f", key: "k", got: "g", expected: "e"), .malformedFile, "f"),
            (.unsupportedDType(file: "f", tensor: "t", got: "F8"), .unsupportedDType, "t"),
            (.missingTensor(path: "p", tensor: "t"), .missingTensor, "t"),
            (
                .shapeMismatch(file: "f", tensor: "t", got: [1], expected: [2]), .shapeMismatch,
                "t"
            ),
            (.emptyTensor(file: "f", tensor: "t", shape: [0]), .malformedFile, "t"),
        ]
        for (source, code, subject) in rows { check(MartletError(source), code, subject) }
    }

    @Test func tokenizerErrorsKeepCodeAndSubject() {
        check(MartletError(TokenizerError.unreadable(file: "f", reason: "r")), .unreadableFile, "f")
        check(
            MartletError(TokenizerError.malformed(file: "f", reason: "r")), .invalidTokenizer, "f")
        check(
            MartletError(TokenizerError.unsupported(file: "f", feature: "x", supported: "y")),
            .unsupportedTokenizer, "f")
        check(
            MartletError(TokenizerError.unknownToken(id: 9, vocabularySize: 3)), .tokenOutOfRange,
            "9")
        check(MartletError(TokenizerError.invalidUTF8(offset: 3)), .invalidText, nil)
    }

    @Test func cacheErrorsKeepCode() {
        check(MartletError(CacheError.outOfPages(needed: 2, free: 1, budgetBytes: 3)), .outOfPages)
        check(
            MartletError(CacheError.budgetTooSmall(budgetBytes: 1, neededBytes: 2)),
            .budgetTooSmall)
        check(MartletError(CacheError.cannotMapArena(bytes: 1, systemError: 12)), .outOfMemory)
        check(
            MartletError(CacheError.unknownPolicy(name: "w", available: ["dense"])),
            .invalidPolicy, "w")
        check(MartletError(CacheError.brokenIntegrity("x")), .internalInvariant)
    }

    @Test func modelAndMachineErrorsKeepCode() {
        check(
            MartletError(ModelError.unknownArchitecture(file: "f", got: "g", available: ["llama"])),
            .unsupportedArchitecture, "f")
        check(
            MartletError(ModelError.format(.missingTensor(path: "p", tensor: "t"))),
            .missingTensor, "t")
        check(
            MartletError(ModelError.kernel(.outOfMemory(bytes: 1, purpose: "logits"))),
            .outOfMemory, "logits")
        check(
            MartletError(KernelError.unknownInstructionSet(name: "mmx")),
            .unavailableInstructionSet, "mmx")
    }

    @Test func hubErrorsKeepCodeAndSubject() {
        let rows: [(HubError, MartletError.Code, String)] = [
            (.badReference(got: "g", expected: "e"), .invalidParameter, "g"),
            (
                .badSetting(name: "HF_ENDPOINT", got: "g", expected: "e"), .invalidParameter,
                "HF_ENDPOINT"
            ),
            (
                .repositoryNotFound(repository: "a/b", endpoint: "e", hasToken: false),
                .fileNotFound, "a/b"
            ),
            (
                .revisionNotFound(repository: "a/b", revision: "r", known: ["main"]), .fileNotFound,
                "a/b"
            ),
            (.fileNotFound(repository: "a/b", path: "p", near: []), .fileNotFound, "a/b"),
            (.gated(repository: "a/b", page: "p", hasToken: true), .accessDenied, "a/b"),
            (.refused(url: "u", status: 403, message: "m"), .accessDenied, "u"),
            (.unreachable(url: "u", reason: "r"), .unreachable, "u"),
            (.rateLimited(url: "u", seconds: 9), .unreachable, "u"),
            (.notAHub(endpoint: "e", got: "g"), .malformedFile, "e"),
            (.badAnswer(url: "u", got: "g", expected: "e"), .malformedFile, "u"),
            (.wrongContent(path: "p", got: "g", expected: "e"), .malformedFile, "p"),
            (.diskFull(path: "p", needed: 2, available: 1), .unreadableFile, "p"),
            (
                .nothingChosen(repository: "a/b", wanted: "w", available: []), .invalidParameter,
                "a/b"
            ),
            (.onlyPickles(repository: "a/b", file: "f"), .unsupportedFormat, "a/b"),
            (.ambiguous(name: "a/b", choices: ["c", "d"]), .invalidParameter, "a/b"),
            (.offline(name: "a/b", reason: "r"), .fileNotFound, "a/b"),
            (.notPulled(name: "a/b", available: []), .fileNotFound, "a/b"),
            (.nothingToRemove(name: "a/b", available: []), .fileNotFound, "a/b"),
            (.incomplete(name: "a/b", missing: "m"), .fileNotFound, "a/b"),
            (.busy(name: "a/b"), .unreadableFile, "a/b"), (.cancelled, .cancelled, ""),
            (.file(.alreadyExists(path: "p")), .alreadyExists, "p"),
        ]
        for (source, code, subject) in rows {
            check(MartletError(source), code, subject.isEmpty ? nil : subject)
        }
    }

    @Test func engineErrorsAreUnwrapped() {
        check(MartletError(EngineError.emptyPrompt), .emptyPrompt)
        check(MartletError(EngineError.cancelled), .cancelled)
        check(MartletError(EngineError.shutDown), .shutDown)
        check(
            MartletError(
                EngineError.invalidParameter(name: "topK", got: "-1", expected: "0 or more")),
            .invalidParameter, "topK")
        check(
            MartletError(
                EngineError.startFailed(CacheError.budgetTooSmall(budgetBytes: 1, neededBytes: 2))),
            .budgetTooSmall)
        check(
            MartletError(
                EngineError.forwardFailed(
                    ModelError.contextExceeded(position: 9, contextLength: 8))),
            .contextExceeded)
    }

    @Test func anUnknownErrorIsADefect() {
        struct Strange: Error {}
        check(MartletError(any: Strange()), .internalInvariant)
    }

    private func check(
        _ error: MartletError, _ code: MartletError.Code, _ subject: String? = nil,
        location: SourceLocation = #_sourceLocation
    ) {
        #expect(error.code == code, sourceLocation: location)
        if let subject { #expect(error.subject == subject, sourceLocation: location) }
        #expect(error.message.hasSuffix("."), sourceLocation: location)
        #expect(!error.message.contains("\n"), sourceLocation: location)
        #expect(error.underlying != nil, sourceLocation: location)
    }
}
