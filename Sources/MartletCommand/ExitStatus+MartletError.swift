/// The one place that knows exit statuses.

import Foundation
import Martlet

/// How the command ends. Numbers follow BSD's `sysexits.h`, and 128 plus the signal's number.
struct ExitStatus: Error, Equatable {
    let number: Int32
    let meaning: String

    static let success = ExitStatus(number: 0, meaning: "done")
    static let usage = ExitStatus(number: 64, meaning: "an option or a value is wrong")
    static let data = ExitStatus(number: 65, meaning: "a file's or a text's content is wrong")
    static let noInput = ExitStatus(number: 66, meaning: "a file or directory is not there")
    static let doesNotFit = ExitStatus(
        number: 69,
        meaning: "the request does not fit the model's context, the memory budget or the deadline")
    static let defect = ExitStatus(number: 70, meaning: "a defect of this program")
    static let memory = ExitStatus(number: 71, meaning: "the machine has too little memory")
    static let cannotCreate = ExitStatus(number: 73, meaning: "a file cannot be made")
    static let inputOutput = ExitStatus(number: 74, meaning: "reading or writing failed")
    static let unreachable = ExitStatus(
        number: 75, meaning: "a hub or a server does not answer, or asks to wait")
    static let noPermission = ExitStatus(
        number: 77, meaning: "a hub refuses: a licence or a token is missing")
    static let interrupted = ExitStatus(number: 130, meaning: "interrupted (Ctrl-C)")
    static let closedPipe = ExitStatus(
        number: 141, meaning: "nobody reads standard output any more")
    static let terminated = ExitStatus(number: 143, meaning: "terminated (SIGTERM)")

    static let all = [
        success, usage, data, noInput, doesNotFit, defect, memory, cannotCreate, inputOutput,
        unreachable, noPermission, interrupted, closedPipe, terminated,
    ]

    /// What `--help` prints.
    static var table: String {
        all.map { status in
            let number = "\(status.number)"
            return "  \(number)\(String(repeating: " ", count: 5 - number.count))\(status.meaning)"
        }.joined(separator: "\n")
    }

    /// Ends the process at once. Threads of the pool may be in the middle of a step, so nothing that
    /// they use is torn down under them; what was to be written has been written. The terminal is as it was.
    func exit() -> Never {
        RawMode.leave(forGood: true)
        _exit(number)
    }
}

extension ExitStatus {
    /// The status of an error.
    init(_ code: MartletError.Code) {
        self =
            switch code {
            case .invalidParameter, .invalidPolicy, .unknownModel, .tokenOutOfRange, .emptyPrompt,
                .unavailableInstructionSet:
                .usage
            case .malformedFile, .unsupportedFormat, .unsupportedArchitecture, .unsupportedDType,
                .missingTensor, .shapeMismatch, .invalidTokenizer, .missingTokenizer,
                .unsupportedTokenizer, .invalidText, .badLogits, .invalidTemplate, .missingTemplate,
                .refusedConversation:
                .data
            case .fileNotFound: .noInput
            case .promptTooLong, .contextExceeded, .budgetTooSmall, .deadlineTooShort, .outOfPages:
                .doesNotFit
            case .outOfMemory: .memory
            case .alreadyExists: .cannotCreate
            case .unreadableFile: .inputOutput
            case .unreachable: .unreachable
            case .accessDenied: .noPermission
            case .cancelled: .interrupted
            default: .defect
            }
    }
}
