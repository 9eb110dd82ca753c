// What can be wrong with a model, apart from the bytes of its files.

public import MartletFormats
public import MartletKernels

/// Why a model cannot be loaded or run.
public enum ModelError: Error, Sendable, CustomStringConvertible {
    /// The files are missing or malformed.
    case format(FormatError)
    /// Memory or instruction set.
    case kernel(KernelError)
    /// `config.json` names a family that is not implemented.
    case unknownArchitecture(file: String, got: String, available: [String])
    /// A configuration asks for something that is not implemented.
    case unsupported(file: String, key: String, got: String, expected: String)
    /// `random:NAME` with an unknown name.
    case unknownShape(got: String, available: [String])
    /// More rows than the plan made at load has room for.
    case batchTooLarge(got: Int, maximum: Int)
    /// A token id outside the vocabulary.
    case tokenOutOfRange(got: Int32, vocabularySize: Int)
    /// A position that the model has no embedding for.
    case contextExceeded(position: Int, contextLength: Int)
    /// A request names an adapter that was not loaded.
    case unknownAdapter(got: String, available: [String])
    /// The cache policy asks for heads that mark tokens, which the checkpoint lacks.
    case policyNeedsHeads(policy: String, has: String?)
    /// The cache policy takes attention to be the softmax of scaled products alone, which the model's is not.
    case policyNeedsPlainScores(policy: String, family: String)

    /// One sentence: what, where, got, expected, what to do.
    public var description: String {
        switch self {
        case .format(let error): return error.description
        case .kernel(let error): return error.description
        case .unknownArchitecture(let file, let got, let available):
            return "\(file): architecture \(excerpt(got)) is not implemented; available are "
                + available.joined(separator: ", ")
        case .unsupported(let file, let key, let got, let expected):
            return
                "\(file): \(excerpt(key)) is \(excerpt(got)), expected \(expected); convert the model or use another"
        case .unknownShape(let got, let available):
            return "there is no shape named '\(got)'; use random: with one of "
                + available.joined(separator: ", ")
        case .batchTooLarge(let got, let maximum):
            return
                "a step of \(got) tokens was asked for, expected at most \(maximum); use smaller "
                + "chunks or load the model with a larger step"
        case .tokenOutOfRange(let got, let size):
            return "token id \(got) is outside the vocabulary, expected 0 to \(size - 1); use the "
                + "model's own tokenizer"
        case .unknownAdapter(let got, let available):
            return
                "there is no adapter named \(excerpt(got)); "
                + (available.isEmpty
                    ? "none was loaded" : "loaded are \(available.joined(separator: ", "))")
        case .policyNeedsHeads(let policy, let has):
            return
                "cache policy \(policy): the model has \(has.map { "heads for \($0)" } ?? "no heads that mark tokens"), "
                + "expected a checkpoint retrofitted for \(policy); use such a checkpoint, "
                + "\(policy)(cr=4) to let chance decide, or another policy"
        case .policyNeedsPlainScores(let policy, let family):
            return
                "cache policy \(policy): it computes attention of its own, which knows neither caps on scores nor "
                + "sinks of heads, and \(family) models have such; use another policy"
        case .contextExceeded(let position, let contextLength):
            return
                "position \(position) is beyond the \(contextLength) that this model has learned; "
                + "shorten the prompt or generate fewer tokens"
        }
    }
}
