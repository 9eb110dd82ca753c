// What can go wrong in training, each in one sentence.

public import MartletFormats
public import MartletKernels
public import MartletModels

/// What can go wrong in training.
public enum TrainingError: Error, CustomStringConvertible {
    /// The machine does not have the memory.
    case kernel(KernelError)
    /// A model's files.
    case model(ModelError)
    /// A file.
    case format(FormatError)
    /// A recipe's entry is wrong.
    case recipe(file: String, key: String, got: String, expected: String)
    /// A recipe is not a mapping that can be read.
    case malformedRecipe(file: String, reason: String)
    /// A number that training produced cannot be used.
    case notFinite(step: Int, tensor: String, got: String, checkpoint: String?)
    /// The loss left its range for good.
    case diverged(step: Int, loss: Double, best: Double, checkpoint: String?)
    /// A run cannot be continued.
    case resume(directory: String, reason: String)
    /// A run is already there.
    case occupied(directory: String)
    /// A model is there that no run of this folder made.
    case foreign(directory: String)
    /// Another run writes to the folder now.
    case busy(directory: String)
    /// A data source gives nothing to train on.
    case data(source: String, reason: String)
    /// An option does not fit the model or the others.
    case invalid(subject: String, got: String, expected: String)

    /// One sentence: what, where, got and expected, what to do.
    public var description: String {
        switch self {
        case .kernel(let error): "\(error)"
        case .model(let error): "\(error)"
        case .format(let error): "\(error)"
        case .recipe(let file, let key, let got, let expected):
            "\(file): \(key): got \(got), expected \(expected)"
        case .malformedRecipe(let file, let reason):
            "\(file): not a recipe: \(reason); give a YAML file like those in recipes/"
        case .notFinite(let step, let tensor, let got, let checkpoint):
            "step \(step): \(tensor) is \(got), so training stopped; lower the learning rate or clip "
                + "gradients, then --resume\(Self.kept(checkpoint))"
        case .diverged(let step, let loss, let best, let checkpoint):
            "step \(step): the loss is \(loss), far above its best \(best), so training stopped; lower the "
                + "learning rate, then --resume\(Self.kept(checkpoint))"
        case .resume(let directory, let reason):
            "\(directory): cannot resume: \(reason)"
        case .occupied(let directory):
            "\(directory): a run is already there; continue it with --resume, or choose another folder"
        case .foreign(let directory):
            "\(directory): a model is there that this run did not make, and would be lost; choose another folder"
        case .busy(let directory):
            "\(directory): another training is writing there; wait for its end, or choose another folder"
        case .data(let source, let reason): "\(source): \(reason)"
        case .invalid(let subject, let got, let expected):
            "\(subject): got \(got), expected \(expected)"
        }
    }

    private static func kept(_ checkpoint: String?) -> String {
        checkpoint.map { "; the last good checkpoint is \($0)" } ?? "; there is no checkpoint yet"
    }
}
